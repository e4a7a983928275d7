"""What a command leaves out is counted and named, and it is the same for all commands."""

import csv
import os
from pathlib import Path

import pytest
from PIL import Image
from tests.unit.cli.conftest import Place, Run


def strew(place: Place) -> list[str]:
    """What strangers' folders hold beside the pictures; names of what is to be left out."""
    cat = place.photos / "cat"
    (cat / ".ipynb_checkpoints").mkdir()
    (cat / ".ipynb_checkpoints/00-checkpoint.png").write_bytes((cat / "00.png").read_bytes())
    (cat / "notes.txt").touch()
    os.mkfifo(cat / "pipe.jpg")
    (cat / "nowhere.png").symlink_to("nothing")
    with Image.open(cat / "01.png") as image:
        image.save(cat / "a.pgm")
        image.save(cat / "b.JFIF", "JPEG")
    (place.home / "more").mkdir()
    (cat / "02.png").rename(place.home / "more/02.png")
    (cat / "linked").symlink_to(place.home / "more")
    return ["cat/.ipynb_checkpoints/", "cat/notes.txt", "cat/pipe.jpg", "cat/nowhere.png"]


def test_predict_names_what_it_leaves_out(place: Place, run: Run) -> None:
    left_out = strew(place)
    said = run("predict", str(place.model), "dogscats")
    assert said.code == 0, said.err
    named = [line.split("\t")[0] for line in said.out.splitlines()]
    assert len(named) == len(set(named)) == 26
    assert {"dogscats/cat/a.pgm", "dogscats/cat/b.JFIF", "dogscats/cat/linked/02.png"} <= {*named}
    assert said.err.splitlines()[0] == "4 file(s) or folder(s) left out:"
    assert all(f"  dogscats/{name}: " in said.err for name in left_out)
    again = run("predict", str(place.model), "dogscats", "dogscats/dog", "--csv", "out.csv")
    assert "26 rows in out.csv" in again.out
    assert "16 left out, named in out-exclusions.csv" in again.err
    with Path("out-exclusions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["name"] for row in rows} >= {f"dogscats/{name}" for name in left_out}
    assert sum(row["reason"] == "named twice" for row in rows) == 12


def test_evaluate_judges_each_picture_once(place: Place, run: Run) -> None:
    left_out = strew(place)
    (place.photos / "loose.png").write_bytes((place.photos / "cat/00.png").read_bytes())
    said = run("evaluate", str(place.model), "dogscats", "--with-training-rows")
    assert said.code == 0, said.err
    assert "n = 26)" in said.out
    assert "5 file(s) or folder(s) left out:" in said.out
    assert all(f"  {name}: " in said.out for name in left_out)
    assert "  loose.png: not in a class folder" in said.out


def test_others_are_listed_by_the_same_rule(place: Place, run: Run) -> None:
    left_out = strew(place)
    words = ["train", "dogscats", "--lr", "0.01", "--size", "32", "--epochs", "1", "--no-report"]
    said = run(*words, "--others", "dogscats/cat", "--false-accept", "0.3", "--out", "run")
    assert said.code == 0, said.err
    assert "on 14 pictures of other things" in said.err
    assert all(f"  dogscats/{name}: " in said.err for name in left_out)
    with Path("run/exclusions.csv").open(newline="") as file:
        assert {row["name"] for row in csv.DictReader(file)} == set(left_out)


def test_a_folder_of_heic_alone_says_what_reads_them(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("warmstart.images.formats.has_heif", lambda: False)
    for path in place.photos.glob("*/*.png"):
        path.rename(path.with_suffix(".HEIC"))
    for words in (["train", "dogscats"], ["predict", str(place.model), "dogscats"],
                  ["evaluate", str(place.model), "dogscats"]):  # fmt: skip
        said = run(*words)
        assert said.code == 1
        assert ".heic can be read after: pip install 'warmstart[heif]'" in said.err
        assert said.fix == "pip install 'warmstart[heif]'"
