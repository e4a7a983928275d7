"""What show_batch draws."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from warmstart import DataError, ImageClassifierData, SettingError, tfms_from_model
from warmstart.classifier_data.shown import discarded
from warmstart.errors import UnreadableImageError

ARCH = "tf_efficientnet_lite0"


def read(root: Path, **more: Any) -> ImageClassifierData:
    """Three pictures of 60 × 30 per class, one class darker than the other."""
    random = np.random.default_rng(0)
    for k, name in enumerate(("dark", "light")):
        for i in range(4):
            pixels = random.integers(0, 100, (30, 60, 3)) + 150 * k
            place = root / ("train" if i else "valid") / name / f"{i}.png"
            place.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels.astype(np.uint8)).save(place)
    return ImageClassifierData.from_paths(root, tfms_from_model(ARCH, 24, **more))


def drawn(figure: Any) -> list[tuple[str, Any]]:
    return [(a.get_title(), a.images[0].get_array()) for a in figure.axes if a.images]


def test_rows_of_the_plain_view_and_the_ones_that_epochs_see(tmp_path: Path) -> None:
    data = read(tmp_path / "photos", aug_tfms="side_on")
    figure = data.show_batch(tmp_path / "new" / "batch.png", num_rows=2, num_views=3)
    assert (tmp_path / "new" / "batch.png").stat().st_size > 1000
    pictures = drawn(figure)
    assert [title for title, _ in pictures[1:4]] == ["view 1", "view 2", "view 3"]
    assert len(pictures) == 2 * 4
    for first in (0, 4):
        label = pictures[first][0]
        row = next(
            int(row)
            for row in data.table.rows("train")
            if np.array_equal(data.source.render(int(row)), pictures[first][1])
        )
        assert data.classes[int(data.table.labels[row])] == label
        for view in (1, 2, 3):
            assert np.array_equal(pictures[first + view][1], data.source.render(row, view))


def test_where_views_are_alike_only_plain_ones_are_drawn(tmp_path: Path) -> None:
    data = read(tmp_path)
    pictures = drawn(data.show_batch(num_rows=6, num_views=3))
    assert sorted(title for title, _ in pictures) == ["dark"] * 3 + ["light"] * 3


def test_the_seed_says_which(tmp_path: Path) -> None:
    data = read(tmp_path)
    one, same, two = (drawn(data.show_batch(num_rows=5, seed=seed)) for seed in (0, 0, 1))
    assert all(np.array_equal(a[1], b[1]) for a, b in zip(one, same, strict=True))
    assert not all(np.array_equal(a[1], b[1]) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize(("crop", "share"), [("center", 1 - 0.875**2 / 2), ("pad", 0.0)])
def test_the_share_that_the_crop_leaves_out(tmp_path: Path, crop: str, share: float) -> None:
    data = read(tmp_path, crop_type=crop)
    found = discarded(data.source)
    assert found.median == pytest.approx(share)
    assert (found.num_images, found.num_unreadable) == (6, 0)
    assert f"{100 * share:.0f} % of an image's pixels" in data.views_in_words()


def test_pictures_in_memory(tmp_path: Path) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 30, 60), dtype=np.uint8)
    labels = np.array([0, 1] * 3)
    data = ImageClassifierData.from_arrays(
        (pixels, labels), (pixels, labels), tfms_from_model(ARCH, 24)
    )
    assert discarded(data.source).median == pytest.approx(1 - 0.875**2 / 2)
    assert len(drawn(data.show_batch())) == 4


def test_a_picture_that_cannot_be_read(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "train" / "dark" / "2.png").write_bytes(b"no picture")
    with pytest.raises(UnreadableImageError, match=r"2\.png"):
        read_again(tmp_path, "raise").show_batch(num_rows=6)
    data = read_again(tmp_path, "drop")
    assert len(drawn(data.show_batch(num_rows=6))) == 5
    assert "5 training images; 1 cannot be read" in data.views_in_words()


def read_again(root: Path, on_unreadable: str) -> ImageClassifierData:
    return ImageClassifierData.from_paths(
        root, tfms_from_model(ARCH, 24), on_unreadable=on_unreadable
    )


def test_nothing_to_draw(tmp_path: Path) -> None:
    data = read(tmp_path)
    with pytest.raises(SettingError, match="num_rows=0"):
        data.show_batch(num_rows=0)
    for path in (tmp_path / "train").rglob("*.png"):
        path.write_bytes(b"no picture")
    with pytest.raises(DataError, match="none of the 6"):
        discarded(data.source)
