"""The rows that have a label, checked and put into one order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError

LIKELY = 0.5  # a class of an image that may have many is called so above it, unless one was fitted
ROUNDING = 1e-3  # probabilities read back from a file of few digits add up to this near 1


@dataclass(frozen=True, eq=False)
class LabelledRows:
    """Labelled rows in an order that depends on nothing but their content.

    ``probabilities`` (N, K) float64, ``labels`` (N,) int64 or (N, K) of 0 and 1, ``classes`` the
    K names; ``num_unlabelled`` rows were left out.
    """

    probabilities: NDArray[np.float64]
    labels: NDArray[np.int64]
    classes: tuple[str, ...]
    num_unlabelled: int

    @property
    def is_multi_label(self) -> bool:
        """Whether a row may have several labels."""
        return self.labels.ndim == 2

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each row (N,); the first of equals."""
        return np.asarray(self.probabilities.argmax(axis=1), np.int64)


def labelled_rows(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], classes: tuple[str, ...]
) -> LabelledRows:
    """Take the labelled rows, sorted by content: sums and resamples then forget the row order.

    Args:
        probabilities: (N, K).
        labels: (N,) classes, or (N, K) of 0 and 1 where a row may have several; -1 where it has
            none.
        classes: The K names.

    Returns:
        The labelled rows; a SettingError where there are none, or numbers are not probabilities.
    """
    labels = np.asarray(labels, np.int64)
    values = np.asarray(probabilities, np.float64)
    known = known_rows(labels)
    labels, values = labels[known], values[known]
    check_probabilities(values, labels, classes)
    order = content_order(values, labels)
    return LabelledRows(values[order], labels[order], classes, int((~known).sum()))


def has_label(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Likewise, where it may be none of them."""
    known = labels >= 0
    return np.asarray(known.all(axis=1) if labels.ndim == 2 else known, np.bool_)


def known_rows(labels: NDArray[np.int64], verb: str = "judge") -> NDArray[np.bool_]:
    """Which rows (N,) have a label.

    Args:
        labels: (N,) classes, or (N, K) of 0 and 1; -1, or a row of -1, where there is none.
        verb: What the error tells to do with others.

    Raises:
        SettingError: no row has one.
    """
    known = has_label(labels)
    if not known.any():
        raise SettingError(
            f"none of the {len(labels)} rows has a label.",
            expected="labelled rows, to compare predictions with.",
            fix=f'{verb} a labelled split: learn.predict("valid").',
        )
    return known


def content_order(values: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """An order (N,) of rows by the bytes of their labels and numbers; tied rows are equal."""
    of_labels = labels.reshape(len(labels), -1)
    table = np.empty((len(labels), of_labels.shape[1] + values.shape[1]))  # one copy: it is large
    table[:, : of_labels.shape[1]], table[:, of_labels.shape[1] :] = of_labels, values
    table += 0.0  # -0.0 and 0.0 are one value, not one pattern
    patterns = table.view(np.dtype((np.void, table.shape[1] * table.itemsize))).ravel()
    return np.asarray(np.argsort(patterns, kind="stable"), np.int64)


def check_probabilities(
    values: NDArray[np.float64], labels: NDArray[np.int64], classes: tuple[str, ...]
) -> None:
    """Refuse what would give a number without a meaning.

    Raises:
        SettingError: shapes do not fit, or the numbers are not probabilities.
    """
    fits = values.ndim == 2 and values.shape == (len(labels), len(classes))
    if not fits or (labels.ndim == 2 and labels.shape != values.shape):
        raise SettingError(
            f"probabilities have shape {values.shape}, labels {labels.shape}, and there are "
            f"{len(classes)} classes.",
            expected="probabilities (N, K), and labels (N,) or (N, K).",
            fix="take Predictions as learn.predict returned them.",
        )
    if labels.ndim == 1 and len(classes) < 2:
        raise SettingError(
            f"there is only one class, {classes[0]!r}: every answer is right.",
            expected="at least two classes.",
            fix="add a class of other pictures.",
        )
    if labels.max() >= (len(classes) if labels.ndim == 1 else 2):
        raise SettingError(
            f"a label is {int(labels.max())}, and there are {len(classes)} classes.",
            expected="labels below the number of classes, or 0 and 1 along each row.",
            fix="take labels and classes from the same table.",
        )
    outside = ~((values >= 0) & (values <= 1 + ROUNDING)).all(axis=1)
    if labels.ndim == 1:
        outside |= np.abs(values.sum(axis=1) - 1) > ROUNDING
    if outside.any():
        first = int(outside.argmax())
        raise SettingError(
            f"{int(outside.sum())} of {len(values)} rows are not probabilities; the first is "
            f"{values[first][:5].tolist()}.",
            expected="finite numbers from 0 to 1"
            + (", that add up to 1 along a row." if labels.ndim == 1 else "."),
            fix="pass probabilities, not logits.",
        )
