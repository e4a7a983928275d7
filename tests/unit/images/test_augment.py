from dataclasses import fields, replace

import numpy as np
import pytest

from warmstart.errors import SettingError
from warmstart.images.augment import (
    ERASED_AREA,
    ERASED_ASPECT,
    Augmentation,
    Variation,
    draw_variation,
    transforms_basic,
    transforms_side_on,
    transforms_top_down,
)
from warmstart.images.geometry import symmetry

CONTENT = bytes(range(32))
EVERYTHING = Augmentation("everything", 20, 0.2, "top_down", 1.5, 0.5, "trivial_augment")
CHANGED = {
    "max_rotation_degrees": 21,
    "max_lighting": 0.3,
    "flip": "side_on",
    "max_zoom": 1.6,
    "erasing_probability": 0.6,
    "policy": "rand_augment",
}


def views(augmentation: Augmentation, number: int = 500) -> list[Variation]:
    return [draw_variation(augmentation, 0, CONTENT, view) for view in range(1, number + 1)]


@pytest.mark.parametrize(
    ("preset", "flip", "num_symmetries"),
    [
        (transforms_basic, "none", 1),
        (transforms_side_on, "side_on", 2),
        (transforms_top_down, "top_down", 8),
    ],
)
def test_presets_are_fastais(preset: Augmentation, flip: str, num_symmetries: int) -> None:
    assert preset == Augmentation(preset.name, 10, 0.05, flip)
    found = views(preset)
    turned = np.array([v.rotation_degrees for v in found if v.rotation_degrees])
    assert len(turned) / len(found) == pytest.approx(0.75, abs=0.07)
    assert np.abs(turned).max() <= 10
    assert turned.std() == pytest.approx(10 / 3**0.5, abs=0.6)  # even, from -10 to 10
    shifts = np.array([v.brightness for v in found])
    assert 0.048 < shifts.max() <= 0.05
    assert -0.05 <= shifts.min() < -0.048
    assert max(v.contrast for v in found) == pytest.approx(1.05, abs=0.003)
    assert min(v.contrast for v in found) == pytest.approx(1 / 1.05, abs=0.003)
    counts = np.bincount([v.symmetry for v in found])
    assert len(counts) == num_symmetries
    assert counts.min() > 0.6 * len(found) / num_symmetries
    assert {v.zoom for v in found} == {1}
    assert {v.operations for v in found} == {()}
    assert {v.erasure for v in found} == {None}


def test_side_on_mirrors_left_and_right() -> None:
    assert {v.symmetry for v in views(transforms_side_on, 50)} == {0, 1}
    assert symmetry(1)[0, 0] == -1


def test_zoom_is_fastais() -> None:
    zooms = np.array([v.zoom for v in views(Augmentation(max_zoom=1.4))])
    assert (zooms > 1).mean() == pytest.approx(0.75, abs=0.07)
    assert zooms.min() == 1
    assert 1.37 < zooms.max() <= 1.4


def test_views_are_turned_and_zoomed_independently() -> None:
    drawn = views(Augmentation(max_rotation_degrees=10, max_zoom=1.4))
    found = np.array([(v.rotation_degrees != 0, v.zoom > 1) for v in drawn])
    assert found.all(axis=1).mean() == pytest.approx(0.75**2, abs=0.07)


def test_places_cover_the_picture_evenly() -> None:
    places = np.array([v.place for v in views(Augmentation())])
    assert places.min() >= 0
    assert places.max() < 1
    np.testing.assert_allclose(places.mean(0), 0.5, atol=0.06)
    assert abs(np.corrcoef(places.T)[0, 1]) < 0.15


def test_erasures_are_as_frequent_and_as_large_as_asked() -> None:
    drawn = [v.erasure for v in views(Augmentation(erasing_probability=0.3))]
    erasures = [erasure for erasure in drawn if erasure is not None]
    assert len(erasures) / len(drawn) == pytest.approx(0.3, abs=0.07)
    for e in erasures:
        assert e.left >= 0
        assert e.top >= 0
        assert e.left + e.width <= 1 + 1e-9
        assert e.top + e.height <= 1 + 1e-9
        assert e.width * e.height <= ERASED_AREA[1] + 1e-9
        assert e.width / e.height <= ERASED_ASPECT[1] + 1e-9
    assert len({e.seed for e in erasures}) == len(erasures)


def test_the_default_changes_nothing() -> None:
    for variation in views(Augmentation(), 50):
        assert replace(variation, place=(0.5, 0.5)) == Variation()


def test_a_draw_depends_on_all_that_it_should_and_on_nothing_else() -> None:
    first = draw_variation(EVERYTHING, 7, CONTENT, 3)
    assert draw_variation(replace(EVERYTHING, name="renamed"), 7, CONTENT, 3) == first
    others = [
        draw_variation(EVERYTHING, 8, CONTENT, 3),
        draw_variation(EVERYTHING, 7, CONTENT[::-1], 3),
        draw_variation(EVERYTHING, 7, CONTENT, 4),
        *(draw_variation(changed(field), 7, CONTENT, 3) for field in CHANGED),
    ]
    places = {first.place} | {other.place for other in others}
    assert len(places) == 1 + len(others)


def changed(field: str) -> Augmentation:
    return replace(EVERYTHING, **{field: CHANGED[field]})  # type: ignore[arg-type]


def test_the_card_holds_every_parameter_but_the_name() -> None:
    assert {field.name for field in fields(Augmentation)} == {"name"} | set(CHANGED)
    cards = {EVERYTHING.card()} | {changed(field).card() for field in CHANGED}
    assert len(cards) == 1 + len(CHANGED)
    assert replace(EVERYTHING, name="other").card() == EVERYTHING.card()
    assert replace(EVERYTHING, max_rotation_degrees=20.0).card() == EVERYTHING.card()


def test_a_draw_stays_what_it_was() -> None:
    """Stored views rely on it: whatever changes this must change ``augmented.AUGMENTER``."""
    found = draw_variation(transforms_side_on, 0, CONTENT, 1)
    assert found == Variation(
        place=(0.5732491727497414, 0.39213219188968906),
        rotation_degrees=-4.017520413847803,
        symmetry=1,
        brightness=0.02721963052318446,
        contrast=1.0417905620117285,
    )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("max_rotation_degrees", -1),
        ("max_rotation_degrees", 181),
        ("max_rotation_degrees", float("nan")),
        ("max_lighting", 1.1),
        ("max_zoom", 0.9),
        ("erasing_probability", 1.5),
        ("flip", "sideways"),
        ("policy", "auto_augment"),
    ],
)
def test_what_cannot_be_drawn_from_is_refused(field: str, value: float | str) -> None:
    with pytest.raises(SettingError, match=field):
        replace(EVERYTHING, **{field: value})  # type: ignore[arg-type]
