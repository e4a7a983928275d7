"""Damaged JPEGs: refused by default, left out, or used and named."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.unit.learner.conftest import small_network, squares

from warmstart import ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.errors import UnreadableImageError, UnreadableImagesError

Read = Callable[..., ImageClassifierData]
DAMAGED = ("train/1/1.jpg", "valid/0/0.jpg")


def damaged(content: bytes) -> bytes:
    return content[: len(content) // 2] + b"\xff\xd9"


@pytest.fixture
def read(tmp_path: Path) -> Read:
    """JPEGs in class folders, one of each split damaged."""
    for split, number, seed in (("train", 18, 1), ("valid", 9, 2)):
        for row, (pixels, label) in enumerate(zip(*squares(number, seed), strict=True)):
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG", quality=95)
            path = tmp_path / "data" / split / str(label) / f"{row}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            content = file.getvalue()
            name = path.relative_to(tmp_path / "data").as_posix()
            path.write_bytes(damaged(content) if name in DAMAGED else content)

    def again(on_unreadable: str, aug_tfms: Any = None) -> ImageClassifierData:
        half = (0.5, 0.5, 0.5)
        tfms = tfms_from_model(small_network, 32, aug_tfms=aug_tfms, mean=half, std=half)
        return ImageClassifierData.from_paths(
            tmp_path / "data", tfms, 8, on_unreadable=on_unreadable, quiet=True
        )

    return again


def learner(data: ImageClassifierData, cache: Path, precompute: bool | int) -> ConvLearner:
    return ConvLearner.pretrained(
        small_network, data, precompute, pretrained=False, device="cpu", cache_dir=cache,
        quiet=True, precision="f32", train_precision="f32",
    )  # fmt: skip


@pytest.mark.parametrize("precompute", [False, True, 2])
def test_they_are_unreadable_by_default(read: Read, tmp_path: Path, precompute: int) -> None:
    with pytest.raises(UnreadableImagesError, match="premature end") as caught:
        learner(read("raise"), tmp_path / "cache", precompute).fit(0.01, 1)
    assert sorted(error.name for error in caught.value.errors) == sorted(DAMAGED)


@pytest.mark.parametrize("precompute", [False, True, 2])
def test_they_are_used_and_named(read: Read, tmp_path: Path, precompute: int) -> None:
    for _ in range(2):  # the second one finds all rows stored, and names them as well
        learn = learner(read("use", "basic"), tmp_path / "cache", precompute)
        learn.fit(0.01, 2)
        assert len(learn.data.table) == 27
        assert learn.data.table.exclusions == ()
        assert sorted(item.name for item in learn.data.table.damaged) == sorted(DAMAGED)
        assert all("premature end" in item.reason for item in learn.data.table.damaged)
        (said,) = (note for note in learn.data.table.notes if "damaged" in note)
        assert said.startswith("2 damaged pictures are used: ")
        assert all(name in said for name in DAMAGED)
        found = learn.predict("valid")
        assert len(found.rows) == 9
        (said,) = found.notes
        assert said.startswith("1 damaged picture is used: valid/0/0.jpg (damaged: ")
        assert learn.TTA(2).notes == found.notes


def test_what_is_stored_of_them_is_served_to_nobody_else(read: Read, tmp_path: Path) -> None:
    used = learner(read("use"), tmp_path / "cache", precompute=True)
    used.fit(0.01, 1)
    with pytest.raises(UnreadableImagesError):
        learner(read("raise"), tmp_path / "cache", precompute=True).fit(0.01, 1)
    dropped = learner(read("drop"), tmp_path / "cache", precompute=True)
    dropped.fit(0.01, 1)
    assert {item.name for item in dropped.data.table.exclusions} == set(DAMAGED)
    assert dropped.data.table.damaged == ()


def test_what_cannot_be_decoded_at_all_is_an_error_where_damaged_ones_are_used(
    read: Read, tmp_path: Path
) -> None:
    (tmp_path / "data" / "train" / "0" / "0.jpg").write_bytes(b"no picture")
    data = read("use")
    with pytest.raises(UnreadableImagesError) as caught:
        learner(data, tmp_path / "cache", precompute=True).fit(0.01, 1)
    assert [error.name for error in caught.value.errors] == ["train/0/0.jpg"]
    assert data.table.damaged == ()


def test_a_saved_model_names_them_too(read: Read, tmp_path: Path) -> None:
    learn = learner(read("use"), tmp_path / "cache", precompute=True)
    learn.fit(0.01, 1)
    learn.save(tmp_path / "model")
    predictor = load_predictor(tmp_path / "model", device="cpu", arch=small_network)
    folder = tmp_path / "data" / "valid"
    with pytest.raises(UnreadableImagesError, match=r"0\.jpg: damaged"):
        predictor.predict(folder)
    found = predictor.predict(folder, on_unreadable="use")
    assert len(found.rows) == 9
    assert len(found.notes) == 1
    assert found.notes[0].startswith("1 damaged picture is used: ")
    np.testing.assert_allclose(found.probabilities, learn.predict("valid").probabilities, atol=1e-5)
    assert learn.predict(folder).notes == found.notes
    assert predictor.TTA(folder, 2, on_unreadable="use").notes == found.notes
    judged = predictor.evaluate(folder, on_unreadable="use", quiet=True)
    assert any("1 damaged picture is used" in note for note in judged.notes)
    with pytest.raises(UnreadableImagesError):
        predictor.evaluate(folder, quiet=True)


def test_they_are_shown_as_far_as_they_go(read: Read) -> None:
    assert read("use").show_batch(num_rows=18) is not None
    with pytest.raises(UnreadableImageError, match="damaged"):
        read("raise").show_batch(num_rows=18)


def test_a_checkup_names_them(read: Read, tmp_path: Path) -> None:
    for how in ("raise", "use"):
        found = read(how).check("tf_efficientnet_lite0", cache_dir=tmp_path / "cache", quiet=True)
        assert sorted(item.name for item in found.unreadable) == sorted(DAMAGED)
        assert all("damaged: " in item.reason for item in found.unreadable)
