"""Run folders of earlier versions: whatever takes a run takes them."""

import csv
import json
import tomllib
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
import torch
from tests.past.test_checkpoints import identity_in
from tests.unit.cli.conftest import Run, run

from warmstart.cli.run.config import read_config
from warmstart.results.history import History
from warmstart.training import run as training_run

__all__ = ["run"]
pytestmark = pytest.mark.filterwarnings("ignore:the model was judged in numeric mode")
FINISHED = ["finished_run", "full_run"]
INTERRUPTED = "interrupted_run"
CLOSE = 1e-4  # of probabilities: processors sum in different orders
CLOSE_AFTER_TRAINING = 0.005


def probabilities(file: Path) -> dict[str, list[float]]:
    """By the file's name."""
    with file.open(newline="") as lines:
        rows = list(csv.DictReader(lines))
    return {
        "/".join(Path(row["name"]).parts[-2:]): [float(row[k]) for k in ("blue", "red")]
        for row in rows
    }


def same(found: dict[str, list[float]], recorded: dict[str, list[float]], close: float) -> bool:
    """Whether all eight recorded rows are found, and are close."""
    here, then = [found[name] for name in recorded], list(recorded.values())
    return len(then) == 8 and np.allclose(here, then, rtol=0, atol=close)


def forget_machine(folder: Path) -> None:
    """Take out of a recipe what only the machine that wrote it has."""
    file = folder / "recipe.toml"
    lines = file.read_text().splitlines()
    kept = [line for line in lines if not line.startswith("numeric_mode")]
    assert len(kept) == len(lines) - 1
    file.write_text("\n".join(kept) + "\n")


@pytest.mark.parametrize("name", [*FINISHED, INTERRUPTED])
def test_a_recipe_is_read(past: Path, name: str) -> None:
    recipe = read_config(past / name)
    assert recipe.asked.source == "photos"
    assert (recipe.asked.size, recipe.asked.bs, recipe.asked.pretrained) == (32, 8, False)
    assert recipe.asked.full == (name == "full_run")
    assert bool(recipe.result) == (name != INTERRUPTED)
    assert recipe.chosen["numeric_mode"].startswith("openvino-2026.4.1")
    written = tomllib.loads((past / name / "recipe.toml").read_text())
    assert "head" not in written["train"]  # which heads there are was no question then


@pytest.mark.parametrize("name", FINISHED)
def test_a_finished_run_is_reported_and_not_done_again(here: Path, run: Run, name: str) -> None:
    said = run("train", "--resume", name)
    assert said.code == 0, said.err
    assert f"{name} is finished: accuracy 0." in said.out
    said = run("report", name)
    assert said.code == 0, said.err
    page = (here / name / "report.html").read_text()
    assert "test_efficientnet" in page
    assert "08.bmp" in page
    assert ("thaw the body" in page) == (name == "full_run")


def test_two_runs_are_compared(here: Path, run: Run) -> None:
    said = run("compare-runs", *FINISHED, "--json")
    assert said.code == 0, said.err
    assert json.loads(said.out)["num_rows"] == 8


@pytest.mark.parametrize("name", FINISHED)
def test_the_model_of_a_run_predicts_and_is_judged(here: Path, run: Run, name: str) -> None:
    said = run("predict", f"{name}/model", "photos", "--csv", "named.csv", "--device", "cpu")
    assert said.code == 0, said.err
    recorded = probabilities(here / name / "predictions.csv")
    assert same(probabilities(here / "named.csv"), recorded, CLOSE)
    said = run("evaluate", f"{name}/model", "photos", "--device", "cpu")
    assert said.code == 0, said.err
    assert "n = 40)" in said.out


def test_what_a_run_did_is_done_again(here: Path, run: Run) -> None:
    """With the head that there was then."""
    forget_machine(here / "finished_run")
    said = run("train", "--like", "finished_run", "--out", "again")
    assert said.code == 0, said.err
    card = json.loads((here / "again" / "model" / "model.json").read_text())
    assert card["head"]["sizes"] == [512]
    assert card["arch"] == "test_efficientnet"
    epochs = (here / "again" / "history.jsonl").read_text().count('"kind": "epoch"')
    assert epochs == read_config(here / "finished_run").asked.epochs == 8


def gone_on(here: Path, run: Run) -> None:
    """The interrupted run goes on, and ends as it did."""
    said = run("train", "--resume", INTERRUPTED)
    if "numeric_mode was" in said.err:
        pytest.skip("a run goes on in its numeric mode only")
    assert said.code == 0, said.err
    recorded = here / f"{INTERRUPTED}_in_the_end"
    new, old = (
        History.from_jsonl((p / "history.jsonl").read_text()).records
        for p in (here / INTERRUPTED, recorded)
    )
    assert new[0] == old[0]  # with its seconds, so it was not trained again
    assert len(new) == len(old) == 4
    found = probabilities(here / INTERRUPTED / "predictions.csv")
    assert same(found, probabilities(recorded / "predictions.csv"), CLOSE_AFTER_TRAINING)


def test_an_interrupted_run_goes_on_from_its_checkpoint(
    here: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anywhere; so the name of its inputs, in which the machine's arithmetic is, is passed over.

    Random weights that begin it, too, have other last bits on other processors.
    """
    forget_machine(here / INTERRUPTED)
    identity = identity_in(here / INTERRUPTED / "checkpoints" / "fit-0.safetensors")
    monkeypatch.setattr(training_run.Run, "identity", lambda _: identity)
    gone_on(here, run)


def test_an_interrupted_run_goes_on_where_it_began(here: Path, run: Run) -> None:
    """With the same versions and arithmetic, nothing is passed over."""
    if torch.backends.cpu.get_cpu_capability() != "AVX2":
        pytest.skip("random weights have other last bits on another kind of processor")
    recorded = json.loads((here / f"{INTERRUPTED}_in_the_end" / "environment.json").read_text())
    for name, version in recorded["versions"].items():
        if metadata.version(name) != version:
            pytest.skip(f"it was written with {name} {version}: stored rows have another name")
    gone_on(here, run)
