"""Several classes in one cell of a CSV: the labels of a row, or its likeliest classes."""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.errors import printable
from warmstart.files.strict import parse_json

BETWEEN = "|"
LIKELIEST = "likeliest"  # the title of the column that stands for those of the classes
MOST_CELLS = 1_000_000  # probabilities with a cell each
NUM_LIKELIEST = 20  # and the row's own labels


def labels_cell(names: Sequence[str], classes: Sequence[str]) -> str:
    """The names of classes in one cell.

    Args:
        names: Of one row; none makes an empty cell.
        classes: All there are. Where one of them holds the sign that stands between names, the
            cell is a list in JSON, such as ["a|b", "c"].
    """
    if names and any(BETWEEN in name for name in classes):
        text = json.dumps(list(names), ensure_ascii=False)
        return text if printable(text) == text else json.dumps(list(names))
    return BETWEEN.join(names)


def names_in(cell: str, classes: Collection[str]) -> list[str]:
    """The names in a cell; also of files from before such names were written as lists.

    Args:
        cell: As it was written.
        classes: All there are.

    Raises:
        ValueError: it holds something else than names of classes.
    """
    if not cell:
        return []
    if not any(BETWEEN in name for name in classes):
        names = cell.split(BETWEEN)
    elif cell.startswith("[") and cell not in classes:
        names = json.loads(cell)
    else:
        names = join_names(cell.split(BETWEEN), set(classes))
    unknown = [name for name in names if name not in classes]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no class")
    return names


def join_names(parts: Sequence[str], classes: set[str]) -> list[str]:
    """Parts of a cell as names that may hold the sign between them, the longest that fit first."""
    names, start = [], 0
    while start < len(parts):
        ends = range(len(parts), start, -1)
        end = next((e for e in ends if BETWEEN.join(parts[start:e]) in classes), start + 1)
        names.append(BETWEEN.join(parts[start:end]))
        start = end
    return names


@dataclass(frozen=True)
class Cell:
    """What a cell says: probabilities by class, and the mean of those of all ``others``."""

    likeliest: dict[str, float]
    others: float


def likeliest_cell(
    probabilities: NDArray[np.float64], labels: NDArray[np.int64], classes: Sequence[str]
) -> str:
    """A ``Cell`` in JSON.

    Args:
        probabilities: (K,) of a row.
        labels: Positions of the classes that it has, whose probabilities are kept in any case.
        classes: The names.
    """
    first = np.argpartition(-probabilities, min(NUM_LIKELIEST, len(classes) - 1))[:NUM_LIKELIEST]
    told = np.union1d(first, labels)
    told = told[np.argsort(-probabilities[told], kind="stable")]
    others = np.delete(probabilities, told)
    mean = float(others.mean()) if len(others) else 0.0
    likeliest = {classes[int(k)]: float(probabilities[k]) for k in told}
    return json.dumps({"likeliest": likeliest, "others": mean})


def read_likeliest(cells: Sequence[str], classes: Sequence[str], name: str) -> NDArray[np.float64]:
    """Probabilities (N, K): what was told is as it was, all others of a row are their mean.

    Args:
        cells: One for each row.
        classes: The names.
        name: What errors call the file.

    Raises:
        ValueError: a name is no class.
    """
    number = {each: k for k, each in enumerate(classes)}
    found = np.empty((len(cells), len(classes)))
    for row, cell in zip(found, cells, strict=True):
        told = parse_json(cell, Cell, name)
        unknown = next((each for each in told.likeliest if each not in number), None)
        if unknown is not None:
            raise ValueError(f"{unknown!r} is no class")
        row[:] = told.others
        row[[number[each] for each in told.likeliest]] = list(told.likeliest.values())
    return found
