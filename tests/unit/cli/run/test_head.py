"""`warmstart train --head`: which head is trained, what is said of it, and law 8 for each."""

import json
import shlex
import tomllib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.cli.conftest import Killed, Place, Run, die_at

from warmstart.cli.main import main
from warmstart.inference.loading import load_predictor
from warmstart.results.history import History

TRAIN = ["train", "dogscats", "--size", "32", "--bs", "8", "--no-report"]
SAME = ["predictions.csv", "model/weights.safetensors", "model/model.json", "recipe.toml"]


def asked(run: Path) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads((run / "recipe.toml").read_text())["train"]
    return found


def history(run: Path) -> History:
    return History.from_jsonl((run / "history.jsonl").read_text())


def files(run: Path) -> dict[str, bytes]:
    return {name: (run / name).read_bytes() for name in SAME}


def test_the_default_is_logistic_regression_and_says_what_it_rests_on(
    place: Place, run: Run
) -> None:
    said = run(*TRAIN, "--out", "run")
    assert said.code == 0, said.err
    assert "head: logistic regression of the whole row, C = 1000; " in said.out
    (fit,) = history(Path("run")).head_fits
    assert (fit.head, fit.num_rows, fit.num_folds) == ("logistic", 20, 5)
    assert fit.valid_accuracy is not None
    assert not history(Path("run")).records
    card = json.loads(Path("run", "model", "model.json").read_text())
    assert card["head"]["kind"] == "logistic"
    assert load_predictor("run/model").predict([str(p) for p in place.photos.rglob("*.png")])


@pytest.mark.parametrize(
    "options", [["--epochs", "1"], ["--lr", "0.01"], ["--tensorboard", "board"], ["--wd", "0.1"]]
)
def test_options_of_the_mlp_mean_the_mlp_and_that_is_said(
    options: list[str], place: Place, run: Run
) -> None:
    more = [] if "--epochs" in options else ["--head", "mlp"]
    said = run(*TRAIN, *options, *more, "--epochs", "1", "--lr", "0.01", "--out", "run")
    assert said.code == 0, said.err
    assert ("so the head is the MLP" in said.err) == (not more)
    assert asked(Path("run"))["head"] == "mlp"
    assert len(history(Path("run")).records) == 1
    assert not history(Path("run")).head_fits


def test_few_rows_are_trained_for_200_steps(place: Place, run: Run) -> None:
    said = run(*TRAIN, "--head", "mlp", "--lr", "0.01", "--out", "run")
    assert said.code == 0, said.err
    found = history(Path("run"))
    assert len(found.step_losses) >= 200
    assert len(found.records) == 100  # of 2 or 3 steps


@pytest.mark.parametrize(
    ("words", "part"),
    [
        (["--head", "logistic", "--epochs", "3"], "--epochs would have no effect"),
        (["--head", "logistic", "--lr", "0.1"], "--lr would have no effect"),
        (["--full", "--epochs", "3"], "--full sets rates and epochs itself"),
        (["--head", "forest"], "forest"),
    ],
)
def test_what_would_have_no_effect_is_refused(
    words: list[str], part: str, place: Place, run: Run
) -> None:
    said = run(*TRAIN, *words, "--out", "run")
    assert said.code == 2
    assert part in said.err
    assert not Path("run").exists()


def test_the_fix_of_a_head_without_epochs_works(place: Place, run: Run) -> None:
    said = run(*TRAIN, "--head", "logistic", "--epochs", "1", "--out", "run")
    assert run(*shlex.split(said.fix)[1:]).code == 0
    assert asked(Path("run"))["head"] == "mlp"


BOTH = "auto, and the MLP is tried"


@pytest.mark.parametrize(
    ("head", "target", "number"),
    [
        ("logistic", "warmstart.learner.head_fit.chosen_logistic", 1),  # nothing is solved
        ("logistic", "warmstart.learner.head_fit.HeadCheckpoint.save", 1),  # nothing is written
        (
            "auto",
            "warmstart.cli.run.folder.RunFolder.write_history",
            1,
        ),  # between the model and the rest
        (BOTH, "warmstart.learner.head_fit.tried_mlp", 1),  # between the two heads
        (BOTH, "warmstart.learner.head_fit.print_head_fit", 1),  # after the choice
        (BOTH, "warmstart.training.checkpoint.Checkpoint.save", 2),  # within the MLP
    ],
)
def test_a_killed_run_ends_as_one_that_was_not(
    head: str, target: str, number: int, run: Run, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = [*TRAIN, "--head", head.partition(",")[0]]
    if head == BOTH:
        monkeypatch.setattr("warmstart.learner.head_fit.MLP_ROWS", 8)
        monkeypatch.setattr("warmstart.training.head_card.MLP_STEPS", 8)
        monkeypatch.setattr("warmstart.learner.head_fit.fold_loss", lambda *_: float("inf"))
    with pytest.MonkeyPatch.context() as patch:
        die_at(patch, target, number)
        with pytest.raises(Killed):
            main([*words, "--out", "run"])
    assert not Path("run", "report.html").exists()
    said = run("train", "--resume", "run")
    assert said.code == 0, said.err
    assert run(*words, "--out", "whole").code == 0
    assert files(Path("run")) == files(Path("whole"))
    heads = [fit.head for fit in history(Path("run")).head_fits]
    assert heads == (["mlp"] if head == BOTH else ["logistic"])


def test_contradicted_training_images_are_in_the_report(place: Place, run: Run) -> None:
    red = np.full((40, 40, 3), (220, 40, 40), np.uint8)
    Image.fromarray(red).save(place.photos / "dog" / "wrong.png")
    said = run(*TRAIN[:-1], "--valid-pct", "0.1", "--out", "run")
    assert said.code == 0, said.err
    page = Path("run", "report.html").read_text()
    assert "named rightly by a head that did not see them" in page
    told = page.partition("believe least")[2].partition("</table>")[0]
    assert "dog/wrong.png" in told
    assert run("report", "run").code == 0
    again = Path("run", "report.html").read_text()
    assert again.partition("believe least")[2].partition("</table>")[0] == told
