"""(l) Few photos: `warmstart train` as before, with either head, and six lines by hand.

Eight draws of the training rows of every cell (a data set and a number of images per class). All
columns train on the same rows and are judged on the same others, which chose nothing. `before`
needs a checkout of the last commit with one head only:

    git worktree add ../before 8db6598
    WARMSTART_BEFORE=../before python benchmarks/few_photos.py --cache FILE --cache-dir FOLDER

Every result is a line of the cache file, so columns can be measured at different times and a run
that was stopped goes on; the JSON is written once every cell has every draw of every column.
"""

import argparse
import csv
import hashlib
import io
import json
import os
import sys
import tempfile
import time
import warnings
from dataclasses import dataclass
from functools import cache
from itertools import takewhile
from pathlib import Path
from typing import Any

import measure
import numpy as np
from few_photos_table import COLUMNS, goals, markdown, summary

ARCH = "tf_efficientnet_lite0"
SIZES = {
    "flowers": (5, 10, 25, 100),
    "dogscats": (10, 50, 400),
    "digits": (5, 20, 100),
    "cifar10": (5, 50, 500),
}
CELLS = [f"{data}-{per_class}" for data, sizes in SIZES.items() for per_class in sizes]
SIDES = {"cifar10": 96}  # pixels; the backbone's own elsewhere
MOST_JUDGING = {"digits": 500}
NUM_DRAWS = 8
GRID = np.logspace(0, 3, 7).tolist()  # inverse penalties C, for rows of length 1
FOLDS = 5
NOTES = [
    "cifar10-500 takes all of its training rows: every draw is the same, only seeds differ, so "
    "its intervals say nothing of other photos.",
    "dogscats-400 draws 400 of 500 per class: two draws share about 80 % of their rows, so its "
    "intervals are too narrow. Less so dogscats-50 and flowers-100 (100 of 140).",
    "dogscats and cifar10 have one set of judging rows for all draws, flowers and digits one each.",
]


@dataclass(frozen=True)
class Draw:
    """Training rows and judging rows of one draw; ``csv`` has the columns name, label, split."""

    cell: str
    seed: int
    root: Path
    csv: str

    @property
    def side(self) -> int | None:
        """Pixels, or None for the backbone's own."""
        return SIDES.get(self.cell.split("-")[0])


@cache
def digits() -> tempfile.TemporaryDirectory[str]:
    """scikit-learn's 8 × 8 digits as PNG files in one folder per class, until the process ends."""
    from PIL import Image
    from sklearn.datasets import load_digits

    place = tempfile.TemporaryDirectory()
    found = load_digits()
    for number, (pixels, label) in enumerate(zip(found.images, found.target, strict=True)):
        folder = Path(place.name, str(label))
        folder.mkdir(exist_ok=True)
        Image.fromarray((pixels * 255 / 16).astype(np.uint8)).save(folder / f"{number:04}.png")
    return place


def files(root: Path, below: str = "") -> list[list[str]]:
    """Names under a root, a list per class folder, in the order of names."""
    folders = sorted(path for path in (root / below).iterdir() if path.is_dir())
    return [sorted(str(path.relative_to(root)) for path in one.iterdir()) for one in folders]


def drawn(cell: str, seed: int) -> Draw:
    """One draw; the rows of a smaller cell are among those of a larger one."""
    data, per_class = cell.split("-")
    root = Path(digits().name) if data == "digits" else measure.photos(data)
    has_valid = (root / "valid").is_dir()
    random = np.random.default_rng([seed, len(data)])
    train, others = list[str](), list[str]()
    for names in files(root, "train" if has_valid else ""):
        order = [names[i] for i in random.permutation(len(names))]
        train += order[: int(per_class)]
        others += order[int(per_class) :]
    if has_valid:
        others = [name for names in files(root, "valid") for name in names]
    if data in MOST_JUDGING:
        others = random.permutation(sorted(others))[: MOST_JUDGING[data]].tolist()
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(["name", "label", "split"])
    splits = [(name, "train") for name in train] + [(name, "valid") for name in others]
    lines.writerows([name, Path(name).parent.name, split] for name, split in sorted(splits))
    return Draw(cell, seed, root, text.getvalue())


def scored(labels: list[str], probabilities: np.ndarray, classes: list[str]) -> dict[str, Any]:
    """Accuracy and mean log loss, nats, of judged rows (N, K)."""
    from sklearn.metrics import log_loss

    right = np.array(classes)[probabilities.argmax(axis=1)] == np.array(labels)
    return {
        "num_judged": len(labels),
        "accuracy": float(right.mean()),
        "log_loss": float(log_loss(labels, probabilities, labels=classes)),
    }


def source_of(column: str) -> Path:
    """The folder that `warmstart` is imported from, for a column."""
    if column == "before":
        source = Path(os.environ.get("WARMSTART_BEFORE", "")).absolute() / "src"
        if not (source / "warmstart").is_dir():
            sys.exit("set WARMSTART_BEFORE to a checkout: git worktree add ../before 8db6598")
        return source
    import warmstart

    return Path(str(warmstart.__file__)).parents[1]


def by_command(draw: Draw, column: str, cache_dir: str) -> dict[str, Any]:
    """A whole process of `warmstart train`, and what it predicts for the judging rows."""
    options = ["--head", "mlp"] if column == "mlp" else []
    if draw.side is not None:
        options += ["--size", str(draw.side)]
    with tempfile.TemporaryDirectory() as place:
        table, run = Path(place) / "rows.csv", Path(place) / "run"
        table.write_text(draw.csv)
        (Path(place) / "photos").symlink_to(draw.root)
        seconds, _, text = measure.run([
            measure.warmstart(), "train", str(table), "--folder", "photos",
            "--label-column", "label", "--split-column", "split", "--arch", ARCH, "--no-report",
            "--seed", str(draw.seed), "--cache-dir", cache_dir, "--out", str(run), *options,
        ], PYTHONPATH=str(source_of(column)))  # fmt: skip
        with (run / "predictions.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
    classes = sorted({line["label"] for line in csv.DictReader(io.StringIO(draw.csv))})
    assert len(rows) == draw.csv.count(",valid\n"), "other rows were judged than those of the draw"
    probabilities = np.array([[float(row[name]) for name in classes] for row in rows])
    found = scored([row["label"] for row in rows], probabilities, classes)
    return found | {"seconds": seconds, "says": text[-3000:]}


def by_hand(draw: Draw, cache_dir: str) -> dict[str, Any]:
    """scikit-learn's logistic regression on average-pooled features, divided by their length."""
    from sklearn.linear_model import LogisticRegressionCV
    from sklearn.model_selection import StratifiedKFold
    from threadpoolctl import threadpool_limits

    from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

    with tempfile.TemporaryDirectory() as place:
        table = Path(place) / "rows.csv"
        table.write_text(draw.csv)
        data = ImageClassifierData.from_csv(
            draw.root, "", table, tfms_from_model(ARCH, draw.side), split_column="split"
        )
        learn = ConvLearner.pretrained(ARCH, data, precompute=True, cache_dir=cache_dir, quiet=True)
        features, labels = {}, {}
        for split in ("train", "valid"):
            rows, labels[split] = learn.activations_of(split)
            rows = rows[:, rows.shape[1] // 2 :].astype(float)  # maximum ‖ average: the average
            features[split] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    began = time.perf_counter()
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=draw.seed)
    # one thread: with small matrices two wait for each other, 40 × as long beside other work
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("error")  # a solver that does not converge is no comparison
        model = LogisticRegressionCV(
            Cs=GRID, cv=folds, scoring="neg_log_loss", max_iter=10_000, l1_ratios=(0,),
            use_legacy_attributes=False,
        ).fit(features["train"], labels["train"])  # fmt: skip
    seconds = time.perf_counter() - began
    names = [data.classes[label] for label in labels["valid"]]
    found = scored(names, model.predict_proba(features["valid"]), list(data.classes))
    return found | {"seconds": seconds, "C": float(model.C_)}


@cache
def code_of(column: str) -> str:
    """Ten digits that say which source was measured."""
    found = hashlib.sha256()
    for path in sorted(source_of(column).rglob("warmstart/**/*.py")):
        found.update(path.read_bytes())
    return found.hexdigest()[:10]


def key_of(draw: Draw, column: str) -> str:
    """Names a result: other rows, another grid, another draw make another name."""
    settings = f"{ARCH} {draw.side} {(GRID, FOLDS) if column == 'by_hand' else ''}\n"
    rows = hashlib.sha256((settings + draw.csv).encode()).hexdigest()[:16]
    return f"{column} {draw.cell} {draw.seed} {rows}"


def read_cache(path: Path) -> dict[str, dict[str, Any]]:
    """Results by key; of two with one key the later one counts."""
    lines = path.read_text().splitlines() if path.exists() else []
    return {entry["key"]: entry for entry in map(json.loads, lines)}


def measured(asked: argparse.Namespace) -> None:
    """Fill the cache: draw by draw, so that what there is of a stopped run is balanced."""
    done = {} if asked.again else read_cache(asked.cache)
    for seed in range(asked.draws):
        for cell in asked.cells:
            draw = drawn(cell, seed)
            for column in asked.columns:
                key = key_of(draw, column)
                if key in done:
                    continue
                found = (
                    by_hand(draw, asked.cache_dir)
                    if column == "by_hand"
                    else by_command(draw, column, asked.cache_dir)
                )
                entry = {"key": key, "code": code_of(column)} | found
                with asked.cache.open("a") as file:
                    file.write(json.dumps(entry) + "\n")
                print(f"{key}: {found['accuracy']:.4f} / {found['log_loss']:.4f}", flush=True)


def row_of(cell: str, done: dict[str, dict[str, Any]], num_draws: int) -> dict[str, Any]:
    """A row of the table: each column over the first draws that are there."""
    draws = [drawn(cell, seed) for seed in range(num_draws)]
    keys = {column: [key_of(draw, column) for draw in draws] for column in COLUMNS}
    there = {c: [done[k] for k in takewhile(done.__contains__, keys[c])] for c in COLUMNS}
    there = {column: entries for column, entries in there.items() if entries}
    return {"cell": cell, "num_train": draws[0].csv.count(",train\n")} | summary(there)


def arguments() -> argparse.Namespace:
    """What to measure, and where results and activations are kept."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--columns", nargs="*", choices=COLUMNS, default=list(COLUMNS))
    parser.add_argument("--cells", nargs="*", choices=CELLS, default=CELLS)
    parser.add_argument("--draws", type=int, choices=range(1, NUM_DRAWS + 1), default=NUM_DRAWS)
    parser.add_argument("--cache", type=Path, help="results, a JSON line each")
    parser.add_argument("--cache-dir", help="the store of activations")
    parser.add_argument("--again", action="store_true", help="measure what the cache has, too")
    return parser.parse_args()


def main() -> None:
    """Measure what was asked for, then summarise all that there is."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as place:
        asked.cache = asked.cache or Path(place, "results.jsonl")
        asked.cache_dir = asked.cache_dir or str(Path(place, "store"))
        measured(asked)
        done = read_cache(asked.cache)
    rows = [row_of(cell, done, asked.draws) for cell in CELLS]
    rows = [row for row in rows if row["columns"]]
    found = list(goals(rows))
    is_whole = len(rows) == len(CELLS) and all(
        row["columns"].get(column, {"accuracy": {"n": 0}})["accuracy"]["n"] == NUM_DRAWS
        for row in rows
        for column in COLUMNS
        if column != "mlp"  # which no goal is about: its n may be smaller, and is in the JSON
    )
    if is_whole:
        figures: dict[str, object] = {
            "arch": ARCH, "draws": NUM_DRAWS, "grid": GRID, "folds": FOLDS,
            "notes": NOTES, "goals": found, "rows": rows,
        }  # fmt: skip
        measure.write("few_photos", figures)
    print("\n" + markdown(rows) + "\n")
    for goal in found:
        print(f"{'met   ' if goal['is_met'] else 'missed'} {goal['figure']:+6.1f}  {goal['goal']}")
    print("\n".join(NOTES))
    for column in COLUMNS:
        codes = {code for row in rows for code in row["columns"].get(column, {}).get("code", [])}
        print(f"{column}: measured with source {', '.join(sorted(codes)) or '–'}")


if __name__ == "__main__":
    main()
