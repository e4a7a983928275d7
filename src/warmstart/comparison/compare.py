"""Is one model better than another, judged on the same rows?"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from warmstart.comparison.matching import matched
from warmstart.display import Displayed, Sheet, SheetTable
from warmstart.metrics.intervals import Interval, wilson
from warmstart.metrics.labelled_rows import known_rows
from warmstart.metrics.shared_scores import per_class
from warmstart.results.predictions import Predictions

SIGNIFICANT = 0.05
Thresholds = float | Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True, repr=False)
class Comparison(Displayed):
    """Rows that both, one or neither model has right, and what follows.

    ``difference`` is the second model's accuracy less the first's, from ``low`` to ``high`` (95 %);
    ``p_value`` of the exact McNemar test; ``worthwhile`` the smallest gain that counts.

    Example:
        >>> from warmstart import Comparison
        >>> found = Comparison(80, 3, 15, 2, 0, 0.12, 0.04, 0.2, 0.0075, 0.01)
        >>> print(found)
        better? yes with 100 images
        difference +0.1200 (95 % +0.0400 to +0.2000), p = 0.0075 (exact McNemar)
        right: both 80, only the first 3, only the second 15, neither 2
    """

    both_right: int
    only_first: int
    only_second: int
    both_wrong: int
    num_unlabelled: int
    difference: float
    low: float
    high: float
    p_value: float
    worthwhile: float

    @property
    def num_rows(self) -> int:
        """Labelled rows.

        Example:
            >>> found.num_rows
            100
        """
        return self.both_right + self.only_first + self.only_second + self.both_wrong

    @property
    def is_better(self) -> Literal["yes", "no", "can't tell"]:
        """Is the second model better?

        "yes": the test says so. "no": it is worse, or a gain as large as ``worthwhile`` is ruled
        out. "can't tell": these rows leave both possible.

        Example:
            >>> found.is_better
            'yes'
        """
        if self.p_value < SIGNIFICANT:
            return "yes" if self.only_second > self.only_first else "no"
        return "no" if self.high < self.worthwhile else "can't tell"

    def __str__(self) -> str:
        """The verdict, then the counts it rests on."""
        noun = "image" if self.num_rows == 1 else "images"
        verdict = f"better? {self.is_better} with {self.num_rows} {noun}"
        return (
            f"{verdict}\n"
            f"difference {self.difference:+.4f} (95 % {self.low:+.4f} to {self.high:+.4f}), "
            f"p = {self.p_value:.3g} (exact McNemar)\n"
            f"right: both {self.both_right}, only the first {self.only_first}, "
            f"only the second {self.only_second}, neither {self.both_wrong}"
        )

    def _sheet(self) -> Sheet:
        interval = f"{self.difference:+.4f} (95 % {self.low:+.4f} to {self.high:+.4f})"
        counts = (
            ("first right", f"{self.both_right}", f"{self.only_first}"),
            ("first wrong", f"{self.only_second}", f"{self.both_wrong}"),
        )
        return Sheet(
            f"Comparison: is the second better? {self.is_better}, with {self.num_rows} images",
            (("difference", interval), ("p", f"{self.p_value:.3g} (exact McNemar)")),
            (SheetTable(("images", "second right", "second wrong"), counts),),
        )

    def to_json(self) -> str:
        """All of it, and the verdict.

        Example:
            >>> import json
            >>> json.loads(found.to_json())["is_better"]
            'yes'
        """
        entry = asdict(self) | {"is_better": self.is_better, "num_rows": self.num_rows}
        return json.dumps(entry, indent=1, allow_nan=False)


def compare_predictions(
    first: Predictions,
    second: Predictions,
    *,
    hashes: tuple[Sequence[str], Sequence[str]] | None = None,
    thresholds: tuple[Thresholds, Thresholds] | None = None,
    worthwhile: float = 0.01,
) -> Comparison:
    """Ask whether the second model is better than the first; only rows where they differ tell.

    Args:
        first: What is there already.
        second: What may be better, on the same rows in any order.
        hashes: Of each row's content, for both: matches files that were moved or renamed.
        thresholds: Of many labels, for each model; None takes its own. A row is right if all its
            labels are.
        worthwhile: A share of rows: "no" is also said where a gain this large is ruled out.

    Returns:
        The counts, the test and the verdict; a SettingError where rows, classes or labels differ,
        or no row has a label.

    Example:
        >>> import numpy as np
        >>> from warmstart import Predictions, compare_predictions
        >>> names, labels = tuple(map(str, range(40))), np.tile([0, 1], 20)
        >>> sure = np.eye(2)[labels] * 0.8 + 0.1
        >>> guess = np.where(np.arange(40)[:, None] < 12, sure[:, ::-1], sure)
        >>> first = Predictions(names, guess, labels, ("cat", "dog"))
        >>> second = Predictions(names, sure, labels, ("cat", "dog"))
        >>> print(compare_predictions(first, second))
        better? yes with 40 images
        difference +0.3000 (95 % +0.1520 to +0.4543), p = 0.000488 (exact McNemar)
        right: both 28, only the first 0, only the second 12, neither 0

    Reference:
        McNemar (1947), Psychometrika 12, 153–157; Newcombe (1998), Statistics in Medicine 17,
        2635–2650, method 10.
    """
    from scipy.stats import binomtest  # here: it takes a second

    second = matched(first, second, hashes)
    known = known_rows(first.labels, "compare on")
    above = (first.thresholds, second.thresholds) if thresholds is None else thresholds
    one, other = (
        rows_right(each, limits)[known] for each, limits in zip((first, second), above, strict=True)
    )
    both, only_first = int((one & other).sum()), int((one & ~other).sum())
    only_second, neither = int((~one & other).sum()), int((~one & ~other).sum())
    differ = only_first + only_second
    p_value = float(binomtest(only_second, differ).pvalue) if differ else 1.0
    interval = difference_interval(both, only_second, only_first, neither)
    difference = (only_second - only_first) / len(one)
    return Comparison(
        both, only_first, only_second, neither, int((~known).sum()), difference, interval.low,
        interval.high, p_value, worthwhile,
    )  # fmt: skip


def rows_right(predictions: Predictions, thresholds: Thresholds) -> NDArray[np.bool_]:
    """Whether each row (N,) is named right; of many labels, all of them."""
    if predictions.labels.ndim == 2:
        called = predictions.probabilities > per_class(thresholds, len(predictions.classes))
        return np.asarray((called == (predictions.labels == 1)).all(axis=1), np.bool_)
    return np.asarray(predictions.probabilities.argmax(axis=1) == predictions.labels, np.bool_)


def difference_interval(both: int, only_one: int, only_other: int, neither: int) -> Interval:
    """95 % interval of a difference of paired proportions, one's less the other's.

    Wilson's intervals of the two are squared and added, less what their correlation takes away; it
    has width also where the two never differ.

    Args:
        both: Rows right in both.
        only_one: Rows right in the one only.
        only_other: Rows right in the other only.
        neither: Rows right in neither.

    Returns:
        The interval, within -1 to 1.

    Reference:
        Newcombe (1998), Statistics in Medicine 17, 2635–2650, method 10.
    """
    total = both + only_one + only_other + neither
    one, other = (both + only_one) / total, (both + only_other) / total
    of_one, of_other = wilson(both + only_one, total), wilson(both + only_other, total)
    product = float(both + only_one) * (only_other + neither)
    product *= float(both + only_other) * (only_one + neither)
    joint = float(both) * neither - float(only_one) * only_other
    joint = max(joint - total / 2, 0.0) if joint > 0 else joint
    correlation = joint / np.sqrt(product) if product > 0 else 0.0

    def spread(down: float, up: float) -> float:
        return float(np.sqrt(max(0.0, down**2 - 2 * correlation * down * up + up**2)))

    low = one - other - spread(one - of_one.low, of_other.high - other)
    high = one - other + spread(of_one.high - one, other - of_other.low)
    return Interval(max(-1.0, low), min(1.0, high))
