"""From logits to an answer: what was found on rows that trained nothing, and judge nothing."""

from dataclasses import dataclass, replace

from warmstart.errors import SettingError
from warmstart.metrics.prediction_sets import NonconformityScores

BY_PROBABILITY, BY_FEATURES = "probability", "features"
UNKNOWN = "unknown"  # the answer for pictures of things that no class stands for


@dataclass(frozen=True)
class DecisionRule:
    """How logits become probabilities, and those an answer.

    ``temperature`` divides the logits, of each view before views are averaged. ``thresholds`` (K,)
    are those above which a class of an image that may have many is called so; None is 0.5 for all.
    Where a picture's score is below ``unknown_below`` there is no answer; None always answers. The
    score is the highest probability, or, with ``unknown_by`` "features", that of ``KnownFeatures``,
    which no temperature changes. ``how`` says where each number came from.
    ``sets`` are scores of rows that the model did not learn from, at this temperature; None makes
    no sets.
    """

    temperature: float = 1.0
    thresholds: tuple[float, ...] | None = None
    unknown_below: float | None = None
    unknown_by: str = BY_PROBABILITY
    how: tuple[str, ...] = ()
    sets: NonconformityScores | None = None

    def with_temperature(self, value: float, how: str) -> "DecisionRule":
        """A new temperature; what was fitted on probabilities of another is forgotten."""
        if self.unknown_by != BY_FEATURES:
            return DecisionRule(temperature=value, how=(how,))
        kept = tuple(line for line in self.how if line.startswith(UNKNOWN))
        return DecisionRule(value, None, self.unknown_below, self.unknown_by, (*kept, how))

    def with_thresholds(self, values: tuple[float, ...], how: str) -> "DecisionRule":
        """New thresholds."""
        return replace(self, thresholds=values, how=(*self.how, how))

    def with_unknown(self, below: float, by: str, how: str) -> "DecisionRule":
        """A new threshold for "unknown"; ``how`` begins with this word."""
        kept = tuple(line for line in self.how if not line.startswith(UNKNOWN))
        return replace(self, unknown_below=below, unknown_by=by, how=(*kept, how))

    def with_sets(self, found: NonconformityScores, how: str | None = None) -> "DecisionRule":
        """New scores for sets; a head that is fitted brings them along, and needs no ``how``."""
        return replace(self, sets=found, how=self.how if how is None else (*self.how, how))


PLAIN = DecisionRule()  # nothing was fitted


def scores_behind_sets(answering: DecisionRule, *, is_multi_label: bool) -> NonconformityScores:
    """What sets rest on.

    Raises:
        SettingError: an image may have many classes, or the model kept nothing.
    """
    if is_multi_label:
        raise SettingError(
            "an image may have many classes: sets are for images of one class each.",
            expected="a model of one class per image.",
            fix="omit it; an image is called so by every class above its threshold.",
        )
    if answering.sets is None:
        raise SettingError(
            "this model keeps nothing that tells how large its sets have to be.",
            expected="a model that kept scores of rows which it did not learn from.",
            fix="train it again: warmstart train FOLDER --calibrate; in Python learn.fit_sets().",
        )
    return answering.sets
