"""Two runs on the same pictures: better, worse, or not to be told apart."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tests.unit.cli.conftest import Run

from warmstart.cli.run.folder import RunFolder
from warmstart.comparison.compare import compare_predictions
from warmstart.inference.model_card import CardFile, ModelCard
from warmstart.results.decision_rule import DecisionRule
from warmstart.results.predictions import Predictions

CLASSES = ("cat", "dog")


def answers(right: int, num_rows: int = 60) -> Predictions:
    labels = np.arange(num_rows) % 2
    said = np.where(np.arange(num_rows) < right, labels, 1 - labels)
    probabilities = np.where(np.eye(2)[said] == 1, 0.8, 0.2)
    return Predictions(
        tuple(f"valid/{i}.png" for i in range(num_rows)), probabilities, labels, CLASSES
    )


def many(seed: int) -> Predictions:
    random = np.random.default_rng(seed)
    labels = np.random.default_rng(0).integers(0, 2, (30, 2))
    probabilities = 0.6 * labels + 0.4 * random.random((30, 2))
    return Predictions(tuple(f"{i}.png" for i in range(30)), probabilities, labels, CLASSES)


def written(folder: Path, predictions: Predictions, first_hash: int = 0) -> str:
    """A run's folder, but for the weights."""
    (folder / "model").mkdir(parents=True)
    card = ModelCard(
        arch="none", classes=predictions.classes, is_multi_label=predictions.is_multi_label,
        recipe={"size": 32}, mean=(0.5, 0.5, 0.5), std=(1.0, 1.0, 1.0), head=None, mode="",
        precision="f32", weights_from="", answering=predictions.answering,
    )  # fmt: skip
    (folder / "model" / "model.json").write_text(CardFile(card, "0" * 64, None).to_json())
    rows = range(first_hash, first_hash + len(predictions.rows))
    RunFolder(folder).write_predictions(predictions, [row.to_bytes(32, "big") for row in rows])
    RunFolder(folder).write_scores(predictions.scores(num_resamples=0))
    return str(folder)


@pytest.mark.parametrize(
    ("right", "verdict"), [(60, "yes"), (20, "no"), (41, "can't tell"), (40, "can't tell")]
)
def test_the_verdict_comes_first_and_the_exit_code_is_0(
    right: int, verdict: str, run: Run, tmp_path: Path
) -> None:
    first, second = (written(tmp_path / name, answers(n)) for name, n in (("a", 40), ("b", right)))
    said = run("compare-runs", first, second)
    assert said.code == 0, said.err
    assert f"better? {verdict} with 60 images" in said.out
    assert "accuracy 0.6667" in said.out
    expected = compare_predictions(answers(40), answers(right))
    assert str(expected) in said.out
    entry = json.loads(run("compare-runs", first, second, "--json").out)
    assert entry == json.loads(expected.to_json())


def test_a_smaller_gain_may_be_called_worthwhile(run: Run, tmp_path: Path) -> None:
    first, second = (written(tmp_path / name, answers(50)) for name in "ab")
    assert "can't tell" in run("compare-runs", first, second).out
    assert "better? no" in run("compare-runs", first, second, "--worthwhile", "0.5").out


def test_moved_and_reordered_files_are_matched_by_content(run: Run, tmp_path: Path) -> None:
    first = written(tmp_path / "a", answers(40))
    moved = written(tmp_path / "b", replace(answers(40), rows=tuple(f"x{i}" for i in range(60))))
    table = Path(moved) / "predictions.csv"
    head, *lines = table.read_text().splitlines()
    table.write_text("\n".join([head, *reversed(lines)]))
    assert "only the first 0, only the second 0" in run("compare-runs", first, moved).out


@pytest.mark.parametrize("thresholds", [None, (0.3, 0.7)])
def test_many_labels_are_called_by_each_runs_thresholds(
    thresholds: tuple[float, ...] | None, run: Run, tmp_path: Path
) -> None:
    one, other = many(1), replace(many(2), answering=DecisionRule(thresholds=thresholds))
    said = run("compare-runs", written(tmp_path / "a", one), written(tmp_path / "b", other))
    assert said.code == 0, said.err
    assert str(compare_predictions(one, other)) in said.out
    back = RunFolder(tmp_path / "b").read_predictions().predictions
    assert np.array_equal(back.labels, other.labels)
    assert np.array_equal(back.probabilities, other.probabilities)
    assert back.answers == other.answers


def test_what_flatters_a_run_is_said(run: Run, tmp_path: Path) -> None:
    flattered = replace(answers(45), chosen_on_these=("the best epoch",))
    first, second = written(tmp_path / "a", answers(40)), written(tmp_path / "b", flattered)
    said = run("compare-runs", first, second)
    assert "note: the best epoch of B was chosen by these images" in said.out
    assert "of A" not in said.out


def test_other_pictures_classes_or_labels_cannot_be_compared(run: Run, tmp_path: Path) -> None:
    first = written(tmp_path / "a", answers(40))
    turned = replace(answers(40), labels=1 - answers(40).labels)
    elk = replace(answers(40), classes=("cat", "elk"))
    for name, other, first_hash, what in (
        ("rows", answers(40), 10, "by content; the first: "),
        ("classes", elk, 0, "the classes differ: dog, elk"),
        ("labels", turned, 0, "60 of 60 rows have different labels"),
    ):  # fmt: skip
        said = run("compare-runs", first, written(tmp_path / name, other, first_hash))
        assert said.code == 1
        assert what in said.err
        assert "same folder" in said.fix


def test_what_is_no_finished_run_is_refused(run: Run, tmp_path: Path) -> None:
    first = written(tmp_path / "a", answers(40))
    assert run("compare-runs", first, str(tmp_path / "nowhere")).code == 1
    said = run("compare-runs", first, str(tmp_path / "a" / "model"))
    assert said.code == 1
    assert said.fix == "give the folder of a run, such as runs/photos-1."  # no other is here
    said = run("compare-runs", first, first)
    assert said.code == 2
    assert "are one run" in said.err
    unfinished = Path(written(tmp_path / "b", answers(40)))
    (unfinished / "scores.json").unlink()
    assert run("compare-runs", first, str(unfinished)).fix == "give another run."
    (unfinished / "recipe.toml").write_text("")
    said = run("compare-runs", first, str(unfinished))
    assert "has no scores.json" in said.err
    assert said.fix == f"warmstart train --resume {unfinished}"
    shutil.copy(tmp_path / "a" / "predictions.csv", unfinished / "scores.json")
    said = run("compare-runs", first, str(unfinished))
    assert said.code == 1
    assert "cannot be read" in said.err
