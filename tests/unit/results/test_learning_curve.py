"""The record of a learning curve: what it says, and that a file gives it back or is refused."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from warmstart import FileError, SettingError
from warmstart.results.learning_curve import CurvePoint, LearningCurve


def point(num_rows: int, accuracy: float, *, is_measured: bool = False) -> CurvePoint:
    return CurvePoint(num_rows, accuracy, accuracy - 0.02, accuracy + 0.015, is_measured)


def curve() -> LearningCurve:
    return LearningCurve(
        points=(point(10, 0.7, is_measured=True), point(80, 0.9, is_measured=True)),
        line=(point(10, 0.71), point(80, 0.9), point(100, 0.91), point(200, 0.934)),
        now=point(100, 0.91),
        twice=point(200, 0.934),
        gain=0.02,
        gain_low=0.005,
        gain_high=0.04,
        num_heads=10,
        classes=("cat", "dog"),
        errors=(3.5, 5.5),
    )


def test_it_says_what_twice_as_many_give_and_which_class_is_next() -> None:
    assert str(curve()) == (
        "with twice as many photos: about 0.93 (95 % 0.91 to 0.95), now about 0.91; most errors "
        "are of dog: photograph it next"
    )
    silent = replace(curve(), errors=(0.0, 0.0))
    assert silent.next_class is None
    assert (
        str(silent) == "with twice as many photos: about 0.93 (95 % 0.91 to 0.95), now about 0.91"
    )


def test_a_file_gives_back_every_number() -> None:
    assert LearningCurve.from_json(curve().to_json()) == curve()


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("colour", 1, "unknown key"),
        ("gain", float("nan"), "finite"),
        ("errors", [1.0], "1 numbers of errors"),
        ("errors", [1.0, -1.0], "2 numbers of errors"),
        ("errors", "many", "array"),
        ("points", [], "0 points"),
        ("now", {"num_rows": 0, "accuracy": 0.9, "low": 0.8, "high": 1, "is_measured": False},
         "0 rows"),
        ("twice", {"num_rows": 9, "accuracy": 0.9, "low": 0.95, "high": 1, "is_measured": False},
         "interval 0.95"),
    ],
)  # fmt: skip
def test_a_file_that_is_not_as_written_is_refused(key: str, value: object, says: str) -> None:
    text = json.dumps(json.loads(curve().to_json()) | {key: value})
    with pytest.raises(FileError, match=says):
        LearningCurve.from_json(text, "learning_curve.json")


def test_a_file_without_a_field_is_refused() -> None:
    entry = json.loads(curve().to_json())
    del entry["twice"]
    with pytest.raises(FileError, match="twice"):
        LearningCurve.from_json(json.dumps(entry))


def test_points_of_shrinking_rows_are_no_curve() -> None:
    with pytest.raises(SettingError, match="cannot be drawn"):
        replace(curve(), points=curve().points[::-1])


def test_it_draws_what_was_measured_and_what_is_extrapolated(tmp_path: Path) -> None:
    figure = curve().plot(tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 1000
    (axes,) = figure.axes
    named = {line.get_label(): np.asarray(line.get_xdata()).tolist() for line in axes.lines}
    assert named["fitted curve"] == [10, 80, 100]
    assert named["extrapolated"] == [100, 200]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["10", "80", "100", "200"]
