"""Figures of the report: what is drawn where, on any background, whatever the names are."""

import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from warmstart.plots.activation_map import MOST_FOR_TSNE, plot_activation_map, two_dimensions
from warmstart.plots.confusion import plot_confusion
from warmstart.plots.figure import svg_of
from warmstart.plots.pictures import overlaid, plot_gallery
from warmstart.results.confusion import ConfusionMatrix

NASTY = ("<script>alert(1)</script>", "$\\frac{", "a$b$c", "狗 & 猫", "--><b>")


def squares(number: int) -> list[np.ndarray]:
    return [np.full((8, 8, 3), 10 * i, np.uint8) for i in range(number)]


def test_a_gallery_has_each_picture_with_its_caption(tmp_path: Path) -> None:
    captions = [f"caption {i} $x" for i in range(8)]
    figure = plot_gallery(squares(8), captions, tmp_path / "new" / "g.png", title="8 $ pictures")
    drawn = [axes for axes in figure.axes if axes.images]
    assert len(drawn) == 8
    for i, axes in enumerate(drawn):
        assert np.asarray(axes.images[0].get_array()).max() == 10 * i
        assert axes.get_title().startswith(f"caption {i} ")
    assert (tmp_path / "new" / "g.png").stat().st_size > 1000
    assert len(plot_gallery([], [], title="none").axes) == 1


def test_the_map_lies_over_the_picture_where_it_is_high() -> None:
    grey = np.full((40, 60, 3), 128, np.uint8)
    heat = np.zeros((4, 6))
    dark = overlaid(grey, heat)
    assert (dark == dark[0, 0]).all()
    assert dark.max() < 100  # nothing was found there
    heat[0, 5] = 1
    out = overlaid(grey, heat)
    assert out.shape == grey.shape
    assert (out[25:, :30] == dark[25:, :30]).all()
    corner = out[2, 57].astype(int)
    assert corner[0] > 160 > corner[2]  # the map's brightest colour is a yellow
    assert (grey == 128).all()


def test_the_map_is_the_brighter_the_higher_and_the_picture_stays_visible() -> None:
    """D8: it was pale."""
    stripes = np.full((40, 40, 3), (30, 200, 60), np.uint8)  # a colour, which the map must not have
    stripes[::2] = (200, 30, 30)
    luminance = [
        float(overlaid(stripes, np.full((4, 4), heat)).astype(float).mean(axis=(0, 1))
              @ [0.299, 0.587, 0.114])
        for heat in (0.0, 0.25, 0.5, 0.75, 1.0)
    ]  # fmt: skip
    assert luminance == sorted(luminance)
    assert luminance[-1] > luminance[0] + 100
    for heat in (0.0, 0.5, 1.0):
        out = overlaid(stripes, np.full((4, 4), heat)).astype(int)
        assert abs(out[0, 0].sum() - out[1, 0].sum()) > 40


def test_errors_have_another_hue_than_what_is_right_and_one_is_seen() -> None:
    """D8: both were blue."""
    figure = plot_confusion(np.array([[999, 1], [0, 1000]]), ("a", "b"))
    images: list[Any] = list(figure.axes[0].images)
    wrong, right = (each.to_rgba(each.get_array()) for each in images)
    assert wrong[0, 1, 0] > wrong[0, 1, 2]  # orange
    assert wrong[0, 1, 3] > 0.25
    assert right[0, 0, 2] > right[0, 0, 0]  # blue
    assert wrong[1, 0, 3] == right[1, 0, 3] == 0  # no error, no colour


@pytest.mark.parametrize("number", [40, MOST_FOR_TSNE + 1], ids=["t-SNE", "components"])
def test_like_rows_are_neighbours_and_the_same_seed_gives_the_same_bits(number: int) -> None:
    random = np.random.default_rng(0)
    labels = np.arange(number) % 2
    activations = random.normal(0, 1, (number, 12)).astype(np.float16)
    activations[:, 0] += (20 * labels).astype(np.float16)
    points, method = two_dimensions(activations)
    assert (method == "t-SNE") == (number == 40)
    assert points.shape == (number, 2)
    distances = np.linalg.norm(points[:200, None] - points[None, :200], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = labels[:200][distances.argmin(axis=1)]
    assert (nearest == labels[:200]).mean() > 0.97
    assert two_dimensions(activations)[0].tobytes() == points.tobytes()


@pytest.mark.parametrize("shape", [(1, 5), (2, 5), (30, 1), (3, 2)])
def test_few_rows_and_few_features_have_points_too(shape: tuple[int, int]) -> None:
    points, _ = two_dimensions(np.random.default_rng(0).normal(0, 1, shape))
    assert points.shape == (shape[0], 2)
    assert np.isfinite(points).all()


def test_the_wrong_ones_are_ringed_and_classes_have_colours() -> None:
    points = np.arange(24, dtype=float).reshape(12, 2)
    labels = np.array([0] * 5 + [1] * 5 + [-1] * 2)
    wrong = np.zeros(12, bool)
    wrong[[3, 7]] = True
    figure = plot_activation_map(points, labels, wrong, ("cat", "a$b$"))
    drawn = {str(one.get_label()): one for one in figure.axes[0].collections}
    assert list(drawn) == ["no label", "cat", "a\\$b\\$", "predicted wrong"]
    assert np.asarray(drawn["cat"].get_offsets()).tolist() == points[:5].tolist()
    assert np.asarray(drawn["predicted wrong"].get_offsets()).tolist() == points[[3, 7]].tolist()


def test_an_svg_has_the_page_s_colours_and_its_own_ids() -> None:
    matrix = ConfusionMatrix(np.array([[3, 1], [0, 4]]), ("cat", "dog"))
    first, second = (svg_of(matrix.plot(), name) for name in ("one", "two"))
    assert first == svg_of(matrix.plot(), "one")
    assert "#000000" not in first
    assert "currentColor" in first
    assert "<text" in first
    ids = [{e.attrib["id"] for e in ET.fromstring(svg).iter() if "id" in e.attrib}
           for svg in (first, second)]  # fmt: skip
    assert ids[0]
    assert not ids[0] & ids[1]
    for name in [part.split(")")[0] for part in first.split("url(#")[1:]]:
        assert name in ids[0]


def test_names_of_classes_are_text_whatever_they_are() -> None:
    matrix = ConfusionMatrix(np.eye(5, dtype=np.int64), NASTY)
    svg = svg_of(matrix.plot(), "names")
    texts = ["".join(e.itertext()).strip() for e in ET.fromstring(svg).iter()
             if e.tag.endswith("}text")]  # fmt: skip
    assert "a$b$c" in texts
    assert "狗 & 猫" in texts
    assert "$\\frac{" in texts
    assert "<script" not in svg
    assert "--><b>" not in svg


def test_two_hundred_classes_are_ordered_by_what_is_confused() -> None:
    """Pairs far apart in the alphabet are confused; in the picture they are neighbours."""
    number = 200
    counts = 20 * np.eye(number, dtype=np.int64)
    half = number // 2
    for k in range(half):
        counts[k, k + half] = counts[k + half, k] = 9
    names = tuple(f"class {k}" for k in range(number))
    figure = plot_confusion(counts, names)
    drawn = np.asarray(figure.axes[0].images[0].get_array())
    off = np.argwhere((drawn > 0) & ~np.eye(number, dtype=bool))
    assert len(off) == number
    assert (np.abs(off[:, 0] - off[:, 1]) == 1).all()
    assert 20 < len(figure.axes[0].get_xticklabels()) <= 60
