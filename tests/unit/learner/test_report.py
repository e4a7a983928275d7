"""learn.report: a learner's own page, and what is said of what it cannot show."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from warmstart import ConvLearner
from warmstart.device_views.chosen import SETTING
from warmstart.errors import SettingError, UnreadableImageError
from warmstart.learner.explaining import seen_rows
from warmstart.report.content import SeenRows
from warmstart.results.step_record import StepRecord

Make = Callable[..., ConvLearner]


def seen_by(learn: ConvLearner, cache: Path, *broken: int) -> SeenRows:
    rows = learn.data.table.rows("valid")

    def read(position: int) -> bytes:
        if position in broken:
            raise UnreadableImageError(learn.data.table.names[rows[position]], "gone")
        return learn.data.source.content(int(rows[position]))

    found = learn.predict("valid")
    return seen_rows(learn.predictor(), found, learn.content_hashes("valid"), read, cache)


@pytest.fixture
def mapping_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """A map of the few rows that a test has."""
    monkeypatch.setattr("warmstart.report.choice.FEWEST_MAPPED", 1)


def test_too_few_rows_for_a_map_are_not_looked_at(make: Make, tmp_path: Path) -> None:
    learn = make(precompute=True)
    seen = seen_by(learn, tmp_path / "cache")
    assert seen.pixels
    assert seen.activations is None
    assert seen.gaps == ()


def test_a_learner_writes_its_page(make: Make, tmp_path: Path) -> None:
    learn = make(precompute=True)
    learn.fit(0.01, 2)
    step = StepRecord(1, "Train the head", "Why not.", 1.0, 0.5, None, None, None, 12, True, "")
    place = learn.report(tmp_path / "new" / "r.html", steps=[step], pictures=tmp_path / "pictures")
    text = place.read_text(encoding="utf-8")
    low, high = learn.predict("valid").accuracy_interval
    for words in (
        f"between {100 * low:.1f} % and {100 * high:.1f} %", "Train the head", "2 epochs",
        "small_network", "optimiser", "where the network found its answer (Grad-CAM)", "learn.save",
        "such a map shows groups where there are none",
    ):  # fmt: skip
        assert words in text, words
    assert (tmp_path / "pictures" / "confusion.png").exists()
    again = learn.report(tmp_path / "again.html", steps=[step])
    assert again.read_bytes() == place.read_bytes()


def test_another_split_can_be_judged_and_one_without_rows_says_so(
    make: Make, tmp_path: Path
) -> None:
    learn = make()
    text = learn.report(tmp_path / "r.html", "train").read_text(encoding="utf-8")
    assert "On 30 images of the train split" in text
    with pytest.raises(SettingError, match="no test row"):
        learn.report(tmp_path / "r.html", "test")


@pytest.mark.parametrize("views", ["off", "all"])
def test_stored_and_computed_activations_are_the_same(
    make: Make, tmp_path: Path, mapping_few: None, monkeypatch: pytest.MonkeyPatch, views: str
) -> None:
    """Also where a device makes the views of networks: its rows have names of their own."""
    monkeypatch.setenv(SETTING, views)
    learn = make(precompute=True)
    stored, computed = (seen_by(learn, tmp_path / name) for name in ("cache", "elsewhere"))
    assert stored.activations is not None
    assert computed.activations is not None
    assert not (tmp_path / "elsewhere").exists()  # nothing is stored in order to look
    np.testing.assert_array_equal(stored.activations, computed.activations)
    assert stored.gaps == computed.gaps == ()


@pytest.mark.parametrize("views", ["off", "all"])
def test_the_map_needs_no_photo_where_activations_are_stored(
    make: Make, tmp_path: Path, mapping_few: None, monkeypatch: pytest.MonkeyPatch, views: str
) -> None:
    """Also where a device makes the views of networks: its rows have names of their own."""
    monkeypatch.setenv(SETTING, views)
    learn = make(precompute=True)
    whole = seen_by(learn, tmp_path / "cache")
    gone = seen_by(learn, tmp_path / "cache", *range(12))
    assert whole.pixels
    assert whole.heat
    assert not gone.pixels
    assert not gone.heat
    assert gone.activations is not None
    assert len(gone.gaps) == 1
    assert "of the 12 photos" not in gone.gaps[0]
    assert "cannot be read" in gone.gaps[0]
    assert "gone" in gone.gaps[0]
    nowhere = seen_by(learn, tmp_path / "elsewhere", 3)
    assert nowhere.activations is None
    assert "The map of the images" in nowhere.gaps[-1]


def test_a_photo_with_other_bytes_than_were_judged_is_not_shown(make: Make, tmp_path: Path) -> None:
    learn = make(precompute=True)
    rows = learn.data.table.rows("valid")
    found, hashes = learn.predict("valid"), learn.content_hashes("valid")

    def read(position: int) -> bytes:  # row 4's file has been replaced by row 5's
        return learn.data.source.content(int(rows[5 if position == 4 else position]))

    seen = seen_rows(learn.predictor(), found, hashes, read, tmp_path / "cache")
    assert 4 not in seen.pixels
    assert 5 in seen.pixels
    assert "another one by now" in seen.gaps[0]
    np.testing.assert_array_equal(
        seen.pixels[5],
        learn.predictor().members[0].recipe.render(learn.data.source.content(int(rows[5])), "x"),
    )
