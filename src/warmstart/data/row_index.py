"""Rows as people point at them: positions, a boolean mask, a slice."""

from collections.abc import Iterable
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from warmstart.data.listed import first_few
from warmstart.errors import SettingError


def resolve_rows(rows: Any, num_rows: int, argument: str) -> NDArray[np.int64]:
    """Positions of the rows that an argument means, in order.

    Args:
        rows: Positions from 0, each once: numbers in a list, an array, a column of a frame, a
            range or a slice; or a mask: true or false for each of the ``num_rows`` rows.
        num_rows: How many rows there are.
        argument: What errors call it.

    Returns:
        (n,) positions; an error names what is no row, is named twice, or is of another length.
    """
    what = f"{argument} holds "
    values = row_values(rows, num_rows)
    if values is None or values.ndim != 1:
        refuse_row_index(argument, num_rows, what + rows_in_words(rows, values))
    if values.dtype == np.bool_:
        if len(values) != num_rows:
            told = f"{len(values)} values of true and false for {num_rows} rows"
            refuse_row_index(argument, num_rows, what + told)
        values = np.flatnonzero(values)
    elif values.size and values.dtype.kind not in "iu":
        refuse_row_index(argument, num_rows, what + rows_in_words(rows, values))
    if not values.size:
        refuse_row_index(argument, num_rows, what + "nothing")
    outside = [str(row) for row in values.tolist() if not 0 <= row < num_rows]
    if outside:
        refuse_row_index(argument, num_rows, f"{what}{first_few(outside)}")
    found, counts = np.unique(values, return_counts=True)
    if (counts > 1).any():
        is_mask = len(values) == num_rows and set(found.tolist()) <= {0, 1}
        told = f"{first_few([str(row) for row in found[counts > 1].tolist()])} more than once"
        hint = f"pass np.array({argument}, bool), if it is a mask." if is_mask else ""
        refuse_row_index(argument, num_rows, what + told, hint)
    if len(found) == num_rows:
        refuse_row_index(argument, num_rows, f"{what}every row, so that none is left to train on")
    return found.astype(np.int64)


def row_values(rows: Any, num_rows: int) -> NDArray[Any] | None:
    """The values as one array; None for what holds none."""
    if isinstance(rows, slice):
        return np.arange(num_rows)[rows]
    if isinstance(rows, (str, bytes, dict)) or not (
        isinstance(rows, Iterable) or hasattr(rows, "__array__")
    ):
        return None
    if not hasattr(rows, "__array__"):
        rows = list(rows)
        kinds = {type(value) for value in rows}
        if any(issubclass(kind, (bool, np.bool_)) for kind in kinds) and len(kinds) > 1:
            return np.array(rows, object)  # numpy would make numbers of true and false
    try:
        values = np.asarray(rows)
    except (ValueError, TypeError):  # lists of different lengths
        return None
    if values.dtype == object and values.size and values.ndim == 1:
        kinds = {type(value) for value in values.tolist()}
        if len(kinds) == 1 and kinds <= {bool, int, np.bool_}:  # a column of a frame may be such
            return np.array(values.tolist())
    return values


def rows_in_words(rows: Any, values: NDArray[Any] | None) -> str:
    """What somebody passed in place of positions."""
    if values is None:
        return f"a {type(rows).__name__}"
    if values.ndim != 1:
        return f"an array of shape {values.shape}"
    return f"values that are no positions, such as {values.tolist()[0]!r}"


def refuse_row_index(argument: str, num_rows: int, what: str, hint: str = "") -> NoReturn:
    """An argument that names no rows.

    Raises:
        SettingError: always.
    """
    raise SettingError(
        f"{what}.",
        expected=f"positions from 0 to {num_rows - 1}, each once, or {num_rows} values of true and "
        "false.",
        fix=hint or f"leave {argument} away, to have validation rows drawn or read from a column.",
    )
