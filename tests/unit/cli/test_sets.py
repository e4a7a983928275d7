"""`predict --confidence` and `evaluate --confidence`."""

import csv
import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Place, Run

from warmstart import load_predictor
from warmstart.cli.commands.predict import set_text

SCORES = [round(0.04 * number, 2) for number in range(1, 21)]


@pytest.fixture
def place(place: Place) -> Place:
    """With a model of its own: an MLP keeps nothing by itself, here it has kept scores."""
    model = Path(shutil.copytree(place.model, "kept"))
    card = json.loads((model / "model.json").read_text())
    assert "sets" not in card["answering"]
    card["answering"]["sets"] = {"values": SCORES, "num_rows": len(SCORES)}
    (model / "model.json").write_text(json.dumps(card))
    return replace(place, model=model)


def test_a_run_brings_what_its_sets_rest_on(place: Place, run: Run) -> None:
    trained = run("train", "dogscats", "--size", "32", "--no-report", "--out", "own")
    assert trained.code == 0, trained.err
    kept = json.loads(Path("own/model/model.json").read_text())["answering"]["sets"]
    assert kept["num_rows"] == len(kept["values"]) == 20
    said = run("predict", "own/model", "dogscats/cat/03.png", "--confidence", "0.9")
    assert (said.code, said.err) == (0, "")
    assert said.out.rstrip().split("\t")[-1].startswith("set: cat")


def test_a_line_ends_with_the_set(place: Place, run: Run) -> None:
    said = run("predict", str(place.model), "dogscats", "--confidence", "0.9")
    assert (said.code, said.err) == (0, "")
    found = load_predictor(place.model).predict("dogscats")
    told = [line.split("\t") for line in said.out.splitlines()]
    assert [(line[1], line[-1]) for line in told] == [
        (answer[0], "set: " + "|".join(names))
        for answer, names in zip(found.answers, found.sets(0.9), strict=True)
    ]


def test_a_csv_has_a_column_of_sets(place: Place, run: Run) -> None:
    model = str(place.model)
    assert run("predict", model, "dogscats", "--csv", "out.csv", "--confidence", "0.8").code == 0
    rows = list(csv.DictReader(io.StringIO(Path("out.csv").read_text())))
    assert list(rows[0]) == ["name", "predicted", "set", "cat", "dog"]
    found = load_predictor(place.model).predict("dogscats")
    assert [row["set"] for row in rows] == ["|".join(names) for names in found.sets(0.8)]
    assert [float(row["dog"]) for row in rows] == found.probabilities[:, 1].tolist()


@pytest.mark.filterwarnings("default:every class is in every set")
def test_more_than_the_rows_can_promise_is_said_once(place: Place, run: Run) -> None:
    said = run("predict", str(place.model), "dogscats", "--confidence", "0.99")
    assert said.code == 0
    assert said.err.count("every class is in every set: the 20 rows") == 1
    assert all("\tset: " in line and "|" in line for line in said.out.splitlines())


def test_labelled_pictures_judge_sets(place: Place, run: Run) -> None:
    said = run("evaluate", str(place.model), "dogscats", "--confidence", "0.9")
    assert said.code == 0, said.err
    assert re.search(
        r"sets of confidence 0\.9 hold the truth of [01]\.\d{4} "
        r"\(95 % [\d.]+ to [\d.]+, n = 4\); mean size [12]\.\d\d\n",
        said.out,
    )


@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize("confidence", ["0", "1", "90"])
def test_what_is_no_confidence_is_wrong_usage(
    place: Place, run: Run, command: str, confidence: str
) -> None:
    said = run(command, str(place.model), "dogscats", "--confidence", confidence)
    assert said.code == 2
    assert said.out == ""
    assert "a finite number in (0, 1)" in said.err


@pytest.mark.parametrize("command", ["predict", "evaluate"])
def test_a_folder_from_before_there_were_sets_says_what_to_do(
    place: Place, run: Run, command: str
) -> None:
    card = json.loads((place.model / "model.json").read_text())
    del card["answering"]["sets"]
    (place.model / "model.json").write_text(json.dumps(card))
    assert run(command, str(place.model), "dogscats").code == 0
    said = run(command, str(place.model), "dogscats", "--confidence", "0.9")
    assert said.code == 2
    assert said.out == ""
    assert len(said.err.strip().splitlines()) == 3
    assert "--calibrate" in said.fix


def test_a_large_set_is_told_in_short() -> None:
    names = tuple(f"class {number}" for number in range(12))
    assert set_text(names[:2], names) == "set: class 0|class 1"
    assert set_text(names, names).endswith("class 9 and 2 more")
