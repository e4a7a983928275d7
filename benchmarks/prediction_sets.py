"""(p) Sets that keep their promise: how often they hold the truth, and how large they are.

200 simulations a cell: training rows are drawn, a logistic head is chosen and solved on them as
`fit_head` does it, its out-of-fold rows make the sets, and rows that were not drawn judge them.
Features are computed once. Two ways to draw: as many of each class, as folders are filled; and at
random, so that the drawn frequencies of classes are chance.

    python benchmarks/prediction_sets.py --cache FILE --cache-dir FOLDER

Every simulation is a line of the cache file, so a run that was stopped goes on. With MAPIE
installed (pip install mapie), its sets of the same probabilities are compared with ours.
"""

import argparse
import json
import tempfile
from collections.abc import Callable, Iterator
from importlib import metadata
from importlib.util import find_spec
from itertools import product
from pathlib import Path
from typing import Any

import measure
import numpy as np
from numpy.typing import NDArray

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.backbones.pooling import pooled_parts
from warmstart.metrics.prediction_sets import nonconformity_scores, score_sets, sets_of
from warmstart.metrics.temperature import probabilities_of
from warmstart.training.head_card import num_columns
from warmstart.training.head_choice import choose_logistic, choosing_folds
from warmstart.training.logistic_head import unit_parts

ARCH = "tf_efficientnet_lite0"
SIDES = {"flowers": None, "cifar10": 96}  # pixels; the backbone's own
NUMBERS, WAYS, SIMULATIONS = (100, 300), ("by class", "at random"), 200
CONFIDENCES = (0.8, 0.9, 0.95)
MOST_JUDGING = 2000
GOAL = 0.9  # confidence: at least 0.88 held, and at most 0.92 where accuracy is below 0.9

Rule = Callable[[NDArray[np.float64], NDArray[np.float64]], NDArray[np.float64]]


def ranked(probabilities: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """The sum down to each class, itself included, and its rank from 0 (N, K)."""
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranks = np.argsort(order, axis=1)
    sums = np.cumsum(np.take_along_axis(probabilities, order, 1), axis=1)
    return np.take_along_axis(sums, ranks, 1), ranks


# scores of every class (N, K) from probabilities and one uniform number per row (N, 1)
RULES: dict[str, Rule] = {
    "1 - p": lambda p, _: 1 - p,
    "1 - p / highest p": lambda p, _: 1 - p / p.max(axis=1, keepdims=True),
    "highest p - p": lambda p, _: p.max(axis=1, keepdims=True) - p,
    "sum of likelier ones": lambda p, _: ranked(p)[0] - p,
    "APS": lambda p, _: ranked(p)[0],
    "APS, randomised": lambda p, u: ranked(p)[0] - u * p,
    "RAPS 0.1, randomised": lambda p, u: ranked(p)[0] - u * p + 0.1 * ranked(p)[1],
}


def features(name: str, cache_dir: str) -> tuple[NDArray[np.float32], NDArray[np.int64], Any]:
    """Pooled rows of all pictures, their labels, and what a head may use of a row."""
    tfms = tfms_from_model(ARCH, SIDES[name])
    data = ImageClassifierData.from_paths(measure.photos(name), tfms, quiet=True)
    learn = ConvLearner.pretrained(ARCH, data, precompute=True, cache_dir=cache_dir, quiet=True)
    rows, labels = zip(*(learn.activations_of(split) for split in ("train", "valid")), strict=True)
    parts = pooled_parts(learn.model.pool, learn.num_features)
    return np.concatenate(rows), np.concatenate(labels), parts


def drawn(
    labels: NDArray[np.int64], number: int, way: str, random: np.random.Generator
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Positions that train, and of those that judge."""
    order = random.permutation(len(labels))
    if way == "at random":
        return order[:number], order[number:][:MOST_JUDGING]
    classes = np.unique(labels)
    each = number // len(classes)
    most = MOST_JUDGING // len(classes)
    dealt = [order[labels[order] == k] for k in classes]
    train = np.concatenate([rows[:each] for rows in dealt])
    return train, np.concatenate([rows[each:][:most] for rows in dealt])


def simulated(
    rows: NDArray[np.float32], labels: NDArray[np.int64], parts: Any, number: int, way: str,
    seed: int,
) -> dict[str, Any]:  # fmt: skip
    """One draw, every rule."""
    random = np.random.default_rng([seed, number])
    train, judge = drawn(labels, number, way, random)
    k = int(labels.max()) + 1
    num_weights = num_columns(next(iter(parts.values()))) * k
    folds = choosing_folds([str(row) for row in train], labels[train], num_weights, seed=seed)
    choice = choose_logistic(rows[train], labels[train], k, parts, folds)
    assert choice.weights is not None
    known = np.isfinite(choice.out_of_fold).all(axis=1)
    fitted = probabilities_of(choice.out_of_fold[known], is_multi_label=False)
    fitted_labels = labels[train][known]
    logits = unit_parts(rows[judge], choice.parts) @ choice.weights.weight.T + choice.weights.bias
    said = probabilities_of(logits.astype(np.float64), is_multi_label=False)
    found: dict[str, Any] = {
        "num_judged": len(judge),
        "accuracy": float((said.argmax(axis=1) == labels[judge]).mean()),
        "out_of_fold_accuracy": float((fitted.argmax(axis=1) == fitted_labels).mean()),
        "sets": {},
    }
    kept = nonconformity_scores(fitted, fitted_labels)
    for confidence in CONFIDENCES:
        held = sets_of(said, kept, confidence)
        scores = score_sets(held, labels[judge], confidence)
        found["sets"][f"ours {confidence:g}"] = [scores.coverage, scores.mean_size]
        found[f"num_empty {confidence:g}"] = int((~held.any(axis=1)).sum())
        if find_spec("mapie"):
            others = by_mapie(fitted, fitted_labels, said, confidence)
            others[np.arange(len(others)), said.argmax(axis=1)] = True
            found[f"num_unlike_mapie {confidence:g}"] = int((others != held).any(axis=1).sum())
    draws = [random.random((len(some), 1)) for some in (fitted, said)]
    for name, rule in RULES.items():
        scores_of, of_all = (
            rule(some, draw) for some, draw in zip((fitted, said), draws, strict=True)
        )
        own = np.sort(scores_of[np.arange(len(fitted)), fitted_labels])
        rank = int(np.ceil(GOAL * (len(own) + 1) - 1e-9))
        held = of_all <= (own[rank - 1] if rank <= len(own) else np.inf)
        empty = float((~held.any(axis=1)).mean())
        held[np.arange(len(held)), said.argmax(axis=1)] = True
        scores = score_sets(held, labels[judge], GOAL)
        found["sets"][name] = [scores.coverage, scores.mean_size, empty]
    return found


def by_mapie(
    fitted: NDArray[np.float64], labels: NDArray[np.int64], said: NDArray[np.float64],
    confidence: float,
) -> NDArray[np.bool_]:  # fmt: skip
    """MAPIE's sets (N, K) of the same probabilities, by the same score."""
    from mapie.classification import SplitConformalClassifier
    from sklearn.base import BaseEstimator, ClassifierMixin

    class Saying(ClassifierMixin, BaseEstimator):
        """Its input is its answer."""

        classes_ = np.arange(said.shape[1])

        def fit(self, *_: object) -> "Saying":
            return self

        def predict_proba(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
            return rows

        def predict(self, rows: NDArray[np.float64]) -> NDArray[np.int64]:
            return rows.argmax(axis=1)

        def __sklearn_is_fitted__(self) -> bool:
            return True

    model = SplitConformalClassifier(
        Saying(), confidence_level=confidence, conformity_score="lac", prefit=True
    )
    return np.array(model.conformalize(fitted, labels).predict_set(said)[1][:, :, 0], bool)


def mean_of(values: list[float]) -> dict[str, float]:
    """Mean, and its 95 % interval over simulations."""
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / len(values) ** 0.5)
    return {"mean": mean, "low": mean - 1.96 * error, "high": mean + 1.96 * error}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Means of a cell."""
    sets = {}
    for name in runs[0]["sets"]:
        columns = list(zip(*(run["sets"][name] for run in runs), strict=True))
        words = ("coverage", "size", "empty before the likeliest is put in")
        sets[name] = {
            word: mean_of(list(column)) for word, column in zip(words, columns, strict=False)
        }
    told = {
        name: mean_of([run[name] for run in runs]) for name in ("accuracy", "out_of_fold_accuracy")
    }
    counts = [name for name in runs[0] if name.startswith("num_")]
    return {"n": len(runs), **told, "sums": {c: sum(run[c] for run in runs) for c in counts},
            "sets": sets}  # fmt: skip


def goals(cells: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What was to show, of every cell."""
    for name, cell in cells.items():
        held, accuracy = (
            cell["sets"][f"ours {GOAL:g}"]["coverage"]["mean"],
            cell["accuracy"]["mean"],
        )
        yield {"goal": f"{name}: at least 0.88", "figure": held, "is_met": held >= 0.88}
        if accuracy < GOAL:
            yield {"goal": f"{name}: at most 0.92", "figure": held, "is_met": held <= 0.92}
        empty = sum(cell["sums"][f"num_empty {each:g}"] for each in CONFIDENCES)
        yield {"goal": f"{name}: none is empty", "figure": empty, "is_met": empty == 0}


def arguments() -> argparse.Namespace:
    """What to simulate, and where results and activations are kept."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--simulations", type=int, default=SIMULATIONS)
    parser.add_argument("--data", nargs="*", choices=list(SIDES), default=list(SIDES))
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=list(WAYS))
    parser.add_argument("--cache", type=Path, help="results, a JSON line each")
    parser.add_argument("--cache-dir", help="the store of activations")
    return parser.parse_args()


def simulate_missing(asked: argparse.Namespace, cache: Path, done: dict[str, Any]) -> None:
    """Fill the cache, cell by cell."""
    store = asked.cache_dir or str(cache.parent / "store")
    for name in asked.data:
        wanted = product(asked.ways, NUMBERS, range(asked.simulations))
        keys = {one: f"{name}, {one[1]} {one[0]}, {one[2]}" for one in wanted}
        missing = {one: key for one, key in keys.items() if key not in done}
        if not missing:
            continue
        rows, labels, parts = features(name, store)
        for (way, number, seed), key in missing.items():
            done[key] = {"key": key} | simulated(rows, labels, parts, number, way, seed)
            with cache.open("a") as file:
                file.write(json.dumps(done[key]) + "\n")


def cells_of(done: dict[str, Any], simulations: int) -> dict[str, dict[str, Any]]:
    """A summary of every cell that has all of its simulations."""
    cells = {}
    for way, name, number in product(WAYS, SIDES, NUMBERS):
        cell = f"{name}, {number} {way}"
        runs = [done.get(f"{cell}, {seed}") for seed in range(simulations)]
        if all(runs):
            cells[cell] = summary([run for run in runs if run is not None])
    return cells


def show(cells: dict[str, dict[str, Any]], found: list[dict[str, Any]]) -> None:
    """Print every cell, and what was to show."""
    for name, cell in cells.items():
        print(f"\n{name}, n = {cell['n']}: accuracy {cell['accuracy']['mean']:.3f}; {cell['sums']}")
        for rule, one in cell["sets"].items():
            held, size = one["coverage"], one["size"]
            print(f"  {rule:22} {held['mean']:.4f} ({held['low']:.4f} to {held['high']:.4f})"
                  f"  size {size['mean']:.3f}")  # fmt: skip
    for goal in found:
        print(f"{'met   ' if goal['is_met'] else 'missed'} {goal['figure']:.4f}  {goal['goal']}")


def main() -> None:
    """Simulate what is missing, then summarise all that there is."""
    asked = arguments()
    with tempfile.TemporaryDirectory() as place:
        cache = asked.cache or Path(place, "results.jsonl")
        lines = cache.read_text().splitlines() if cache.exists() else []
        done = {entry["key"]: entry for entry in map(json.loads, lines)}
        simulate_missing(asked, cache, done)
    cells = cells_of(done, asked.simulations)
    found = list(goals(cells))
    wanted = {f"{name}, {number} {WAYS[0]}" for name, number in product(SIDES, NUMBERS)}
    if wanted <= set(cells) and asked.simulations >= SIMULATIONS:
        measure.write("prediction_sets", {
            "arch": ARCH, "mapie": metadata.version("mapie") if find_spec("mapie") else None,
            "goals": found, "cells": cells,
        })  # fmt: skip
    show(cells, found)


if __name__ == "__main__":
    main()
