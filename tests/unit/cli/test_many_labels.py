"""Images with any number of labels, from a CSV to named pictures."""

import csv
import json
import re
import shlex
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import f1_score, precision_recall_fscore_support
from tests.unit.cli.conftest import Place, Run

CLASSES = ["blue", "dark", "red"]


@pytest.fixture
def table(place: Place) -> Path:
    """48 noisy pictures that are red, blue, both or neither, and perhaps dark."""
    random = np.random.default_rng(3)
    lines = ["name,labels"]
    (place.home / "pictures").mkdir()
    for i in range(48):
        labels = [name for k, name in enumerate(CLASSES) if i >> k & 1]
        pixels = random.integers(0, 60, (40, 40, 3)) + 60 * ("dark" not in labels)
        for channel, name in ((0, "red"), (2, "blue")):
            pixels[..., channel] += 100 * (name in labels)
        Image.fromarray(pixels.astype(np.uint8)).save(place.home / f"pictures/{i:02d}.png")
        lines.append(f"{i:02d}.png,{' '.join(labels)}")
    path = place.home / "table.csv"
    path.write_text("\n".join(lines))
    return path


WORDS = ["train", "table.csv", "--folder", "pictures", "--size", "32", "--bs", "8", "--epochs", "4"]


def test_from_a_table_to_named_pictures(table: Path, run: Run) -> None:
    said = run(*WORDS, "--lr", "0.1", "--label-sep", " ", "--out", "run")
    assert said.code == 0, said.err
    with Path("run/predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    true, called = (
        np.array([[name in row[column].split("|") for name in CLASSES] for row in rows])
        for column in ("label", "predicted")
    )
    probabilities = np.array([[float(row[name]) for name in CLASSES] for row in rows])
    assert (called == (probabilities > 0.5)).all()

    words = ["evaluate", "run/model", "table.csv", "--folder", "pictures", "--label-sep", " "]
    tables = run(*words).out
    scores = precision_recall_fscore_support(true, called, zero_division=0)
    for k, name in enumerate(CLASSES):
        line = next(text.split() for text in tables.splitlines() if text.startswith(name))
        numbers = [f"{scores[j][k]:.3f}" for j in range(3)]
        assert line[1:] == [*numbers, str(scores[3][k]), "0.500"]
    micro, macro = (
        f1_score(true, called, average=way, zero_division=0) for way in ("micro", "macro")
    )
    assert macro > 0.5  # and not of classes that are never called
    for way, value in (("micro", micro), ("macro", macro)):
        assert re.search(rf"^{way} F1 +{value:.4f} +[\d.]+ to [\d.]+$", tables, re.M)
    exact = (true == called).all(axis=1).mean()
    found = re.search(r"all labels right ([\d.]+) \(95 % ([\d.]+) to ([\d.]+), n = (\d+)", said.out)
    assert found is not None
    assert float(found[1]) == pytest.approx(exact, abs=1e-4)
    assert float(found[2]) <= exact <= float(found[3])
    assert int(found[4]) == len(rows)

    named = run("predict", "run/model", *(f"pictures/{row['name'].split('/')[-1]}" for row in rows))
    assert named.code == 0
    for text, row in zip(named.out.splitlines(), rows, strict=True):
        labels, shown = text.split("\t")[1:]
        expected = row["predicted"].split("|") if row["predicted"] else ["-"]
        assert sorted(labels.split("|")) == sorted(expected)
        if labels != "-":
            assert all(float(number) >= 0.5 for number in shown.split("|"))
    again = run("train", "--resume", "run")
    assert f"accuracy {exact:.4f}" in again.out


def test_an_empty_separator_is_mended_by_its_fix(table: Path, run: Run) -> None:
    said = run(*WORDS, "--lr", "0.1", "--label-sep", "")
    assert said.code == 2
    assert "label_sep is empty" in said.err
    assert run(*shlex.split(said.fix)[1:]).code == 0


def test_calibrated_with_thresholds_balanced_and_judged_on_a_table(table: Path, run: Run) -> None:
    """What is fitted on out-of-fold rows is in the run, in the saved model and in its words."""
    more = ["--label-sep", " ", "--out", "run", "--calibrate", "--balance", "weights"]
    said = run(*WORDS, "--lr", "0.1", *more)
    assert said.code == 0, said.err
    answering = json.loads(Path("run/model/model.json").read_text())["answering"]
    assert f"temperature {answering['temperature']:.4f} from" in said.err
    assert len(answering["thresholds"]) == 3
    assert answering["temperature"] != 1
    with Path("run/predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        above = zip(CLASSES, answering["thresholds"], strict=True)
        names = [name for name, limit in above if float(row[name]) > limit]
        assert row["predicted"] == "|".join(names)
    scores = json.loads(Path("run/scores.json").read_text())
    assert [each["threshold"] for each in scores["per_class"]] == answering["thresholds"]

    words = ["evaluate", "run/model", "table.csv", "--folder", "pictures"]
    words.append("--with-training-rows")
    judged = run(*words, "--label-sep", " ")
    assert judged.code == 0, judged.err
    assert "48 pictures that table.csv lists" in judged.out
    assert "n = 48)" in judged.out
    with table.open() as file:
        cells = [row["labels"].split() for row in csv.DictReader(file)]
    counts = [sum(name in cell for cell in cells) for name in CLASSES]
    for name, count in zip(CLASSES, counts, strict=True):
        shown = next(text.split() for text in judged.out.splitlines() if text.startswith(name))
        assert shown[4] == str(count)
    mended = run(*words)
    assert mended.code == 2
    assert "nothing says what parts them" in mended.err
    assert run(*shlex.split(mended.fix)[1:]).out == judged.out


def test_a_sampler_of_many_labels_is_refused_with_what_works(table: Path, run: Run) -> None:
    said = run(*WORDS, "--lr", "0.1", "--label-sep", " ", "--balance", "sampler")
    assert said.code == 2
    assert said.fix.endswith("--balance weights")
