"""`warmstart demo`, on fewer digits, and what it leaves used by the other commands."""

import csv
import json
import re
from pathlib import Path

import pytest
import sklearn.datasets
from sklearn.utils import Bunch

from warmstart.cli.main import main

NUM_DIGITS = 200


def run(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    capsys.readouterr()
    with pytest.raises(SystemExit) as stopped:
        main(list(words))
    out, err = capsys.readouterr()
    assert stopped.value.code == 0, err
    return out


def accuracy_in(out: str) -> float:
    found = re.search(r"^accuracy ([\d.]+) \(95 % ([\d.]+) to ([\d.]+), n = \d+\)$", out, re.M)
    assert found is not None, out
    assert float(found[2]) <= float(found[1]) <= float(found[3])
    return float(found[1])


def test_the_demo_from_nothing_to_named_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path / "cache"))
    real = sklearn.datasets.load_digits()
    fewer = Bunch(images=real.images[:NUM_DIGITS], target=real.target[:NUM_DIGITS])
    monkeypatch.setattr(sklearn.datasets, "load_digits", lambda: fewer)

    out = run(capsys, "demo")
    home = Path("warmstart-demo")
    made = home / "runs" / "digits-1"
    assert accuracy_in(out) > 0.6  # ten classes; chance is 0.1
    assert "of 100 photos like these, about " in out
    for name in ("model", "confusion.png", "predictions.csv", "history.jsonl", "recipe.toml"):
        assert (made / name).exists()
    assert str(made / "model") in out
    assert len(list((home / "digits").rglob("*.png"))) == NUM_DIGITS

    with (made / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    right = sum(row["label"] == row["predicted"] for row in rows) / len(rows)
    assert f"accuracy {right:.4f}" in out
    card = json.loads((made / "model" / "model.json").read_text())
    assert card["metrics"]["valid_accuracy"] == pytest.approx(right)

    model = str(made / "model")
    seven = next((home / "digits" / "7").iterdir())
    said = run(capsys, "predict", model, str(seven)).rstrip("\n").split("\t")
    assert said[0] == str(seven)
    assert said[1] in "0123456789"
    assert 0 <= float(said[2]) <= 1
    assert accuracy_in(run(capsys, "evaluate", model, str(home / "digits"))) > 0.8
    assert "2 in all" in run(capsys, "cache", "ls")  # rows, and the graph that made them
