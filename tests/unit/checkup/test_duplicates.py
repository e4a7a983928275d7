import numpy as np
import pytest
from PIL import Image

from warmstart.checkup import duplicates
from warmstart.checkup.duplicates import (
    groups_of_content,
    near_pairs,
    same_content,
    similarity,
    thumbnails,
)

RANDOM = np.random.default_rng(0)


def test_pairs_are_found_across_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(duplicates, "PAIR_ROWS", 7)
    rows = RANDOM.normal(size=(40, 30)) + 5  # what all share must not make them alike
    rows[33] = rows[2] + 0.05 * RANDOM.normal(size=30)
    rows[9] = rows[8] + 0.05 * RANDOM.normal(size=30)
    pairs, similarity = near_pairs(rows, 0.9)
    assert pairs.tolist() == [[2, 33], [8, 9]]
    assert (similarity > 0.98).all()


def test_blocks_change_no_pair(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = RANDOM.normal(size=(90, 3))
    whole, _ = near_pairs(rows, 0.99)
    monkeypatch.setattr(duplicates, "PAIR_ROWS", 11)
    parts, _ = near_pairs(rows, 0.99)
    assert len(whole) > 5
    assert parts.tolist() == whole.tolist()


def test_a_row_of_many_alike_keeps_the_nearest_in_any_blocks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rows = RANDOM.normal(size=(120, 4))
    rows[20:80] = rows[20] + 0.1 * RANDOM.normal(size=(60, 4))
    monkeypatch.setattr(duplicates, "DENSE", 1.0)
    whole, values = near_pairs(rows, 0.5)
    assert np.bincount(whole[:, 0]).max() == duplicates.MOST_PER_ROW
    for block, pair, dense in ((13, 5, 0.0), (40, 256, 0.02), (500, 9, 0.0)):
        monkeypatch.setattr(duplicates, "BLOCK_ROWS", block)
        monkeypatch.setattr(duplicates, "PAIR_ROWS", pair)
        monkeypatch.setattr(duplicates, "DENSE", dense)
        pairs, similar = near_pairs(rows, 0.5)
        assert pairs.tolist() == whole.tolist()
        assert np.allclose(similar, values, atol=1e-6)


def test_rows_of_one_content_are_grouped_as_a_dictionary_would() -> None:
    drawn = np.random.default_rng(1).integers(0, 2, (60, 32)).astype(np.uint8)
    contents = drawn[np.random.default_rng(2).integers(0, 60, 100)]
    rows = np.arange(100) * 3
    firsts, groups = groups_of_content(contents, rows)
    known = same_content(rows.tolist(), [content.tobytes() for content in contents])
    assert firsts.tolist() == [group[0] for group in known]
    assert groups == [group for group in known if len(group) > 1]
    none = groups_of_content(np.empty((0, 32), np.uint8), np.empty(0, np.int64))
    assert (len(none[0]), none[1]) == (0, [])


def test_no_row_and_one_row_have_no_pair() -> None:
    for number in (0, 1):
        pairs, _ = near_pairs(np.ones((number, 4)), 0.5)
        assert pairs.shape == (0, 2)


def picture(seed: int) -> Image.Image:
    """A few large blots: as photos, it has structure at every scale."""
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3)).astype(np.uint8)
    return Image.fromarray(noise).resize((320, 240), Image.Resampling.BICUBIC)


def like(first: Image.Image, second: Image.Image) -> float:
    pixels = [np.asarray(image, np.uint8) for image in (first, second)]
    return similarity(thumbnails(pixels[0]), thumbnails(pixels[1]))


def test_a_picture_is_known_again_smaller_and_a_little_cropped() -> None:
    image = picture(0)
    assert like(image, image.resize((150, 110))) > 0.99
    cropped = image.crop((12, 9, 312, 231))
    assert like(image, cropped) > 0.94
    assert like(cropped, image) > 0.94


def test_another_picture_is_not_known() -> None:
    assert max(like(picture(0), picture(seed)) for seed in range(1, 20)) < 0.9


def test_a_picture_of_one_colour_is_like_nothing() -> None:
    plain = Image.new("RGB", (50, 50), "grey")
    assert like(plain, plain) == 0.0
