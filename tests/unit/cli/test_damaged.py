"""Damaged JPEGs on the command line: named by every command, used where that is asked for."""

import csv
import io
from pathlib import Path

from PIL import Image
from tests.unit.cli.conftest import SMALL, Place, Run


def damage(place: Place) -> str:
    """Cut a picture in the middle, with an end marker behind, as a copy that was broken off."""
    file = io.BytesIO()
    with Image.open(place.photos / "cat" / "03.png") as image:
        image.save(file, "JPEG", quality=95)
    content = file.getvalue()
    (place.photos / "cat" / "03.jpg").write_bytes(content[: len(content) // 2] + b"\xff\xd9")
    (place.photos / "cat" / "03.png").unlink()
    return "cat/03.jpg"


def test_training_refuses_or_uses_them(place: Place, run: Run) -> None:
    name = damage(place)
    said = run("train", "dogscats", "--lr", "0.01", *SMALL, "--out", "first")
    assert said.code == 1
    assert f"{name}: damaged: " in said.err
    assert "--on-unreadable drop" in said.fix
    words = ["train", "dogscats", "--lr", "0.01", *SMALL, "--on-unreadable", "use"]
    said = run(*words, "--out", "second")
    assert said.code == 0, said.err
    assert f"1 damaged picture is used: {name} (damaged: " in said.out + said.err
    with Path("second/damaged.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["name"] for row in rows] == [name]
    assert "premature end" in rows[0]["reason"]
    assert "1 damaged picture is used" in Path("second/data.json").read_text()


def test_predicting_refuses_or_uses_them(place: Place, run: Run) -> None:
    name = damage(place)
    said = run("predict", str(place.model), "dogscats")
    assert said.code == 1
    assert f"{name}: damaged: " in said.err
    assert len(said.out.splitlines()) == 23
    said = run("predict", str(place.model), "dogscats", "--on-unreadable", "use")
    assert said.code == 0, said.err
    assert len(said.out.splitlines()) == 24
    assert f"note: 1 damaged picture is used: dogscats/{name} (damaged: " in said.err


def test_evaluating_refuses_or_uses_them(place: Place, run: Run) -> None:
    name = damage(place)
    words = ["evaluate", str(place.model), "dogscats", "--with-training-rows"]
    said = run(*words)
    assert said.code == 1
    assert f"{name}: damaged: " in said.err
    said = run(*words, "--on-unreadable", "use")
    assert said.code == 0, said.err
    assert f"note: 1 damaged picture is used: dogscats/{name}" in said.out


def test_a_checkup_names_them(place: Place, run: Run) -> None:
    name = damage(place)
    said = run("check", "dogscats", "--size", "32")
    assert name in said.out
    assert "damaged: " in said.out
