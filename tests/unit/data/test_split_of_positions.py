"""A1: rows as people point at them, or a refusal by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import polars
import pytest
import torch

from warmstart.data.csv_table import read_csv
from warmstart.data.split import resolve_rows
from warmstart.errors import SettingError

MASK = [False, False, False, True, False, False, False, False, True, False]
FORMS: dict[str, Any] = {
    "list": [3, 8],
    "other order": (8, 3),
    "array": np.array([3, 8], np.uint8),
    "set": {3, 8},
    "range": range(3, 9, 5),
    "generator": (row for row in (3, 8)),
    "slice": slice(3, 9, 5),
    "numpy integers": [np.int64(3), np.int32(8)],
    "pandas index": pandas.Index([3, 8]),
    "pandas series": pandas.Series([3, 8], index=[0, 0]),
    "polars series": polars.Series([3, 8]),
    "tensor": torch.tensor([3, 8]),
    "mask": MASK,
    "mask, tuple": tuple(MASK),
    "mask, array": np.array(MASK),
    "mask, numpy booleans": [np.bool_(value) for value in MASK],
    "mask, objects": np.array(MASK, object),
    "mask, pandas": pandas.Series(MASK),
    "mask, pandas extension": pandas.Series(MASK, dtype="boolean"),
    "mask, polars": polars.Series(MASK),
    "mask, tensor": torch.tensor(MASK),
}
WRONG: dict[str, tuple[Any, str]] = {
    "beyond": ([3, 10], "10"),
    "before": ([-1], "-1"),
    "twice": ([3, 3], "3 more than once"),
    "zeros and ones": ([0, 0, 0, 1, 0, 0, 0, 0, 1, 0], "0; 1 more than once"),
    "floats": ([3.0, 8.0], "such as 3.0"),
    "floats, array": (np.array([3.5]), "such as 3.5"),
    "a missing one": (pandas.Series([3, None]), "such as 3.0"),
    "texts": (["3", "8"], "such as '3'"),
    "a text": ("38", "a str"),
    "a number": (3, "a int"),
    "none": ([], "nothing"),
    "no true": ([False] * 10, "nothing"),
    "all": (range(10), "every row"),
    "all true": ([True] * 10, "every row"),
    "a short mask": ([True, False], "2 values of true and false for 10 rows"),
    "a long mask": ([True] * 11, "11 values of true and false for 10 rows"),
    "mixed": ([True, 3], "such as True"),
    "two axes": ([[3], [8]], r"shape \(2, 1\)"),
    "ragged": ([[3], [8, 9]], "list"),
    "a mapping": ({3: True}, "a dict"),
    "dates": (np.array(["2020-01-01"], "datetime64[D]"), "such as datetime"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_names_the_same_rows(form: str) -> None:
    assert resolve_rows(FORMS[form], 10, "val_idxs").tolist() == [3, 8]


@pytest.mark.parametrize("form", WRONG)
def test_what_cannot_be_understood_is_refused(form: str) -> None:
    rows, what = WRONG[form]
    with pytest.raises(SettingError, match=f"val_idxs holds .*{what}"):
        resolve_rows(rows, 10, "val_idxs")


def test_a_mask_of_a_csv_validates_the_rows_that_it_marks(make: Callable[..., Path]) -> None:
    root = make(*(f"{row}.jpg" for row in range(10)))
    lines = [f"{row}.jpg,{'cat' if row % 2 else 'dog'}" for row in range(10)]
    path = root.parent / "labels.csv"
    path.write_text("\n".join(["name,label", *lines]))
    table = read_csv(path, root, val_idxs=np.array(MASK))
    assert [table.names[row] for row in table.rows("valid")] == ["3.jpg", "8.jpg"]
