import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.errors import printable
from warmstart.files.cells import by_cell, is_formula, safe_cell, unquoted, write_rows

FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "\t=1", "\n=1", "\uff1d1+1", "'=1", "''=1"]


@pytest.mark.parametrize("name", FORMULAS)
def test_no_cell_is_a_formula(name: str) -> None:
    cell = safe_cell(name)
    assert not is_formula(cell)
    assert printable(cell) == cell
    assert unquoted(cell) == printable(name)
    assert by_cell([name, "cat"])[cell] == name


@pytest.mark.parametrize(
    "name", ["cat", "2-1", "a=b", "it's", "'tis", "猫", "a,b", 'say "x"', "1.5"]
)
def test_an_ordinary_name_is_its_own_cell(name: str) -> None:
    assert safe_cell(name) == name


@given(
    st.lists(st.text(st.characters(codec="utf-8"), min_size=1), min_size=1, max_size=5, unique=True)
)
def test_rows_are_read_back_by_name(names: list[str]) -> None:
    if len({safe_cell(name) for name in names}) < len(names):
        return
    file = io.StringIO(newline="")
    write_rows(file, [names])
    (cells,) = csv.reader(io.StringIO(file.getvalue(), newline=""), strict=True)
    found = by_cell(names)
    assert [found[cell] for cell in cells] == names


def test_numbers_are_no_text() -> None:
    file = io.StringIO(newline="")
    write_rows(file, [(-1.5, "-1.5", 3)])
    assert file.getvalue() == "-1.5,'-1.5,3\r\n"
