"""Names of files and classes that a terminal would obey, or a spreadsheet compute."""

import csv
import os
import shutil
from pathlib import Path

import pytest
from tests.unit.cli.conftest import SMALL, Place, Run

from warmstart.errors import OBEYED
from warmstart.files.cells import is_formula

CLASSES = ["=1+1", "b\x1b[31m\u202ed"]  # a class is a folder
NASTY = ["line\nfeed.png", "bell\x07.png", "=cmd.png", "-1.png", "\u202egnp.png", "tab\t.png"]
NO_TEXT = os.fsdecode(b"caf\xe9.png")


@pytest.fixture
def nasty(place: Place) -> Path:
    """The same photos under other names, and in classes that are called otherwise."""
    folder = place.home / "nasty"
    for name, ordinary in zip(CLASSES, ("cat", "dog"), strict=True):
        photos = sorted((place.photos / ordinary).iterdir())
        (folder / name).mkdir(parents=True)
        for photo, new in zip(photos, [*NASTY, *(f"{i}.png" for i in range(6))], strict=True):
            shutil.copy(photo, folder / name / new)
    return folder


def is_safe(text: str) -> bool:
    """Whether a text holds no signs that a terminal obeys but for its layout."""
    return not OBEYED.search(text.replace("\n", "").replace("\t", ""))


def cells(file: Path) -> list[str]:
    """All cells of a CSV but for numbers."""
    with file.open(encoding="utf-8", newline="") as text:
        return [cell for row in csv.reader(text, strict=True) for cell in row]


def test_a_whole_run_with_such_names(nasty: Path, place: Place, run: Run) -> None:
    for words in (
        ["train", str(nasty), "--lr", "0.01", *SMALL, "--report", "--out", "run"],
        ["check", str(nasty), "--size", "32", "--fixes-out", "fixes.csv"],
        ["predict", "run/model", str(nasty)],
        ["predict", "run/model", str(nasty), "--csv", "said.csv"],
        ["evaluate", "run/model", str(nasty)],
        ["report", "run"],
    ):
        said = run(*words)
        assert said.code == 0, said.err
        assert is_safe(said.out + said.err), words
    assert run("predict", "run/model", str(nasty)).out.count("\n") == 24
    for name in ("run/predictions.csv", "said.csv", "fixes.csv"):
        found = cells(Path(name))
        assert not any(is_formula(cell) or OBEYED.search(cell) for cell in found), name
    assert is_safe(Path("run/report.html").read_text(encoding="utf-8"))


def test_runs_with_such_names_are_compared(nasty: Path, place: Place, run: Run) -> None:
    for seed in ("0", "1"):
        options = ["--lr", "0.01", *SMALL, "--seed", seed, "--out", f"run{seed}"]
        assert run("train", str(nasty), *options).code == 0
    said = run("compare-runs", "run0", "run1")
    assert said.code == 0, said.err
    assert is_safe(said.out)


def test_a_run_of_before_is_read_with_its_raw_names(nasty: Path, place: Place, run: Run) -> None:
    options = ["--lr", "0.01", *SMALL]
    assert run("train", str(nasty), *options, "--out", "run0").code == 0
    shutil.copytree("run0", "run1")
    file = Path("run1/predictions.csv")
    with file.open(encoding="utf-8", newline="") as text:
        rows = list(csv.reader(text))
    raw = {"'=1+1": CLASSES[0], "b\\x1b[31m\\x202ed": CLASSES[1]}
    with file.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([[raw.get(cell, cell) for cell in row] for row in rows])
    assert CLASSES[0] in cells(file)
    assert run("compare-runs", "run0", "run1").code == 0
    assert run("report", "run1").code == 0


def test_fixes_of_such_names_are_taken(nasty: Path, place: Place, run: Run) -> None:
    from warmstart.data.fixes import Fix, write_fixes

    names = [f"{CLASSES[0]}/{NASTY[0]}", f"{CLASSES[1]}/{NASTY[1]}"]
    fixes = [Fix(names[0], "drop"), Fix(names[1], "relabel", CLASSES[0])]
    write_fixes(Path("fixes.csv"), fixes)
    assert not any(is_formula(cell) or OBEYED.search(cell) for cell in cells(Path("fixes.csv")))
    options = ["--lr", "0.01", *SMALL, "--fixes", "fixes.csv", "--out", "run"]
    said = run("train", str(nasty), *options)
    assert said.code == 0, said.err
    assert "1 dropped, 1 relabelled" in said.out
    assert is_safe(said.out + said.err)


@pytest.mark.skipif(os.name != "posix", reason="names are bytes there only")
def test_a_name_that_is_no_text(place: Place, run: Run) -> None:
    try:
        shutil.copy(place.photos / "cat" / "00.png", place.photos / "cat" / NO_TEXT)
    except OSError:
        pytest.skip("this disk takes names in UTF-8 only")
    for words in (
        ["predict", str(place.model), str(place.photos), "--csv", "said.csv"],
        ["predict", str(place.model), str(place.photos)],
        ["evaluate", str(place.model), str(place.photos), "--with-training-rows"],
        ["check", str(place.photos), "--size", "32"],
        ["train", str(place.photos), "--lr", "0.01", *SMALL, "--report", "--out", "run"],
    ):
        said = run(*words)
        assert said.code == 0, said.err
        assert is_safe(said.out + said.err)
        assert "caf" in said.out + said.err
    assert any("caf" in cell for cell in cells(Path("run/exclusions.csv")))
    assert any("caf" in cell for cell in cells(Path("said-exclusions.csv")))


@pytest.mark.skipif(os.name != "posix", reason="names are bytes there only")
def test_a_folder_whose_name_is_no_text(place: Place, run: Run) -> None:
    folder = place.photos.with_name(NO_TEXT)
    try:
        place.photos.rename(folder)
    except OSError:
        pytest.skip("this disk takes names in UTF-8 only")
    for words in (
        ["train", str(folder), "--lr", "0.01", *SMALL, "--out", "run"],
        ["predict", str(place.model), str(folder)],
        ["check", str(folder), "--size", "32"],
        ["evaluate", str(place.model), str(folder), "--with-training-rows"],
    ):
        said = run(*words)
        assert said.code in {0, 1}
        assert is_safe(said.out + said.err)
        assert said.code == 0 or "Error: " in said.err, said.err
