"""What a model says of a set of rows."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import reads, real
from warmstart.display import Displayed, Sheet, SheetTable, few
from warmstart.errors import SettingError
from warmstart.metrics.confusion import confusion_counts
from warmstart.metrics.evaluate import compute_scores
from warmstart.metrics.intervals import wilson
from warmstart.metrics.labelled_rows import LIKELY, has_label, known_rows
from warmstart.metrics.prediction_sets import (
    SetScores,
    score_sets,
    sets_of,
)
from warmstart.metrics.scores import Scores
from warmstart.metrics.unknown import confidence
from warmstart.results.confusion import ConfusionMatrix
from warmstart.results.decision_rule import (
    BY_FEATURES,
    PLAIN,
    UNKNOWN,
    DecisionRule,
    scores_behind_sets,
)

MOST_SHOWN = 8  # rows of predictions as they are shown
READ_CONFIDENCE = real(0.9, above=0, below=1)


@dataclass(frozen=True, eq=False, repr=False)
class Predictions(Displayed):
    """Probabilities of every row, in table order.

    ``rows`` (N,) names, ``probabilities`` (N, K) float64, ``labels`` (N,) int64 with -1 where a
    row has none, ``classes`` the K names. Where an image may have many classes, ``labels`` are
    (N, K) of 0 and 1, -1 along a row that has none, and each probability stands for itself.

    ``answering`` is how the model answers; ``known_scores`` (N,) say how like its training pictures
    each row is, None where that does not decide what is "unknown". ``chosen_on_these`` names what
    was chosen by these same rows, such as "the best epoch": it flatters every score of them (law
    15). ``left_out`` has name and reason of what lies in a folder that was predicted, and is in no
    row (law 16). ``notes`` say which pictures were judged, and what else a reader of their scores
    should know.

    Example:
        >>> import numpy as np
        >>> from warmstart import Predictions
        >>> probabilities = np.array([[0.9, 0.1], [0.6, 0.4], [0.2, 0.8], [0.7, 0.3]])
        >>> names, labels = ("a.jpg", "b.jpg", "c.jpg", "d.jpg"), np.array([0, 0, 1, 1])
        >>> found = Predictions(names, probabilities, labels, ("cat", "dog"))
        >>> found.predicted
        array([0, 0, 1, 0])
        >>> found.accuracy
        0.75
    """

    rows: tuple[str, ...]
    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    answering: DecisionRule = field(default=PLAIN, kw_only=True)
    chosen_on_these: tuple[str, ...] = field(default=(), kw_only=True)
    left_out: tuple[tuple[str, str], ...] = field(default=(), kw_only=True)
    notes: tuple[str, ...] = field(default=(), kw_only=True)
    known_scores: NDArray[np.float64] | None = field(default=None, kw_only=True)

    @property
    def is_multi_label(self) -> bool:
        """Whether an image may have any number of classes.

        Example:
            >>> found.is_multi_label
            False
        """
        return self.labels.ndim == 2

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each row (N,), the first of equals; or (N, K) of 0 and 1.

        Example:
            >>> found.predicted
            array([0, 0, 1, 0])
        """
        if self.is_multi_label:
            return (self.probabilities > self.thresholds).astype(np.int64)
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)

    @property
    def thresholds(self) -> NDArray[np.float64]:
        """Above which probability each class (K,) of an image that may have many is called so.

        Example:
            >>> labels = np.array([[1, 0], [1, 1]])
            >>> probabilities = np.array([[0.9, 0.2], [0.8, 0.4]])
            >>> found = Predictions(("a", "b"), probabilities, labels, ("sky", "sea"))
            >>> found.thresholds
            array([0.5, 0.5])
        """
        fitted = self.answering.thresholds
        return np.full(len(self.classes), LIKELY) if fitted is None else np.array(fitted)

    @property
    def is_unknown(self) -> NDArray[np.bool_]:
        """Whether the answer of each row (N,) is "unknown"; ``predicted`` has the nearest class.

        Example:
            >>> found.is_unknown
            array([False, False, False, False])
        """
        below = self.answering.unknown_below
        if below is None:
            return np.zeros(len(self.rows), np.bool_)
        return np.asarray(self.scores_of_known < below)

    @property
    def scores_of_known(self) -> NDArray[np.float64]:
        """What decides whether each row (N,) is "unknown", higher for what is known.

        Raises:
            SettingError: the features decide, and these rows do not have their scores.

        Example:
            >>> found.scores_of_known
            array([0.9, 0.6, 0.8, 0.7])
        """
        if self.answering.unknown_by != BY_FEATURES:
            return confidence(self.probabilities)
        if self.known_scores is None:
            raise SettingError(
                'what is "unknown" is decided by features, and these predictions have no scores.',
                expected="known_scores, one per row.",
                fix="predict the pictures again.",
            )
        return self.known_scores

    @property
    def answers(self) -> tuple[tuple[str, ...], ...]:
        """What each row is called: one name, "unknown", or any number of names.

        Example:
            >>> labels = np.array([[1, 0], [1, 1]])
            >>> probabilities = np.array([[0.9, 0.2], [0.8, 0.7]])
            >>> found = Predictions(("a", "b"), probabilities, labels, ("sky", "sea"))
            >>> found.answers
            (('sky',), ('sky', 'sea'))
        """
        called = self.predicted if self.is_multi_label else self.predicted[:, None]
        find = np.flatnonzero if self.is_multi_label else np.ravel
        nearest = [tuple(self.classes[k] for k in find(row)) for row in called]
        pairs = zip(self.is_unknown, nearest, strict=True)
        return tuple((UNKNOWN,) if is_unknown else names for is_unknown, names in pairs)

    @reads(confidence=READ_CONFIDENCE)
    def sets(self, confidence: float = 0.9) -> tuple[tuple[str, ...], ...]:
        """For each row the classes that hold the truth as often as is asked, the likeliest first.

        That is a promise about pictures like those that trained the model, on average over them:
        not about one picture, one class, or pictures of other things. No set is empty.

        Args:
            confidence: The share of such pictures whose set is to hold the true class, in (0, 1).
                Above n / (n + 1), where the promise rests on n rows, every class is in every set,
                which is warned of. A model that kept no such rows is an error.

        Example:
            >>> from dataclasses import replace
            >>> from warmstart.metrics.prediction_sets import nonconformity_scores
            >>> others = nonconformity_scores(np.full((9, 2), 0.5), np.zeros(9, int))
            >>> rule = replace(found.answering, sets=others)
            >>> replace(found, probabilities=np.full((4, 2), 0.5), answering=rule).sets(0.8)[0]
            ('cat', 'dog')
        """
        held = self._held(confidence)
        order = np.argsort(-self.probabilities, axis=1, kind="stable")
        pairs = zip(held, order, strict=True)
        return tuple(tuple(self.classes[k] for k in by_rank if row[k]) for row, by_rank in pairs)

    @reads(confidence=READ_CONFIDENCE)
    def set_scores(self, confidence: float = 0.9) -> SetScores:
        """How often sets hold the truth of the labelled rows, and how large they are.

        Args:
            confidence: As of ``sets``.

        Example:
            >>> from dataclasses import replace
            >>> from warmstart.metrics.prediction_sets import nonconformity_scores
            >>> others = nonconformity_scores(np.full((9, 2), 0.5), np.zeros(9, int))
            >>> rule = replace(found.answering, sets=others)
            >>> replace(found, answering=rule).set_scores(0.8).coverage
            0.75
        """
        return score_sets(self._held(confidence), self.labels, confidence)

    def _held(self, confidence: float) -> NDArray[np.bool_]:
        """Which classes are in each row's set (N, K); it warns where all of them are."""
        found = scores_behind_sets(self.answering, is_multi_label=self.is_multi_label)
        if confidence > found.highest_confidence:
            warnings.warn(
                f"every class is in every set: the {found.num_rows} rows that sets rest on can "
                f"promise up to {found.highest_confidence:.4f}, not {confidence:g}.",
                stacklevel=4,
            )
        return sets_of(self.probabilities, found, confidence)

    def scores(
        self,
        *,
        thresholds: float | Sequence[float] | NDArray[np.float64] | None = None,
        top_k: Sequence[int] = (5,),
        beta: float = 1.0,
        num_resamples: int = 2000,
        seed: int = 0,
    ) -> Scores:
        """Every score with its 95 % interval, where there is an honest one.

        Args:
            thresholds: Of many labels: a class is called so where its probability is above; one for
                all classes, or one each; None takes the predictions' own.
            top_k: The true class is among the first k; those of 2 to K - 1 are scored.
            beta: Of the F-score.
            num_resamples: Per interval; 0 leaves out all but Wilson's.
            seed: Of the resamples.

        Example:
            >>> scores = found.scores()
            >>> print(scores["accuracy"])
            0.7500  0.3006 to 0.9544
            >>> print(found.scores(num_resamples=0)["log_loss"])
            0.5108
        """
        return compute_scores(
            self.probabilities,
            self.labels,
            self.classes,
            thresholds=self.thresholds if thresholds is None else thresholds,
            top_k=top_k,
            beta=beta,
            num_resamples=num_resamples,
            seed=seed,
            chosen_on_these=self.chosen_on_these,
        )

    @property
    def accuracy(self) -> float:
        """The share of labelled rows that are predicted right, with every one of their labels.

        Example:
            >>> found.accuracy
            0.75
        """
        known = known_rows(self.labels)
        right = self.predicted[known] == self.labels[known]
        return float((right.all(axis=1) if self.is_multi_label else right).mean())

    @property
    def accuracy_interval(self) -> tuple[float, float]:
        """95 % Wilson score interval of the accuracy.

        Example:
            >>> low, high = found.accuracy_interval
            >>> print(f"{low:.4f} to {high:.4f}")
            0.3006 to 0.9544
        """
        num_known = int(known_rows(self.labels).sum())
        found = wilson(round(self.accuracy * num_known), num_known)
        return found.low, found.high

    def __iter__(self) -> Iterator[NDArray[np.float64]]:
        """No unpacking: fastai 0.7 gives logarithms of each view here, fastai 2 probabilities.

        Raises:
            TypeError: always.
        """
        raise TypeError(
            "predictions are one object here, not a pair of arrays as in fastai.\n"
            "Expected: its parts by name: .probabilities (N, K), averaged over views, and .labels."
            "\nFix: found = learn.TTA(); probabilities, y = found.probabilities, found.labels"
        )

    def _sheet(self) -> Sheet:
        known, facts = has_label(self.labels), []
        if known.any():
            low, high = self.accuracy_interval
            found = f"{self.accuracy:.4f} (95 % {low:.4f} to {high:.4f}), n = {known.sum()}"
            facts.append(("all labels right" if self.is_multi_label else "accuracy", found))
        if self.answering.how:
            facts.append(("answers by", "; ".join(self.answering.how)))
        notes = list(self.notes)
        if self.chosen_on_these:
            chosen = " and ".join(self.chosen_on_these)
            notes.append(f"{chosen} was chosen by these same rows, which flatters their scores.")
        if self.left_out:
            first = f"{self.left_out[0][0]}: {self.left_out[0][1]}"
            notes.append(f"{few(len(self.left_out), 'file')} left out (first: {first})")
        title = f"{few(len(self.rows), 'row')}, {few(len(self.classes), 'class', 'classes')}"
        tables = (self._first_rows(known),) if self.rows else ()
        return Sheet(f"{type(self).__name__}: {title}", tuple(facts), tables, tuple(notes))

    def _first_rows(self, known: NDArray[np.bool_]) -> SheetTable:
        """Name, truth where some are known, answer and probability."""
        number = min(len(self.rows), MOST_SHOWN)
        rule, scores = self.answering, self.known_scores
        if rule.unknown_by == BY_FEATURES and scores is None:
            rule = replace(rule, unknown_below=None)  # to show what there is must not fail
        first = Predictions(
            self.rows[:number], self.probabilities[:number], self.labels[:number], self.classes,
            answering=rule, known_scores=None if scores is None else scores[:number],
        )  # fmt: skip
        highest = first.probabilities.max(axis=1, initial=0.0)
        lines: list[tuple[str, ...]] = []
        for place, (label, answer) in enumerate(zip(first.labels, first.answers, strict=True)):
            true = np.flatnonzero(label == 1) if label.ndim else [label]
            told = "|".join(self.classes[k] for k in true) if known[place] else ""
            said = ((told or "–",) if known.any() else ()) + ("|".join(answer) or "–",)
            lines.append((self.rows[place], *said, f"{highest[place]:.4f}"))
        titles = ("row", "true", "answer") if known.any() else ("row", "answer")
        rest = len(self.rows) - number
        more = f"and {few(rest, 'row')} more" if rest else ""
        return SheetTable((*titles, "probability"), tuple(lines), len(titles), more=more)

    def confusion_matrix(self) -> ConfusionMatrix:
        r"""Count (true, predicted) pairs over the labelled rows.

        Raises:
            SettingError: an image may have many classes, so that there are no such pairs.

        Example:
            >>> print(found.confusion_matrix())
            true \ predicted         cat       dog
            cat                        2         0
            dog                        1         1
        """
        if self.is_multi_label:
            raise SettingError(
                "images with many labels have no confusion matrix.",
                expected="one class per image.",
                fix="look at each class: print(predictions.scores().table())",
            )
        known, k = known_rows(self.labels), len(self.classes)
        counts = confusion_counts(self.labels[known], self.predicted[known], k)
        return ConfusionMatrix(counts, self.classes)
