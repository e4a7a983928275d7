"""Two runs that begin at once: two whole folders, each with its own seed (A16)."""

import json
import tomllib
from pathlib import Path

from tests.end_to_end.conftest import Start

TRAIN = ["--size", "32", "--bs", "16", "--lr", "0.02", "--epochs", "1", "--no-report"]


def test_two_runs_at_once_do_not_mix(digits: Path, start: Start, tmp_path: Path) -> None:
    started = [start("train", str(digits), *TRAIN, "--seed", str(seed)) for seed in (0, 1)]
    said = [process.communicate(timeout=300) for process in started]
    assert [process.returncode for process in started] == [0, 0], said
    runs = sorted((tmp_path / "runs").iterdir())
    assert [run.name for run in runs] == ["two-1", "two-2"]
    seeds = {tomllib.loads((run / "recipe.toml").read_text())["train"]["seed"] for run in runs}
    assert seeds == {0, 1}
    for run in runs:
        assert sorted(path.name for path in run.iterdir()) == [
            "checkpoints", "confusion.png", "data.json", "environment.json", "history.jsonl",
            "learning_curve.json", "model", "predictions.csv", "recipe.toml", "scores.json",
        ]  # fmt: skip
        recipe = tomllib.loads((run / "recipe.toml").read_text())
        card = json.loads((run / "model" / "model.json").read_text())
        assert recipe["result"]["valid_accuracy"] == card["metrics"]["valid_accuracy"]
        (out,) = [text for text, _ in said if f"run:        runs/{run.name}\n" in text]
        assert f"{recipe['result']['valid_accuracy']:.4f}" in out
