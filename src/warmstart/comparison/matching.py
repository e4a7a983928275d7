"""The same rows of two sets of predictions, whatever order each has them in."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import SettingError
from warmstart.results.predictions import Predictions


def matched(
    first: Predictions, second: Predictions, hashes: tuple[Sequence[str], Sequence[str]] | None
) -> Predictions:
    """The second predictions, in the row and class order of the first.

    Args:
        first: What gives the order.
        second: Of the same rows and classes.
        hashes: Of each row's content, for both, where files were moved; names are compared if
            None. Copies of one file may share a hash: a model says the same of each.

    Returns:
        ``second``, reordered.

    Raises:
        SettingError: rows, classes or labels differ.
    """
    keys = hashes or (first.rows, second.rows)
    check_keys(keys[0], keys[1], first, second, has_hashes=hashes is not None)
    if sorted(first.classes) != sorted(second.classes):
        strange = sorted(set(first.classes) ^ set(second.classes))
        raise SettingError(
            f"the classes differ: {', '.join(strange[:5])} are known to one model only.",
            expected="two models of the same classes.",
            fix="compare models that were trained on the same classes.",
        )
    number = {name: k for k, name in enumerate(second.classes)}
    columns = [number[name] for name in first.classes]
    labels = relabelled(second.labels, columns)
    rows = np.empty(len(keys[0]), np.int64)
    rows[by_key(keys[0], first.labels)] = by_key(keys[1], labels)
    labels = labels[rows]
    differ = (
        (labels != first.labels).reshape(len(labels), -1).any(axis=1)
        if labels.shape == first.labels.shape
        else np.ones(len(rows), np.bool_)
    )
    if differ.any():
        row = int(differ.argmax())
        raise SettingError(
            f"{int(differ.sum())} of {len(rows)} rows have different labels; the first: "
            f"{first.rows[row]}.",
            expected="both judged against the same labels.",
            fix="predict again with both models on one table.",
        )
    probabilities = second.probabilities[np.ix_(rows, np.array(columns, np.int64))]
    answering = second.answering
    if answering.thresholds is not None:
        values = tuple(answering.thresholds[k] for k in columns)
        answering = replace(answering, thresholds=values)
    return Predictions(
        first.rows,
        probabilities,
        labels,
        first.classes,
        answering=answering,
        chosen_on_these=second.chosen_on_these,
        known_scores=None if second.known_scores is None else second.known_scores[rows],
    )


def by_key(keys: Sequence[str], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Positions (N,) sorted by key; rows of one key by their labels."""
    marks = labels.reshape(len(labels), -1).tolist()
    return np.array(sorted(range(len(keys)), key=lambda row: (keys[row], marks[row])), np.int64)


def relabelled(labels: NDArray[np.int64], columns: Sequence[int]) -> NDArray[np.int64]:
    """Labels after the classes were put into the order ``columns``."""
    if labels.ndim == 2:
        return labels[:, columns]
    place = np.empty(len(columns) + 1, np.int64)
    place[columns] = np.arange(len(columns))
    place[-1] = -1  # a row without a label stays so: labels[-1] is this one
    return np.asarray(place[labels], np.int64)


def check_keys(
    one: Sequence[str],
    other: Sequence[str],
    first: Predictions,
    second: Predictions,
    *,
    has_hashes: bool,
) -> None:
    """Refuse rows that are not the same.

    Raises:
        SettingError: a key is missing on one side, or a name occurs twice.
    """
    for keys, given in ((one, first), (other, second)):
        if len(keys) != len(given.rows):
            raise SettingError(
                f"there are {len(keys)} hashes and {len(given.rows)} rows.",
                expected="one hash per row.",
                fix="take hashes and predictions from the same run.",
            )
    counts = Counter(one), Counter(other)
    if not has_hashes and max(counts[0].values(), default=0) > 1:
        name, times = counts[0].most_common(1)[0]
        raise SettingError(
            f"the name {name!r} stands for {times} rows: it does not say which is which.",
            expected="rows with names of their own.",
            fix="match by content: pass hashes=(hashes_of_first, hashes_of_second).",
        )
    if counts[0] != counts[1]:
        only_one, only_other = counts[0] - counts[1], counts[1] - counts[0]
        key = next(iter(only_one or only_other))
        keys, given = (one, first) if only_one else (other, second)
        example = given.rows[list(keys).index(key)]
        what = "content" if has_hashes else "name"
        raise SettingError(
            f"the rows differ: {only_one.total()} are only in the first, {only_other.total()} only "
            f"in the second, by {what}; the first: {example}.",
            expected="the same rows in both: on other rows no pair can be compared.",
            fix="predict the same split with both models"
            + ("." if has_hashes else ", or match moved files by content with hashes=(…, …)."),
        )
