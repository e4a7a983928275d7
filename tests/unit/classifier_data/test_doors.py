"""The doors of ImageClassifierData, as people of fastai 0.7 and numpy come through them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from warmstart import ImageClassifierData, tfms_from_model
from warmstart.errors import SettingError

X = np.random.default_rng(0).integers(0, 256, (6, 9, 9, 3), np.uint8)
Y = np.arange(6) % 2
TFMS = tfms_from_model("tf_efficientnet_lite0", 32)
PAIR = (X, Y)
of = ImageClassifierData.from_arrays


@pytest.mark.parametrize(
    ("args", "more"),
    [
        ((PAIR, PAIR, TFMS, 4), {}),
        ((PAIR, PAIR, TFMS), {"bs": 4}),
        ((PAIR, PAIR), {"tfms": TFMS, "bs": "4"}),
        ((), {"trn": PAIR, "val": PAIR, "tfms": TFMS, "bs": np.int64(4)}),
        (("anywhere", PAIR, PAIR, 4), {"tfms": TFMS}),  # as in the note's source
        ((Path("anywhere"), PAIR, PAIR, 4, TFMS), {}),
        (("anywhere",), {"trn": PAIR, "val": PAIR, "bs": 4, "tfms": TFMS}),
    ],
)
def test_arrays_with_a_path_before_them_and_without(args: Any, more: Any) -> None:
    for read in (of, ImageClassifierData.from_array):
        data = read(*args, **more, classes=["a", "b"], quiet=True)
        assert (len(data.table.rows("train")), data.bs, data.classes) == (6, 4, ("a", "b"))
        assert data.tfms is TFMS


@pytest.mark.parametrize(
    ("args", "what"),
    [
        (("anywhere", PAIR, PAIR, 4), "2 of trn, val and tfms"),
        ((PAIR, PAIR), "2 of trn, val and tfms"),
        ((), "0 of trn, val and tfms"),
        ((PAIR, PAIR, TFMS, 4, TFMS), "4 of trn, val and tfms"),
        ((X, Y, TFMS), "no pair"),
        ((PAIR, (X,), TFMS), "no pair"),
        ((PAIR, PAIR, (TFMS, TFMS)), "tfms="),
        ((PAIR, PAIR, TFMS, 1), "bs=1"),
        ((PAIR, PAIR, TFMS, "many"), "bs='many'"),
    ],
)
def test_what_is_missing_or_no_pair_is_said(args: Any, what: str) -> None:
    with pytest.raises(SettingError, match=what):
        of(*args)


def test_arrays_may_differ_in_size() -> None:
    ragged = [X[0], X[1][:5], Image.fromarray(X[2]), X[3, ..., 0], X[4] / 255, X[5] > 99]
    data = of((ragged, Y), PAIR, TFMS, 4, quiet=True)
    assert [data.source.render(row).shape for row in range(6)] == [(32, 32, 3)] * 6


@pytest.mark.parametrize("sz", [(96, 96), [96, 96], "96", 96.0, np.int32(96)])
def test_a_square_is_its_side(sz: Any) -> None:
    assert tfms_from_model("tf_efficientnet_lite0", sz).recipe.size == 96


@pytest.mark.parametrize("sz", [(96, 128), (96,), (96, "x"), 4, 10**9, None.__class__, "big"])
def test_what_is_no_square_is_refused(sz: Any) -> None:
    with pytest.raises(SettingError, match="sz"):
        tfms_from_model("tf_efficientnet_lite0", sz)


def test_no_folder_is_the_folder_itself(tmp_path: Path) -> None:
    names = [f"{row}.png" for row in range(6)]
    for name, pixels in zip(names, X, strict=True):
        Image.fromarray(pixels).save(tmp_path / name)
    lines = [f"{name},{label}" for name, label in zip(names, "ababab", strict=True)]
    (tmp_path / "a.csv").write_text("name,label\n" + "\n".join(lines))
    for folder in (None, "", Path()):
        data = ImageClassifierData.from_csv(tmp_path, folder, "a.csv", TFMS, "4", quiet=True)  # type: ignore[arg-type]
        assert len(data.table) == 6
