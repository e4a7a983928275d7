"""What a run's bits depend on is compared when it goes on; the same bytes twice are said."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.cli.conftest import SMALL, Place, Run, die_at, write_photos

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import tfms_from_model
from warmstart.learner.conv_learner import ConvLearner

TRAIN = ["train", "dogscats", "--lr", "0.01", *SMALL, "--others", "others", "--out", "run"]


def stopped(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that Ctrl-C ended after it had begun."""
    with monkeypatch.context() as patch:
        die_at(patch, "warmstart.cli.run.training.find_answers", 1, KeyboardInterrupt)
        assert run(*TRAIN).code == 130


@pytest.mark.parametrize("change", ["added", "removed", "changed"])
def test_other_pictures_of_other_things_are_refused(
    change: str, place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = write_photos(place.home / "others", 4)
    stopped(run, monkeypatch)
    one = others / "cat" / "00.png"
    if change == "added":
        Image.fromarray(np.full((30, 30, 3), 7, np.uint8)).save(others / "new.png")
    elif change == "removed":
        one.unlink()
    else:
        Image.fromarray(np.full((30, 30, 3), 7, np.uint8)).save(one)
    said = run("train", "--resume", "run")
    assert said.code == 1
    assert "its pictures of other things changed" in said.err


def test_the_same_pictures_under_other_names_go_on(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = write_photos(place.home / "others", 10)
    stopped(run, monkeypatch)
    (others / "cat" / "00.png").rename(others / "cat" / "zz.png")
    said = run("train", "--resume", "run")
    assert said.code == 0, said.err


def test_the_same_bytes_twice_are_said_and_trained_on(place: Place, run: Run) -> None:
    photos = sorted((place.photos / "cat").iterdir())
    for split in ("train", "valid"):
        for name in ("cat", "dog"):
            shutil.copytree(place.photos / name, place.home / "parts" / split / name)
    shutil.copy(photos[0], place.home / "parts" / "train" / "dog" / "twin.png")
    said = run("train", "parts", "--lr", "0.01", *SMALL, "--out", "run")
    assert said.code == 0, said.err
    assert (
        "note: the same bytes are in two splits: what trains also judges, 24 pictures, first: "
        "train/cat/00.png (train) = valid/cat/00.png (valid)"
    ) in said.err
    assert (
        "note: the same bytes are under two labels, 1 picture, first: "
        "train/cat/00.png (cat) = train/dog/twin.png (dog)"
    ) in said.err
    notes = json.loads(Path("run/data.json").read_text(encoding="utf-8"))["notes"]
    assert sum("the same bytes" in note for note in notes) == 2


def test_python_says_it_once(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copy(place.photos / "cat" / "00.png", place.photos / "dog" / "twin.png")
    tfms = tfms_from_model("tf_efficientnet_lite0", 32)
    data = ImageClassifierData.from_paths(place.photos, tfms, quiet=True)
    learn = ConvLearner.pretrained("tf_efficientnet_lite0", data, True, precision="f32")
    learn.fit(0.01, 1)
    learn.fit(0.01, 1)
    assert capsys.readouterr().err.count("under two labels") == 1


def test_nothing_is_said_of_pictures_that_differ(place: Place, run: Run) -> None:
    said = run("train", "dogscats", "--lr", "0.01", *SMALL, "--out", "run")
    assert "the same bytes" not in said.err
