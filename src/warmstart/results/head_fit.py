"""What a fit without epochs did: the logistic head, what was tried beside it, and why it stayed."""

from dataclasses import dataclass

from warmstart.arguments import one_of
from warmstart.display import Displayed, Sheet, SheetTable

HEADS = ("logistic", "mlp")
NAMES = {"logistic": "logistic regression", "mlp": "MLP"}


@dataclass(frozen=True)
class HeadTrial:
    """One head that was tried: ``loss`` (nats) and ``accuracy`` of rows that did not train it.

    ``features`` says which part of the pooled row it used, ``penalty`` is C of features of length
    1, None of an MLP; ``num_judged`` is the number of those rows.
    """

    head: str
    features: str
    penalty: float | None
    loss: float
    accuracy: float
    num_judged: int

    def __post_init__(self) -> None:
        """Refuse a head that nobody knows, with a SettingError."""
        one_of(*HEADS)("head", self.head)

    def __str__(self) -> str:
        """In a line."""
        by = f" of the {self.features}, C = {self.penalty:.4g}" if self.penalty is not None else ""
        return (
            f"{NAMES[self.head]}{by}: loss {self.loss:.4f}, accuracy {self.accuracy:.4f} on "
            f"{self.num_judged} rows that did not train it"
        )


@dataclass(frozen=True, repr=False)
class HeadFit(Displayed):
    """How the head was fitted.

    ``fit`` counts the learner's fits from 0. ``head`` is the one that stayed, ``features`` and
    ``penalty`` are its own (C of features of length 1; None of an MLP). ``num_folds`` is 0 where
    the penalty is the default one. ``reason`` says in words why, ``trials`` what was tried, each
    judged by rows that did not train it. Losses are means per row in nats. ``is_streamed``: the
    rows were too many for the memory, and were read from the store in each pass.
    """

    fit: int
    head: str
    features: str
    penalty: float | None
    num_rows: int
    num_views: int
    num_folds: int
    reason: str
    trials: tuple[HeadTrial, ...]
    train_loss: float | None
    valid_loss: float | None
    valid_accuracy: float | None
    seconds: float
    is_streamed: bool = False

    def __post_init__(self) -> None:
        """Refuse a head that nobody knows, with a SettingError."""
        one_of(*HEADS)("head", self.head)

    @property
    def description(self) -> str:
        """What stayed, and why."""
        penalty = "" if self.penalty is None else f" of the {self.features}, C = {self.penalty:.4g}"
        where = "; rows were read from the store in each pass" if self.is_streamed else ""
        return f"{NAMES[self.head]}{penalty}; {self.reason}{where}"

    def __str__(self) -> str:
        """What stayed and why, and what it is worth, in a line or two."""
        lines = [f"head: {self.description}"]
        if self.valid_loss is not None:
            lines.append(
                f"      train loss {self.train_loss:.4f}, valid loss {self.valid_loss:.4f}, "
                f"accuracy {self.valid_accuracy:.4f}, {self.seconds:.2f} s"
            )
        return "\n".join(lines)

    def _sheet(self) -> Sheet:
        views = f" × {self.num_views} views" if self.num_views > 1 else ""
        facts = [
            ("head", self.description),
            ("trained on", f"{self.num_rows} rows{views}, {self.seconds:.2f} s"),
        ]
        if self.valid_loss is not None:
            facts.append(
                (
                    "validation",
                    f"accuracy {self.valid_accuracy:.4f}, loss {self.valid_loss:.4f} "
                    f"(training loss {self.train_loss:.4f})",
                )
            )
        trials = tuple(
            (NAMES[each.head], each.features, f"{each.loss:.4f}", f"{each.accuracy:.4f}")
            for each in self.trials
        )
        titles = ("tried", "features", "loss", "accuracy")
        judged = [f"on {each.num_judged} rows that did not train it" for each in self.trials[:1]]
        grids = (SheetTable(titles, trials, 2, more="".join(judged)),) if len(trials) > 1 else ()
        title = f"HeadFit: {NAMES[self.head]}"
        if self.valid_accuracy is not None:
            title += f"; accuracy {self.valid_accuracy:.4f}"
        return Sheet(title, tuple(facts), grids, is_told=True)
