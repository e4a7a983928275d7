"""`--others`: a model that says "unknown", from training to judging."""

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.cli.conftest import SMALL, Place, Run

from warmstart.cli.run.folder import RunFolder

NUM_OTHERS = 30


@pytest.fixture
def others(place: Place) -> Path:
    """Pictures that are neither reddish nor bluish, to choose on and to judge by."""
    random = np.random.default_rng(7)
    for name in ("choose", "judge"):
        (place.home / "others" / name).mkdir(parents=True)
        for i in range(NUM_OTHERS):
            pixels = random.integers(0, 256, (40, 40, 3)).astype(np.uint8)
            Image.fromarray(pixels).save(place.home / "others" / name / f"{i:02d}.png")
    return place.home / "others"


def test_from_pictures_of_other_things_to_the_answer_unknown(
    place: Place, others: Path, run: Run
) -> None:
    said = run(
        "train", "dogscats", "--lr", "0.01", *SMALL, "--out", "run",
        "--others", "others/choose", "--false-accept", "0.2",
    )  # fmt: skip
    assert said.code == 0, said.err
    answering = json.loads(Path("run/model/model.json").read_text())["answering"]
    below = answering["unknown_below"]
    assert f"unknown below {below:.4f}: false-accept rate 0.2 on {NUM_OTHERS} pictures" in said.err
    assert "24 of 24" not in said.out

    named = run("predict", "run/model", "others/choose", "--csv", "out.csv")
    assert named.code == 0, named.err
    with Path("out.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert (row["predicted"] == "unknown") == (float(row["known_score"]) < below)
    saved = RunFolder(Path("run")).read_predictions().predictions
    with Path("run/predictions.csv").open(newline="") as file:
        written = [row["predicted"] == "unknown" for row in csv.DictReader(file)]
    assert saved.is_unknown.tolist() == written
    assert saved.answering.unknown_by == answering["unknown_by"] == "features"
    assert sum(row["predicted"] == "unknown" for row in rows) >= 0.8 * NUM_OTHERS
    shown = run("predict", "run/model", "others/choose")
    assert "\tunknown\t(the nearest: " in shown.out
    assert "unknown" not in run("predict", "run/model", "others/choose", "--no-unknown").out

    judged = run("evaluate", "run/model", "dogscats", "--others", "others/judge")
    assert judged.code == 0, judged.err
    assert f"n = {NUM_OTHERS})" in judged.out
    assert "known refused" in judged.out
    assert "which flatters both rates" not in judged.out
    again = run("evaluate", "run/model", "dogscats", "--others", "others/choose")
    assert "note: some of these other things chose when, which flatters both rates" in again.out
    tables = [line for line in judged.out.splitlines() if not line.startswith("of 100 photos")]
    assert max(map(len, tables)) <= 80


def test_a_model_that_was_not_taught_says_so(place: Place, others: Path, run: Run) -> None:
    said = run("evaluate", str(place.model), "dogscats", "--others", "others/judge")
    assert said.code == 2
    assert "never says" in said.err


def test_too_few_other_pictures_or_none(place: Place, others: Path, run: Run) -> None:
    words = ["train", "dogscats", "--lr", "0.01", *SMALL, "--others"]
    assert run(*words, "nowhere").code == 1
    said = run(*words, "others/choose", "--false-accept", "0.01")
    assert said.code == 2
    assert "too few" in said.err
