"""A row's likeliest classes in one cell: of very many classes all columns would be gigabytes."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.files.strict import parse_json

LIKELIEST = "likeliest"  # the title of the column that stands for those of the classes
MOST_CELLS = 1_000_000  # probabilities with a cell each
NUM_LIKELIEST = 20  # and the row's own labels


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
