"""What happened in training, as plain data."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from warmstart.display import Displayed, Sheet, SheetTable, few
from warmstart.files.strict import convert, json_table, refuse_file
from warmstart.results.head_fit import HeadFit

BEST = "_best"  # ends the name of a metric that is 1 where an epoch was the best so far
MOST_SHOWN = 30  # epochs of a table; of more, the first five and the last
FIRST_SHOWN = 5
RISE = 1.1  # a validation loss so many times its lowest has risen; less is noise of few rows


@dataclass(frozen=True)
class EpochRecord:
    """One epoch: losses are means over rows, ``seconds`` is the time its steps took.

    ``precision`` is the number type of its steps, ``micro_rows`` how many rows of a batch passed at
    a time (0: all; ``is_twice``: but for the head, and computed twice). ``is_compiled``: by a
    compiled network; ``compiling`` says why or why not, "" where nobody tried. ``unrepeatable``
    names operations that had no form on this device that gives the same bits each time.
    ``judged_in`` is the numeric mode of the body that validation rows went through, which is the
    one that the model answers in ("" if nobody said).
    """

    epoch: int
    fit: int
    num_steps: int
    train_loss: float
    valid_loss: float | None
    metrics: Mapping[str, float]
    lrs: tuple[float, ...]
    seconds: float
    precision: str = "f32"
    judged_in: str = ""
    micro_rows: int = 0
    is_twice: bool = False
    is_compiled: bool = False
    compiling: str = ""
    unrepeatable: tuple[str, ...] = ()

    @property
    def scores(self) -> dict[str, float]:
        """The metrics that are scores, by their titles; marks of the best epoch are none."""
        return {
            name.replace("choice_", "held ").replace("valid_", "valid ").replace("_", " "): value
            for name, value in self.metrics.items()
            if not name.endswith(BEST)
        }

    @property
    def is_best(self) -> bool:
        """Whether it was the best epoch so far, where somebody chose."""
        return any(value for name, value in self.metrics.items() if name.endswith(BEST))


@dataclass(frozen=True)
class StepDone:
    """Where a fit is: ``num_steps`` make an epoch, ``loss`` is this epoch's mean so far.

    After the last step of an epoch the rows that judge are evaluated.
    """

    epoch: int
    num_epochs: int
    step: int
    num_steps: int
    loss: float


@dataclass(frozen=True)
class Steps:
    """The rates of every step, one per layer group, and its loss."""

    lrs: tuple[tuple[float, ...], ...]
    losses: tuple[float, ...]


@dataclass(frozen=True)
class LossRise:
    """The validation loss was at its lowest, ``low``, some epochs before it ended at ``last``.

    ``good_epochs`` is how many epochs of the last fit led there; 0 if an earlier fit did.
    """

    low: float
    last: float
    num_since: int
    good_epochs: int

    def __str__(self) -> str:
        """What happened, and what helps."""
        since = "the last epoch" if self.num_since == 1 else f"the last {self.num_since} epochs"
        fewer = "a lower rate (--lr; fit(lr / 10, …))"
        if self.good_epochs:
            fewer = f"fewer epochs (--epochs {self.good_epochs}; fit(lr, {self.good_epochs}))"
        return (
            f"the validation loss rose from {self.low:.4f} to {self.last:.4f} in {since}: training "
            f"went on for too long, or too fast. What helps: {fewer}, or to keep the best epoch "
            "(--full; fit(…, keeps_best=True))."
        )


@dataclass(eq=False, repr=False)
class History(Displayed):
    """All epochs of one or several fits, the rates and loss of every step, and fits without any.

    Losses from before the epoch ``comparable_from`` are those of other data, or of another head.

    Example:
        >>> from warmstart import History
        >>> history = History(step_lrs=[(0.1,), (0.05,)], step_losses=[0.9, 0.4])
        >>> history.step_losses[-1]
        0.4
    """

    records: list[EpochRecord] = field(default_factory=list)
    step_lrs: list[tuple[float, ...]] = field(default_factory=list)
    step_losses: list[float] = field(default_factory=list)
    head_fits: list[HeadFit] = field(default_factory=list)
    comparable_from: int = 0

    @property
    def loss_rise(self) -> LossRise | None:
        """How far the validation loss rose at the end; None if it did not, or is not delivered.

        Where the best epoch was kept, or a head without epochs came last, the last epoch is not
        what a model ended with.

        Example:
            >>> from warmstart.results.history import EpochRecord
            >>> first = EpochRecord(0, 0, 9, 0.3, 0.4, {}, (0.1,), 1.0)
            >>> second = EpochRecord(1, 0, 9, 0.2, 0.6, {}, (0.1,), 1.0)
            >>> history = History([first, second])
            >>> history.loss_rise.good_epochs
            1
        """
        records = self.records[self.comparable_from :]
        losses = [record.valid_loss for record in records if record.valid_loss is not None]
        if not losses or len(losses) < len(records) or not losses[-1] > RISE * min(losses):
            return None  # also where a loss is no number
        number = records[-1].fit
        last_fit = [record for record in records if record.fit == number]
        if any(record.is_best for record in last_fit):
            return None
        if any(head.fit > number for head in self.head_fits):
            return None
        lowest = losses.index(min(losses))
        num_since = len(losses) - 1 - lowest
        return LossRise(losses[lowest], losses[-1], num_since, max(0, len(last_fit) - num_since))

    def begin_anew(self) -> None:
        """What follows is of other data or another head.

        Example:
            >>> from warmstart.results.history import EpochRecord
            >>> history = History([EpochRecord(0, 0, 9, 0.3, 0.5, {}, (0.1,), 1.0)])
            >>> history.begin_anew()
            >>> history.comparable_from
            1
        """
        self.comparable_from = len(self.records)

    @property
    def last_lrs(self) -> tuple[float, ...]:
        """The rates of the last step.

        Example:
            >>> history.last_lrs
            (0.05,)
        """
        return self.step_lrs[-1] if self.step_lrs else ()

    def add_step(self, lrs: tuple[float, ...], loss: float) -> None:
        """Write one step down.

        Example:
            >>> history = History()
            >>> history.add_step((0.001, 0.01), 0.7)
            >>> history.last_lrs
            (0.001, 0.01)
        """
        self.step_lrs.append(lrs)
        self.step_losses.append(loss)

    def append(self, record: EpochRecord) -> None:
        """Write one epoch down.

        Example:
            >>> from warmstart.results.history import EpochRecord
            >>> history = History()
            >>> history.append(EpochRecord(0, 0, 9, 0.3, 0.5, {"valid_accuracy": 0.9}, (0.1,), 1.0))
            >>> history.records[0].scores
            {'valid accuracy': 0.9}
        """
        self.records.append(record)

    def extend(self, other: "History") -> None:
        """Put another fit's history after this one.

        Example:
            >>> history.extend(History(step_losses=[0.3]))
            >>> history.step_losses
            [0.9, 0.4, 0.3]
        """
        self.records += other.records
        self.step_lrs += other.step_lrs
        self.step_losses += other.step_losses
        self.head_fits += other.head_fits

    def copy(self) -> "History":
        """Another one with the same content.

        Example:
            >>> history.copy() == history, history.copy().step_losses == history.step_losses
            (False, True)
        """
        return History(
            list(self.records),
            list(self.step_lrs),
            list(self.step_losses),
            list(self.head_fits),
            self.comparable_from,
        )

    def _sheet(self) -> Sheet:
        records = self.records
        skipped = max(0, len(records) - MOST_SHOWN)
        shown = records[:FIRST_SHOWN] + records[FIRST_SHOWN + skipped :] if skipped else records
        names = dict.fromkeys(name for record in shown for name in record.scores)
        titles = ("fit", "epoch", "train loss", "valid loss", *names, "seconds", "")
        rows = tuple(
            (
                f"{record.fit}",
                f"{record.epoch}",
                f"{record.train_loss:.4f}",
                "–" if record.valid_loss is None else f"{record.valid_loss:.4f}",
                *(f"{record.scores[name]:.4f}" if name in record.scores else "–" for name in names),
                f"{record.seconds:.2f}",
                "best" if record.is_best else "",
            )
            for record in shown
        )
        first = 1 if len({record.fit for record in records}) < 2 else 0
        end = None if any(row[-1] for row in rows) else -1
        titles, rows = titles[first:end], tuple(row[first:end] for row in rows)
        more = f"{few(skipped, 'epoch')} after the first {FIRST_SHOWN} not shown" if skipped else ""
        fits = len({record.fit for record in records}) + len(self.head_fits)
        last = [
            f"{name} {value:.4f}" for each in records[-1:] for name, value in each.scores.items()
        ]
        return Sheet(
            f"History: {few(len(records), 'epoch')} of {few(fits, 'fit')}"
            + (f"; {', '.join(last)}" if last else ""),
            tuple(("head", fit.description) for fit in self.head_fits),
            (SheetTable(titles, rows, 0, more=more),) if rows else (),
            () if self.loss_rise is None else (str(self.loss_rise),),
            is_told=True,
        )

    def plot_lr(self, path: str | Path | None = None) -> Any:
        """Draw the rates of all steps: a matplotlib figure.

        Example:
            >>> from pathlib import Path
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     figure = history.plot_lr(Path(folder) / "figure.png")
            ...     print([file.name for file in Path(folder).iterdir()])
            ['figure.png']
        """
        from warmstart.plots.curves import plot_lr  # here: matplotlib takes a second

        return plot_lr(self.step_lrs, path)

    def plot_loss(self, path: str | Path | None = None) -> Any:
        """Draw the losses: a matplotlib figure.

        Example:
            >>> from pathlib import Path
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     figure = history.plot_loss(Path(folder) / "figure.png")
            ...     print([file.name for file in Path(folder).iterdir()])
            ['figure.png']
        """
        from warmstart.plots.curves import plot_loss  # here: matplotlib takes a second

        steps = [record.num_steps for record in self.records]
        losses = [record.valid_loss for record in self.records]
        return plot_loss(self.step_losses, steps, losses, path)

    def to_jsonl(self) -> str:
        """A line per fit of a head, one per epoch, one with the steps; read back as they were.

        Example:
            >>> print(history.to_jsonl(), end="")
            {"kind": "steps", "lrs": [[0.1], [0.05]], "losses": [0.9, 0.4]}
        """
        lines = [json.dumps({"kind": "head"} | asdict(fit)) for fit in self.head_fits]
        # vars, not asdict: of a fit of hundreds of short epochs, each of which writes this down for
        # its checkpoint, the copies that asdict makes took a fifth of the time
        lines += [json.dumps({"kind": "epoch"} | vars(record)) for record in self.records]
        steps = {"kind": "steps", "lrs": self.step_lrs, "losses": self.step_losses}
        return "\n".join([*lines, json.dumps(steps)]) + "\n"

    @classmethod
    def from_jsonl(cls, text: str, name: str = "the history") -> "History":
        """Read what ``to_jsonl`` wrote.

        Args:
            text: Its lines.
            name: What errors call it.

        Example:
            >>> History.from_jsonl(history.to_jsonl()).step_lrs
            [(0.1,), (0.05,)]
        """
        history, is_whole = cls(), False
        for number, line in enumerate(text.splitlines(), 1):
            place = f"{name}, line {number},"
            entry = json_table(line, place)
            kind = entry.pop("kind", None)
            if kind == "head":
                history.head_fits.append(convert(entry, HeadFit, place))
            elif kind == "epoch":
                history.append(convert(entry, EpochRecord, place))
            elif kind == "steps":
                steps = convert(entry, Steps, place)
                history.step_lrs, history.step_losses = list(steps.lrs), list(steps.losses)
                is_whole = True
            else:
                refuse_file(place, f"is of no known kind: {kind!r}")
        if not is_whole:
            refuse_file(name, "has no line of steps, so that it is not whole")
        return history
