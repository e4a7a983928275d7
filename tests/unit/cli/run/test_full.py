"""`train --full`: the eight steps in the shell, stopped and gone on with, and done again."""

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import Place, Run

from warmstart.learner.conv_learner import ConvLearner

# compiled in a sixth of test_resnet's time, which each thawed epoch pays before it is judged
NETWORK = ["--arch", "test_efficientnet", "--no-pretrained"]
FULL = ["--full", "--size", "32", "--views", "2", *NETWORK]


def steps_of(run: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "steps.jsonl").read_text().splitlines()]


def weights_of(run: Path) -> bytes:
    return (run / "model" / "weights.safetensors").read_bytes()


def test_the_eight_steps_are_taken_told_and_done_again(place: Place, run: Run) -> None:
    said = run("train", str(place.photos), *FULL, "--out", "whole")
    assert said.code == 0, said.err
    steps = steps_of(Path("whole"))
    assert [step["number"] for step in steps] == list(range(1, 9))
    for step in steps:
        assert f"step {step['number']}: " in said.err
        assert step["why"] in said.err
        assert f"{step['number']} {step['title']}" in said.out
    chosen = tomllib.loads(Path("whole/recipe.toml").read_text())["chosen"]
    assert {"loss_logistic", "loss_mlp", "views", "num_cycles", "place_losses"} <= set(chosen)
    assert "--augment basic" in said.out

    again = run("train", "--like", "whole", "--out", "again")
    assert again.code == 0, again.err
    assert weights_of(Path("again")) == weights_of(Path("whole"))
    assert tomllib.loads(Path("again/recipe.toml").read_text())["chosen"] == chosen


@pytest.mark.parametrize("steps", ["2-4", "9", "one", "1-"])
def test_other_steps_are_refused_before_anything_is_read(
    place: Place, run: Run, steps: str
) -> None:
    said = run("train", str(place.photos), *FULL, "--steps", steps)
    assert said.code == 2
    assert "--steps 1-4" in said.fix


def test_a_run_of_four_steps_that_was_stopped_ends_with_the_same_bits(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = [str(place.photos), *FULL, "--steps", "1-4", "--calibrate"]
    said = run("train", *options, "--out", "straight")
    assert said.code == 0, said.err
    assert [step["number"] for step in steps_of(Path("straight"))] == [1, 2, 3, 4]
    calls = list[int]()

    def stops(name: str) -> None:
        fit = getattr(ConvLearner, name)

        def stopping(self: ConvLearner, *args: Any, **more: Any) -> Any:
            if len(calls) == 2:
                raise KeyboardInterrupt
            calls.append(0)
            return fit(self, *args, **more)

        patch.setattr(ConvLearner, name, stopping)

    with monkeypatch.context() as patch:
        stops("fit")
        stops("fit_head")
        stopped = run("train", *options, "--out", "stopped")
    assert stopped.code == 130
    assert "--resume stopped" in stopped.err
    assert run("train", "--resume", "stopped").code == 0
    assert weights_of(Path("stopped")) == weights_of(Path("straight"))
