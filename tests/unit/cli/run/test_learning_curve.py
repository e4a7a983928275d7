"""What `warmstart train` says of more photos, what it writes, and what `report` draws from it."""

import json
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Place, Run

from warmstart import ConvLearner, FileError
from warmstart.cli.run.folder import LEARNING_CURVE, RunFolder
from warmstart.learner import learning_curve
from warmstart.results.learning_curve import LearningCurve

TRAIN = ["train", "dogscats", "--size", "32", "--bs", "8", "--no-report", "--out", "run"]


def line_of(out: str) -> str:
    """What is said of more photos."""
    (line,) = [
        line for line in out.splitlines() if line.startswith("with twice as many photos: about ")
    ]
    return line


def test_the_last_line_is_what_the_file_says_and_the_report_draws_it(
    place: Place, run: Run
) -> None:
    said = run(*TRAIN)
    assert said.code == 0, said.err
    curve = RunFolder(Path("run")).read_learning_curve()
    assert curve is not None
    assert line_of(said.out) == str(curve)
    assert (curve.num_rows, curve.twice.num_rows) == (20, 40)
    assert run("report", "run").code == 0
    page = Path("run", "report.html").read_text(encoding="utf-8")
    assert f"{curve.twice.num_rows} instead of {curve.num_rows}" in page
    assert 'id="learning-curve-' in page


def test_an_older_run_without_the_file_has_a_report_too(place: Place, run: Run) -> None:
    assert run(*TRAIN).code == 0
    Path("run", LEARNING_CURVE).unlink()
    assert run("report", "run").code == 0
    assert "What more photos would buy" not in Path("run", "report.html").read_text("utf-8")


def test_a_file_that_somebody_changed_is_refused(place: Place, run: Run) -> None:
    assert run(*TRAIN).code == 0
    file = Path("run", LEARNING_CURVE)
    entry = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps(entry | {"gain": "much"}), "utf-8")
    with pytest.raises(FileError, match="gain"):
        RunFolder(Path("run")).read_learning_curve()
    said = run("report", "run")
    assert said.code == 1
    assert LEARNING_CURVE in said.err


def test_too_few_photos_are_said_and_there_is_no_line(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(learning_curve, "FEWEST_UNITS", 21)
    said = run(*TRAIN)
    assert said.code == 0, said.err
    assert "note: no learning curve: 20 training images say too little of more" in said.err
    assert "twice as many photos" not in said.out
    assert not Path("run", LEARNING_CURVE).exists()


def test_the_mlp_has_the_curve_of_logistic_heads_and_says_so(place: Place, run: Run) -> None:
    said = run(*TRAIN, "--head", "mlp", "--lr", "0.01", "--epochs", "1")
    assert said.code == 0, said.err
    assert line_of(said.out).endswith("(logistic heads)")


def test_python_finds_the_same(place: Place, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found: list[LearningCurve] = []
    original = ConvLearner.learning_curve

    def kept(learn: ConvLearner, *, balance: str | None = None) -> LearningCurve:
        found.append(original(learn, balance=balance))
        return found[-1]

    monkeypatch.setattr(ConvLearner, "learning_curve", kept)
    assert run(*TRAIN).code == 0
    assert found == [RunFolder(Path("run")).read_learning_curve()]
