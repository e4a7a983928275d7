"""Several labels in one cell of a CSV, such as RUN/predictions.csv: written and read back."""

import json
from collections.abc import Collection, Sequence

from warmstart.errors import printable

BETWEEN = "|"


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
        names = joined(cell.split(BETWEEN), set(classes))
    unknown = [name for name in names if name not in classes]
    if unknown:
        raise ValueError(f"{unknown[0]!r} is no class")
    return names


def joined(parts: Sequence[str], classes: set[str]) -> list[str]:
    """Parts of a cell as names that may hold the sign between them, the longest that fit first."""
    names, start = [], 0
    while start < len(parts):
        ends = range(len(parts), start, -1)
        end = next((e for e in ends if BETWEEN.join(parts[start:e]) in classes), start + 1)
        names.append(BETWEEN.join(parts[start:end]))
        start = end
    return names
