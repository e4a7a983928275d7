"""What a person says of pictures that a model doubts: a list, and a journal of decisions."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

from warmstart.data.fixes import Fix
from warmstart.errors import DataError, FileError, SettingError
from warmstart.files.journal import Journal
from warmstart.files.strict import parse_json
from warmstart.metrics.temperature import logits_of
from warmstart.results.predictions import Predictions

FORMAT = "warmstart-review-1"
KEEP, REMOVE, RELABEL, UNDO = "keep", "remove", "relabel", "undo"
ACTIONS = (KEEP, REMOVE, RELABEL)
NUM_TOLD = 3  # classes of a picture with their probabilities


@dataclass(frozen=True)
class LikelyClass:
    """A class that a picture may show, and how probable the model holds it."""

    name: str
    probability: float


@dataclass(frozen=True)
class ReviewItem:
    """A picture to look at: what it is called, and what the model takes it for.

    ``label`` is "" where nobody has named it; ``margin`` is (p - q) / (p + q) of the likeliest
    other class and the label, above 0 where that is likelier.
    """

    name: str
    label: str
    split: str
    margin: float
    likeliest: tuple[LikelyClass, ...]


@dataclass(frozen=True)
class JournalHead:
    """The first line of a journal: which list its decisions are about."""

    format: str
    about: str


@dataclass(frozen=True)
class JournalLine:
    """One click: what was decided about a picture; "undo" takes back the last that still stands."""

    action: str
    name: str = ""
    label: str = ""


@dataclass(frozen=True)
class Decision:
    """What stands about a picture; ``label`` is the new one of "relabel"."""

    action: str
    label: str = ""


@dataclass(frozen=True)
class ReviewList:
    """Pictures in the order in which a person should look, and where their files are."""

    title: str
    about: str
    classes: tuple[str, ...]
    items: tuple[ReviewItem, ...]
    files: Mapping[str, Path]
    notes: tuple[str, ...] = ()

    @property
    def is_unlabelled(self) -> bool:
        """Whether the pictures have no labels yet."""
        return all(not item.label for item in self.items)


def doubtful_items(
    predictions: Sequence[tuple[str, Predictions]],
) -> tuple[ReviewItem, ...]:
    """Rows that are likelier something else than their label, the surest first.

    The margin of logits ranks them as ``warmstart check`` does: those far above 0 are likely to be
    mislabelled, the others are the model's mistakes.

    Args:
        predictions: Of each split its name and its rows, by models that did not learn from them.

    Raises:
        SettingError: an image may have many classes.
    """
    found: list[tuple[float, ReviewItem]] = []
    for split, of in predictions:
        if of.is_multi_label:
            raise SettingError(
                "an image may have many classes: a picture cannot be given another one by a key.",
                expected="a run of one class per image.",
                fix="correct the table of labels itself; warmstart check lists other faults.",
            )
        logits = logits_of(of.probabilities, is_multi_label=False)
        for row in np.flatnonzero(of.labels >= 0):
            label = int(of.labels[row])
            others = logits[row].copy()
            others[label] = -np.inf
            gap = float(others.max() - logits[row, label])
            if gap > 0:
                margin = float(np.tanh(gap / 2))
                found.append((gap, item_of(of, int(row), of.classes[label], split, margin)))
    found.sort(key=lambda pair: (-pair[0], pair[1].name))
    return tuple(item for _, item in found)


def item_of(of: Predictions, row: int, label: str, split: str, margin: float) -> ReviewItem:
    """One row as a person sees it.

    Args:
        of: Predictions.
        row: Its position.
        label: What it is called.
        split: Which part it is in.
        margin: By how much it is something else.
    """
    shares = of.probabilities[row]
    order = np.argsort(-shares, kind="stable")[:NUM_TOLD]
    likeliest = tuple(LikelyClass(of.classes[k], float(shares[k])) for k in order)
    return ReviewItem(of.rows[row], label, split, margin, likeliest)


@dataclass
class Review:
    """A list, and what was decided about it; every decision is on the disk before it counts."""

    of: ReviewList
    journal: Journal
    decisions: dict[str, list[Decision]] = field(default_factory=dict)
    order: list[str] = field(default_factory=list)

    @classmethod
    def open(cls, of: ReviewList, path: Path) -> "Review":
        """Go on where a journal ends.

        Args:
            of: The list.
            path: The journal's file.
        """
        journal = Journal(path)
        try:
            return cls._opened(of, journal)
        except Exception:
            journal.close()
            raise

    @classmethod
    def _opened(cls, of: ReviewList, journal: Journal) -> "Review":
        """Read what was decided before.

        Raises:
            DataError: the journal is about other pictures.
        """
        review, path = cls(of, journal), journal.path
        if not journal.lines:
            journal.append(json.dumps(asdict(JournalHead(FORMAT, of.about)), ensure_ascii=False))
            return review
        head = parse_json(journal.lines[0], JournalHead, f"{path}, line 1")
        if head.format != FORMAT or head.about != of.about:
            raise DataError(
                f"{path} is a journal about {head.about}.",
                expected=f"one about {of.about}.",
                fix=f"move it away: mv {path} {path}.old",
            )
        for number, text in enumerate(journal.lines[1:], 2):
            line = parse_json(text, JournalLine, f"{path}, line {number}")
            review.apply(line)
        return review

    def decide(self, line: JournalLine) -> None:
        """Write a decision down, then count it.

        Args:
            line: The decision.

        Raises:
            SettingError: it is none about this list.
        """
        if line.action == UNDO:
            if not self.order:
                raise SettingError(
                    "there is nothing to undo.", expected="a decision.", fix="decide first."
                )
        elif line.action not in ACTIONS or line.name not in self.of.files:
            raise SettingError(
                f"{line.action[:40]!r} of {line.name[:80]!r} is no decision about this list.",
                expected="keep, remove or relabel, of a picture of it.",
                fix="load the page anew.",
            )
        elif (line.label not in self.of.classes) == (line.action == RELABEL):
            raise SettingError(
                f"the label {line.label[:80]!r} does not fit {line.action}.",
                expected="a class of the model with relabel, none otherwise.",
                fix="load the page anew.",
            )
        self.journal.append(json.dumps(asdict(line), ensure_ascii=False))
        self.apply(line)

    def apply(self, line: JournalLine) -> None:
        """Count a decision that is written down; one about a picture that has gone stays there."""
        if line.action == UNDO:
            if self.order:
                name = self.order.pop()
                self.decisions[name].pop()
            return
        self.decisions.setdefault(line.name, []).append(Decision(line.action, line.label))
        self.order.append(line.name)

    @property
    def standing(self) -> dict[str, Decision]:
        """The last decision about each picture, in the order of the list."""
        known = [*self.of.files, *(name for name in self.decisions if name not in self.of.files)]
        return {name: self.decisions[name][-1] for name in known if self.decisions.get(name)}


def fixes_of(review: Review, earlier: Iterable[Fix] = ()) -> list[Fix]:
    """What ``train --fixes`` reads: the decisions, over fixes that the run had already.

    Args:
        review: Of pictures with labels.
        earlier: Those of the run.
    """
    labels = {item.name: item.label for item in review.of.items}
    found = {fix.name: fix for fix in earlier}
    for name, decision in review.standing.items():
        if decision.action == REMOVE:
            found[name] = Fix(name, "drop", reason="removed in review")
        elif decision.action == RELABEL and decision.label != labels.get(name):
            reason = f"called {labels.get(name, '?')} before review"
            found[name] = Fix(name, "relabel", decision.label, reason)
        elif name not in found:
            found[name] = Fix(name, "look", labels.get(name, ""), "kept in review")
    return list(found.values())


def label_rows(review: Review) -> list[tuple[str, str]]:
    """(File, label) of each picture that was named; one that is kept is what it was taken for.

    Args:
        review: Of pictures without labels.
    """
    taken = {item.name: item.likeliest[0].name for item in review.of.items}
    found = []
    for name, decision in review.standing.items():
        if decision.action == RELABEL:
            found.append((name, decision.label))
        elif decision.action == KEEP and name in taken:
            found.append((name, taken[name]))
    return found


def check_any(items: Sequence[ReviewItem], title: str) -> None:
    """See that there is something to look at.

    Args:
        items: What was found.
        title: Of the run.

    Raises:
        FileError: there is nothing.
    """
    if not items:
        raise FileError(
            f"{title}: the model agrees with every label that it did not learn from.",
            expected="pictures that are likelier something else than their label.",
            fix="give a folder of pictures without labels as well: warmstart review RUN FOLDER",
        )
