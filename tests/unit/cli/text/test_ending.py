"""The end of a run: few lines that say what was found, how sure that is, and what can be typed."""

import shlex
from pathlib import Path

import numpy as np
import pytest

from warmstart.cli.text import ending
from warmstart.cli.text.ending import NextSteps, show_meaning, show_next
from warmstart.metrics.scores import Scores
from warmstart.results.predictions import Predictions


def answers(
    num_right: int, num_wrong: int, classes: tuple[str, ...] = ("cat", "dog")
) -> Predictions:
    """So many photos of the first class that are named right, and so many that are not."""
    number = num_right + num_wrong
    probabilities = np.tile([0.9, 0.1], (number, 1))
    probabilities[num_right:] = [0.2, 0.8]
    labels = np.zeros(number, np.int64)
    return Predictions(tuple(map(str, range(number))), probabilities, labels, classes)


def scores(predictions: Predictions) -> Scores:
    return predictions.scores(num_resamples=0)


def test_a_score_is_told_as_what_happens_to_100_photos(capsys: pytest.CaptureFixture[str]) -> None:
    found = answers(480, 20)
    show_meaning(found, scores(found), None)
    assert capsys.readouterr().out.splitlines() == [
        "of 100 photos like these, about 96 are named right: between 93 and 98, with 95 % "
        "confidence",
        "hardest: cat (480 of 500 found)",
        "taken for another: 20 × cat for dog",
    ]


def test_few_photos_are_said_to_be_few_and_what_else_is_known(
    capsys: pytest.CaptureFixture[str],
) -> None:
    few, others = answers(36, 4), answers(150, 10)
    show_meaning(few, scores(few), None)
    assert "note: only 40 photos judged, so that range is wide: more photos make it narrower\n" in (
        capsys.readouterr().out
    )
    show_meaning(few, scores(few), others)
    out = capsys.readouterr().out
    assert "The 160 that trained, each named by a head that had not seen it: 94 of 100" in out


def test_nothing_is_hard_where_all_is_right(capsys: pytest.CaptureFixture[str]) -> None:
    found = answers(400, 0)
    show_meaning(found, scores(found), None)
    assert len(capsys.readouterr().out.splitlines()) == 1


def test_several_labels_are_told_otherwise(capsys: pytest.CaptureFixture[str]) -> None:
    labels = np.tile([1, 0], (300, 1))
    found = Predictions(tuple(map(str, range(300))), labels * 0.8 + 0.1, labels, ("cat", "dog"))
    show_meaning(found, scores(found), None)
    assert "about 100 get exactly their labels: between 98 and 100" in capsys.readouterr().out


@pytest.mark.parametrize("columns", [40, 60, 100])
def test_lines_are_as_wide_as_the_terminal(
    columns: int, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ending, "num_columns_shown", lambda: columns)
    few = answers(36, 4, ("a cat of a long name", "a dog of another long name"))
    show_meaning(few, scores(few), answers(150, 10))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= columns
    assert not any(line.endswith("-") for line in lines)


def test_next_steps_can_be_typed_whatever_the_names_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run, photo = Path("my runs/a b"), Path("it's/a photo.jpg")
    show_next(NextSteps(run, run / "model", None, photo, "dog", Path("my photos")))
    out = capsys.readouterr().out
    words = [shlex.split(line) for line in out.splitlines() if "warmstart" in line]
    assert words == [
        ["report", "warmstart", "report", "my runs/a b"],
        ["predict", "warmstart", "predict", "my runs/a b/model", "it's/a photo.jpg"],
        ["evaluate", "warmstart", "evaluate", "my runs/a b/model", "my photos"],
    ]
    assert "it was taken for dog" in out


def test_a_report_that_is_there_is_to_be_opened(capsys: pytest.CaptureFixture[str]) -> None:
    run = Path("run")
    show_next(NextSteps(run, run / "model", run / "report.html"))
    out = capsys.readouterr().out
    assert "  open      run/report.html\n" in out
    assert "warmstart report" not in out
    assert "evaluate" not in out  # what it judged by takes options to name
