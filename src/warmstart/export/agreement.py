"""Whether an exported file says what Python says of the same pictures."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import ModelFolderError
from warmstart.export.answers import Answer

MOST_DIFFERENCE = 1e-3  # in probability, law 17


@dataclass(frozen=True, eq=False)
class CheckPictures:
    """Pictures, and what Python says of them in single precision.

    ``pixels`` gives one whole picture (H, W, 3) uint8 by its position; ``probabilities`` (N, K) and
    ``is_unknown`` (N,) are of these pixels. ``labels`` (N,) have -1 where a picture has none, or
    are (N, K) of 0 and 1. ``fractions`` are pictures so large that Python decodes them at a
    fraction of their size: position → probabilities (K,) of that. ``where_from`` says in words
    which pictures they are.
    """

    names: tuple[str, ...]
    pixels: Callable[[int], NDArray[np.uint8]]
    probabilities: NDArray[np.float64]
    is_unknown: NDArray[np.bool_]
    labels: NDArray[np.int64]
    fractions: dict[int, NDArray[np.float64]]
    where_from: str


@dataclass(frozen=True)
class Agreement:
    """How an exported file compares with Python in single precision, on the same pixels.

    ``num_same`` of ``num_pictures`` have the same answer, ``largest_difference`` is in probability.
    ``num_labelled`` have labels, of which each gets ``right_in_python`` and ``right_exported`` (of
    pictures with many labels: of their labels). ``num_fractions`` are so large that Python decodes
    them at a fraction; there ``fraction_difference`` and ``num_same_fractions`` compare the file,
    which sees the whole picture, with that.
    """

    where_from: str
    num_pictures: int
    num_same: int
    largest_difference: float
    worst: str
    num_labelled: int = 0
    right_in_python: float = 0.0
    right_exported: float = 0.0
    num_fractions: int = 0
    num_same_fractions: int = 0
    fraction_difference: float = 0.0

    def __str__(self) -> str:
        """As it is printed."""
        lines = [
            f"checked on {self.where_from}: {self.num_same} of {self.num_pictures} answers as in "
            f"Python (f32), largest difference {self.largest_difference:.1e} in probability"
        ]
        if self.num_labelled:
            lines.append(
                f"right: {self.right_exported:.4f}, in Python {self.right_in_python:.4f} "
                f"(n = {self.num_labelled})"
            )
        if self.num_fractions:
            lines.append(
                f"of large photos Python decodes a fraction, the file sees all: "
                f"{self.num_same_fractions} of {self.num_fractions} answers the same, largest "
                f"difference {self.fraction_difference:.1e}"
            )
        return "\n".join(lines)


def compare_answers(
    answer: Answer, given: CheckPictures, thresholds: Sequence[float] | None
) -> Agreement:
    """Run every picture.

    Args:
        answer: The exported file.
        given: Pictures, and what Python says.
        thresholds: (K,) of pictures that may have many classes; None where each has one.
    """
    found = [answer(given.pixels(position)) for position in range(len(given.names))]
    probabilities = np.stack([each.probabilities for each in found]).astype(np.float64)
    differences = np.abs(probabilities - given.probabilities).max(axis=1)
    is_unknown = np.array([each.is_unknown for each in found])
    own, python = (called(each, thresholds) for each in (probabilities, given.probabilities))
    same = (own == python).all(axis=1) & (is_unknown == given.is_unknown)
    worst = int(differences.argmax())
    labelled = np.flatnonzero((given.labels.reshape(len(found), -1) >= 0).all(axis=1))
    right = [share_right(each, given.labels, labelled) for each in (own, python)]
    large = sorted(given.fractions)
    shrunk = np.array([given.fractions[place] for place in large])
    shrunk = shrunk.reshape(len(large), probabilities.shape[1])
    apart = np.abs(probabilities[large] - shrunk) if large else np.zeros((1, 1))
    same_large = (own[large] == called(shrunk, thresholds)).all(axis=1) if large else np.zeros(0)
    return Agreement(
        given.where_from,
        len(found),
        int(same.sum()),
        float(differences[worst]),
        given.names[worst],
        len(labelled),
        right[1],
        right[0],
        len(large),
        int(same_large.sum()),
        float(apart.max()),
    )


def called(
    probabilities: NDArray[np.float64], thresholds: Sequence[float] | None
) -> NDArray[np.int64]:
    """What each row is called: (N, 1) the likeliest class, or (N, K) of 0 and 1."""
    if thresholds is None:
        return np.asarray(probabilities.argmax(axis=1, keepdims=True), np.int64)
    return np.asarray(probabilities > np.array(thresholds), np.int64)


def share_right(
    answers: NDArray[np.int64], labels: NDArray[np.int64], rows: NDArray[np.intp]
) -> float:
    """The share of right answers among labelled rows, 0 where there is none."""
    if not len(rows):
        return 0.0
    return float((answers[rows] == labels.reshape(len(labels), -1)[rows]).mean())


def check_agreement(found: Agreement) -> None:
    """See that a file says what Python says.

    Raises:
        ModelFolderError: it does not; the file is not written.
    """
    if not found.largest_difference <= MOST_DIFFERENCE:  # NaN is not
        raise ModelFolderError(
            f"the exported model differs from Python by {found.largest_difference:.1e} in "
            f"probability, most of all on {found.worst}; nothing was written.",
            expected=f"at most {MOST_DIFFERENCE} on every picture.",
            fix="report this with the architecture's name; another --to may agree.",
        )
