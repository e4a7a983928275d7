"""`warmstart train --seconds`: several backbones against one, on photos that chose nothing.

Flowers with 5, 25 and 100 a class (all others judge; of 100 a class, 200 are left), eight draws,
and dogs and cats as they are parted; whole processes with an empty store each. The rows that judge
have chosen nothing: members, penalties and the temperature come from the training rows. Beside it,
each backbone alone on the same rows, which is the race with that backbone only; "best" is the one
that judging rows prefer in hindsight, run by run. Each run is written to CACHE, and not done again.

    race.py [--cache CACHE] [--cells flowers-25@60 ...] [--draws 0 1 ...]
"""

import argparse
import csv
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import measure
import numpy as np

from warmstart import ImageClassifierData, Race, tfms_from_model
from warmstart.backbones.available import available_backbones
from warmstart.results.predictions import Predictions

ARCH = "tf_efficientnet_lite0"
CELLS = (
    "flowers-5@60", "flowers-25@60", "flowers-100@60", "dogscats@60", "flowers-25@20",
    "flowers-25@180",
)  # fmt: skip
DRAWS, ONCE = tuple(range(8)), ("dogscats@60", "flowers-25@20", "flowers-25@180")
T_7 = 2.365  # 97.5 % of Student's t with 7 degrees of freedom


@dataclass(frozen=True)
class Cell:
    """Photos, how many of each class train (None: as they are parted), and the time."""

    photos: str
    per_class: int | None
    seconds: float

    @classmethod
    def named(cls, name: str) -> "Cell":
        """Such as "flowers-25@60"."""
        data, _, seconds = name.partition("@")
        photos, _, number = data.partition("-")
        return cls(photos, int(number) if number else None, float(seconds))


def write_table(root: Path, per_class: int, draw: int, place: Path) -> Path:
    """A CSV of all photos: those drawn train, the others validate."""
    random = np.random.default_rng([draw, per_class])
    rows = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        names = sorted(path.name for path in folder.iterdir())
        order = random.permutation(len(names))
        for place_in_order, number in enumerate(order):
            split = "train" if place_in_order < per_class else "valid"
            rows.append((f"{folder.name}/{names[number]}", folder.name, split))
    table = place / "photos.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("name", "label", "split"), *rows])
    return table


def scores_of(found: Predictions) -> dict[str, float]:
    """Accuracy and log loss."""
    return {
        "accuracy": found.accuracy,
        "log_loss": found.scores(num_resamples=0)["log_loss"].value,
    }


def one_run(cell: Cell, draw: int) -> dict[str, object]:
    """The race as a process, then each backbone alone, on what it has stored."""
    root = measure.photos(cell.photos)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        source, options = str(root), list[str]()
        tfms = tfms_from_model(ARCH)
        if cell.per_class is None:
            data = ImageClassifierData.from_paths(root, tfms, quiet=True)
        else:
            table = write_table(root, cell.per_class, draw, place)
            source = str(table)
            options = ["--folder", str(root), "--split-column", "split"]
            data = ImageClassifierData.from_csv(
                place, str(root), table, tfms, split_column="split", quiet=True
            )
        run, store = place / "run", place / "store"
        command = [
            measure.warmstart(), "train", source, *options, "--seconds", f"{cell.seconds:g}",
            "--out", str(run), "--cache-dir", str(store),
        ]  # fmt: skip
        wall, memory, _ = measure.run(command)
        record = json.loads((run / "race.json").read_text())
        judged = json.loads((run / "scores.json").read_text())["scores"]
        alone = {
            arch: scores_of(Race(None, [arch], cache_dir=store).run(data, quiet=True).predict())
            for arch in available_backbones()
        }
    return {
        "num_train": len(data.table.rows("train")),
        "num_valid": len(data.table.rows("valid")),
        "accuracy": judged["accuracy"]["value"],
        "log_loss": judged["log_loss"]["value"],
        "wall": wall,
        "memory": memory,
        "members": [member["arch"] for member in record["members"]],
        "trials": record["trials"],
        "stopped": record["stopped"],
        "alone": alone,
    }


def interval(values: Sequence[float]) -> list[float]:
    """Mean and the 95 % interval of Student's t over draws; of fewer than eight, the mean."""
    found = np.array(values)
    if len(found) != len(DRAWS):
        return [float(found.mean())]
    half = T_7 * found.std(ddof=1) / np.sqrt(len(found))
    return [float(found.mean()), float(found.mean() - half), float(found.mean() + half)]


def summary(runs: Sequence[dict[str, Any]]) -> dict[str, object]:
    """Means over draws of one cell, and paired gains in points."""
    best = [max(run["alone"].values(), key=lambda one: one["accuracy"]) for run in runs]
    lite0 = [run["alone"][ARCH] for run in runs]

    def gains(others: Sequence[dict[str, float]]) -> list[float]:
        pairs = zip(runs, others, strict=True)
        return interval([100 * (run["accuracy"] - one["accuracy"]) for run, one in pairs])

    return {
        "n": len(runs),
        "accuracy": float(np.mean([run["accuracy"] for run in runs])),
        "log_loss": float(np.mean([run["log_loss"] for run in runs])),
        "alone": {
            arch: [
                float(np.mean([run["alone"][arch][what] for run in runs]))
                for what in ("accuracy", "log_loss")
            ]
            for arch in runs[0]["alone"]
        },
        "over_lite0": gains(lite0),
        "over_best_alone": gains(best),
        "loss_to_lite0": interval(
            [run["log_loss"] / one["log_loss"] for run, one in zip(runs, lite0, strict=True)]
        ),
        "members": [run["members"] for run in runs],
        "wall": measure.spread([run["wall"] for run in runs]),
    }


def main() -> None:
    """Every draw of every cell; what was done by an earlier process is read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=Path, default=measure.RESULTS / "race_runs")
    parser.add_argument("--cells", nargs="+", default=list(CELLS))
    parser.add_argument("--draws", nargs="+", type=int, default=list(DRAWS))
    asked = parser.parse_args()
    asked.cache.mkdir(parents=True, exist_ok=True)
    runs: dict[str, list[dict[str, Any]]] = {name: [] for name in asked.cells}
    for draw in asked.draws:
        for name in asked.cells:
            if name in ONCE and draw != asked.draws[0]:
                continue
            file = asked.cache / f"{name}-{draw}.json"
            if not file.exists():
                temporary = file.with_suffix(".part")
                temporary.write_text(json.dumps(one_run(Cell.named(name), draw), indent=1))
                temporary.replace(file)
            runs[name].append(json.loads(file.read_text()))
            last = runs[name][-1]
            print(name, draw, last["accuracy"], last["alone"], last["wall"], flush=True)
    cells = {name: summary(found) for name, found in runs.items()}
    measure.write("race", {"cells": cells, "runs": runs})


if __name__ == "__main__":
    main()
