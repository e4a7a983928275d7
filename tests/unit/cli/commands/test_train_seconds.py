"""`warmstart train --seconds`: a race of backbones leaves a run that all commands know."""

import json
from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from tests.unit.cli.conftest import Place, Run, die_at

from warmstart import load_predictor

ARCHS = "test_efficientnet,test_resnet"
RACE = ["train", "dogscats", "--seconds", "600", "--arch", ARCHS, "--size", "32"]


@pytest.fixture
def weights(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with weights of small networks, made by chance."""
    folder = tmp_path_factory.mktemp("weights")
    for seed, arch in enumerate(ARCHS.split(",")):
        torch.manual_seed(seed)
        save_file(timm.create_model(arch).state_dict(), folder / f"{arch}.safetensors")
    monkeypatch.setenv("WARMSTART_WEIGHTS", str(folder))
    return folder


def test_a_race_and_all_that_is_done_with_its_run(run: Run, place: Place, weights: Path) -> None:
    said = run(*RACE, "--out", "raced")
    assert said.code == 0, said.err
    assert "test_efficientnet: loss " in said.out
    assert "stopped after" in said.out
    record = json.loads(Path("raced/race.json").read_text())
    members = [member["arch"] for member in record["members"]]
    assert set(members) == set(ARCHS.split(","))  # with fewer than 50 rows all of them
    assert len(load_predictor("raced/model").members) == 2
    page = Path("raced/report.html").read_text()
    assert " + ".join(members) in page
    assert "tried" in page
    written = Path("raced/predictions.csv").read_bytes()
    assert run("report", "raced", "--out", "again.html").code == 0
    assert run("predict", "raced/model", "dogscats").code == 0
    assert run("predict", "raced/model", "dogscats/cat/00.png", "--tta", "2").code == 0
    judged = run("evaluate", "raced/model", "dogscats", "--with-training-rows")
    assert judged.code == 0
    assert run(*RACE, "--out", "second").code == 0
    assert Path("second/predictions.csv").read_bytes() == written
    assert run("compare-runs", "raced", "second").code == 0
    done = run("train", "--resume", "raced")
    assert done.code == 0
    assert "is finished" in done.out


def test_stopped_while_it_finishes_it_goes_on_to_the_same_model(
    run: Run, place: Place, weights: Path
) -> None:
    assert run(*RACE, "--no-report", "--out", "whole").code == 0
    with pytest.MonkeyPatch.context() as patch:
        die_at(patch, "warmstart.cli.run.folder.RunFolder.write_scores", 1, KeyboardInterrupt)
        said = run(*RACE, "--no-report", "--out", "stopped")
    assert said.code == 130
    assert "--resume stopped" in said.err
    assert run("train", "--resume", "stopped").code == 0
    for name in ("predictions.csv", "model/weights.safetensors"):
        assert Path("stopped", name).read_bytes() == Path("whole", name).read_bytes()


@pytest.mark.parametrize(
    "more", [["--full"], ["--lr", "0.1"], ["--head", "mlp"], ["--views", "2"], ["--epochs", "2"]]
)
def test_options_without_effect_are_refused(run: Run, place: Place, more: list[str]) -> None:
    said = run(*RACE, *more)
    assert said.code == 2
    assert "no effect" in said.err
    assert not Path("runs").exists()


def test_no_time_and_several_backbones_without_a_time(run: Run, place: Place) -> None:
    assert run("train", "dogscats", "--seconds", "0").code == 2
    said = run("train", "dogscats", "--arch", ARCHS)
    assert said.code == 2
    assert said.fix.endswith("--seconds 60")
