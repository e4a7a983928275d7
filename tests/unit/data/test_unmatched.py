import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from warmstart.data.columns import Columns
from warmstart.data.csv_table import read_csv
from warmstart.errors import DataError

Make = Callable[..., Path]


def error_of(root: Path, *names: str, columns: Columns | None = None) -> DataError:
    path = root.parent / "labels.csv"
    rows = [f"{name},{'cat' if row % 2 else 'dog'}" for row, name in enumerate(names)]
    path.write_text("\n".join(["name,label", *rows]))
    with pytest.raises(DataError) as caught:
        read_csv(path, root, columns or Columns())
    return caught.value


def test_all_missing_files_are_counted_and_the_first_named(make: Make) -> None:
    root = make("0.jpg")
    error = error_of(root, "0.jpg", *(f"x{number}.jpg" for number in range(9)))
    assert "9 of the 10 files that labels.csv names do not exist" in error.what
    assert f"{root / 'x0.jpg'} (line 3)" in error.what
    assert "and 4 more" in error.what


@pytest.mark.parametrize(
    ("file", "written", "columns", "fix"),
    [
        ("a.jpg", "a", Columns(), 'pass suffix=".jpg"'),
        ("a.jpg", "a.jpg", Columns(suffix=".jpg"), 'pass suffix=""'),
        ("img/a.jpg", "a.jpg", Columns(), 'pass folder="img"'),
        ("img/a.jpg", "a", Columns(), 'pass folder="img", suffix=".jpg"'),
        ("x/img/b/a.jpg", "b/a.jpg", Columns(), 'pass folder="x/img"'),
        ("a.jpg", "A.JPG", Columns(), "case or Unicode form"),
        (unicodedata.normalize("NFD", "é.jpg"), "é.jpg", Columns(), "case or Unicode form"),
        ("a.jpg", "zzz.jpg", Columns(), "check the folder and the suffix"),
        ("a.jpg", "nul\0.jpg", Columns(), "check the folder and the suffix"),
        ("a.jpg", "x" * 5000, Columns(), "check the folder and the suffix"),
    ],
)
def test_the_fix_is_guessed_from_what_is_there(
    make: Make, file: str, written: str, columns: Columns, fix: str
) -> None:
    assert fix in error_of(make(file), written, columns=columns).fix


@pytest.mark.parametrize(
    ("file", "written", "columns"),
    [("a.jpg", "a", Columns(suffix=".jpg")), ("i/a.jpg", "a", Columns(folder="i", suffix=".jpg"))],
)
def test_the_guessed_fix_leads_to_the_file(
    make: Make, file: str, written: str, columns: Columns
) -> None:
    """The next complaint is about the single class, no longer about files."""
    assert "1 class(es)" in error_of(make(file), written, columns=columns).what
