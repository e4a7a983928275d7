"""Judging is not training: one row is enough, and rows that trained do not judge unnoticed."""

import json
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.cli.conftest import Place, Run

from warmstart import load_predictor

NUM_TRAINED, NUM_VALID = 20, 4  # of the 24 photos


def write_new(folder: Path, *names: str) -> None:
    """Pictures that no model has seen, each reddish where its path says cat, else bluish."""
    for number, name in enumerate(names):
        pixels = np.random.default_rng(100 + number).integers(0, 90, (40, 40, 3))
        pixels[..., 0 if "cat" in name else 2] += 150
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels.astype(np.uint8)).save(folder / name)


def test_the_rows_that_trained_are_left_out(place: Place, run: Run) -> None:
    """A11: as README does it, straight after ``train``."""
    said = run("evaluate", str(place.model), "dogscats")
    assert said.code == 0, said.err
    assert "24 pictures of 2 classes in dogscats" in said.out
    assert f"{NUM_TRAINED} of 24 pictures are left out: the model was trained on them" in said.out
    found = re.search(r"accuracy ([\d.]+) \(95 % ([\d.]+) to ([\d.]+), n = 4\)", said.out)
    assert found is not None
    told = json.loads((place.model.parent / "scores.json").read_text())
    assert told["num_rows"] == NUM_VALID
    assert float(found[1]) == pytest.approx(told["scores"]["accuracy"]["value"], abs=1e-4)
    assert "flatters" not in said.out


def test_they_are_judged_where_somebody_insists(place: Place, run: Run) -> None:
    said = run("evaluate", str(place.model), "dogscats", "--with-training-rows")
    assert said.code == 0, said.err
    assert "n = 24)" in said.out
    assert "note: the model itself was chosen by these same rows, which flatters" in said.out


def test_nothing_else_to_judge_is_an_error_with_a_fix(place: Place, run: Run) -> None:
    valid = {
        line.split(",")[1]
        for line in (place.model.parent / "predictions.csv").read_text().splitlines()[1:]
    }
    for path in place.photos.glob("*/*.png"):
        if path.relative_to(place.photos).as_posix() in valid:
            path.unlink()
    said = run("evaluate", str(place.model), "dogscats")
    assert said.code == 1
    assert "trained on all of these 20 pictures" in said.err
    mended = run(*shlex.split(said.fix)[1:])
    assert mended.code == 0
    assert "n = 20)" in mended.out


def test_an_older_model_says_that_it_cannot_tell(place: Place, run: Run) -> None:
    shutil.copytree(place.model, place.home / "model")
    (place.home / "model/seen_pictures.safetensors").unlink()
    card = place.home / "model/model.json"
    entry = json.loads(card.read_text())
    del entry["seen_pictures"]
    card.write_text(json.dumps(entry))
    said = run("evaluate", "model", "dogscats")
    assert said.code == 0, said.err
    assert "n = 24)" in said.out
    assert "cannot tell which pictures it was trained on" in said.out


def test_python_judges_the_same(place: Place, run: Run, capfd: pytest.CaptureFixture[str]) -> None:
    predictor = load_predictor(place.model)
    found = predictor.evaluate("dogscats")
    err = capfd.readouterr().err
    assert f"{NUM_TRAINED} of 24 pictures are left out: the model was trained on them" in err
    assert len(found.rows) == NUM_VALID
    assert sum(reason == "the model was trained on it" for _, reason in found.left_out) == 20
    assert found.scores(num_resamples=0)["accuracy"].value == found.accuracy
    quiet = predictor.evaluate("dogscats", with_training_rows=True, quiet=True)
    assert quiet.chosen_on_these == ("the model itself",)
    assert len(quiet.rows) == 24
    assert capfd.readouterr().err == ""
    assert all(note in run("evaluate", str(place.model), "dogscats").out for note in found.notes)


def test_one_picture_is_enough(place: Place, run: Run) -> None:
    """C1: of one class, beside an empty class folder and one without a label."""
    write_new(place.home, "new/cat/a.png", "new/loose.png")
    (place.home / "new/dog").mkdir()
    said = run("evaluate", str(place.model), "new")
    assert said.code == 0, said.err
    assert "n = 1)" in said.out
    assert "note: 1 class folder(s) have no picture: dog" in said.out
    assert "  loose.png: not in a class folder" in said.out
    (place.home / "T.csv").write_text("name,label\nnew/cat/a.png,cat\nnew/loose.png,")
    table = run("evaluate", str(place.model), "T.csv")
    assert table.code == 0, table.err
    assert table.out.splitlines()[-1] == said.out.splitlines()[-1]
    assert "  new/loose.png: has no label" in table.out


def test_a_part_is_judged_and_said(place: Place, run: Run) -> None:
    write_new(place.home, "new/valid/cat/a.png", "new/test/dog/b.png", "new/test/dog/c.png")
    words = ["evaluate", str(place.model), "new"]
    said = run(*words)
    assert "1 pictures of 1 classes in new/valid" in said.out
    assert "note: the part valid is judged, not test (see --split)" in said.out
    assert "n = 2)" in run(*words, "--split", "Testing").out
    missing = run(*words, "--split", "train")
    assert missing.code == 2
    assert run(*shlex.split(missing.fix)[1:]).code == 0


def test_the_split_column_says_the_part_and_no_label(place: Place, run: Run) -> None:
    """C1: whatever its title, its words and its place."""
    write_new(place.home, *(f"new/{name}/{i}.png" for name in ("cat", "dog") for i in range(3)))
    lines = [
        f"new/{name}/{i}.png,{'test' if i else 'train'},{name}"
        for name in ("cat", "dog")
        for i in range(3)
    ]
    (place.home / "T.csv").write_text("\n".join(["file,s,what", *lines]))
    words = ["evaluate", str(place.model), "T.csv", "--split-column", "s"]
    part = run(*words, "--split", "test")
    assert part.code == 0, part.err
    assert "n = 4)" in part.out
    assert "2 row(s) of other parts are not judged" in part.out
    none = run(*words, "--split", "valid")
    assert none.code == 1
    assert "has no valid rows" in none.err
    assert run(*shlex.split(none.fix)[1:]).out == part.out
    assert run(*words[:3], "--label-sep", "|").code == 2


def test_unreadable_pictures_are_named(place: Place, run: Run) -> None:
    for name in ("cat/01.png", "dog/11.png"):
        (place.photos / name).write_bytes(b"no picture")
    said = run("evaluate", str(place.model), "dogscats")
    assert said.code == 1
    assert "2 images cannot be decoded" in said.err
    assert "accuracy" not in said.out


def test_a_published_model_is_judged_by_its_name(place: Place, run: Run) -> None:
    """C11: on folders of its classes, and on a table of them."""
    write_new(place.home, "new/goldfish/cat1.png", "new/tabby/2.png")
    said = run("evaluate", "tf_efficientnet_lite0", "new")
    assert said.code == 0, said.err
    assert "n = 2)" in said.out
    assert "cannot tell which pictures it was trained on" in said.out
    (place.home / "T.csv").write_text("file,what\nnew/goldfish/cat1.png,goldfish")
    table = run("evaluate", "tf_efficientnet_lite0", "T.csv")
    assert table.code == 0, table.err
    assert "n = 1)" in table.out
    wrong = run("evaluate", "tf_eficientnet_lite0", "new")
    assert wrong.fix == "warmstart evaluate tf_efficientnet_lite0 new"
