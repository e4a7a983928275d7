"""(q) Wrong labels: our finder against cleanlab's, on the same out-of-fold probabilities.

Labels of 2 % and 8 % of the rows are made wrong, at random or to the most similar class (the one
that a model confuses it with most). Average precision of the planted faults: of rankings of all
rows, and of lists, where rows that are not listed are last, all alike. Real faults of the data
count against every rule alike. The rule and its threshold were chosen by seeds 0 to 3; those that
are measured here are others, whose faults are planted in other rows of the same photos.

    pip install cleanlab && python benchmarks/wrong_labels.py --cache-dir FOLDER
"""

import argparse
import sys
import tempfile
from importlib import metadata
from importlib.util import find_spec
from itertools import product
from typing import Any

import measure
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.backbones.pooling import pooled_parts
from warmstart.checkup.mislabelled import judged_out_of_fold, label_issues
from warmstart.metrics.temperature import logits_of

ARCH = "tf_efficientnet_lite0"
SIDES = {"flowers": None, "dogscats": None, "cifar10": 96}  # pixels; the backbone's own
WAYS = {"flowers": ("random", "similar"), "dogscats": ("random",), "cifar10": ("random", "similar")}
SHARES, SEEDS, MOST_ROWS = (0.02, 0.08), (10, 11, 12, 13), 1000
LAST = -1e9  # of rows that a list has not
QUALITIES = ("self_confidence", "normalized_margin", "confidence_weighted_entropy")
FILTERS = ("prune_by_noise_rate", "confident_learning", "predicted_neq_given")

Array = NDArray[np.float64]
Labels = NDArray[np.int64]


def rows_of(name: str, cache_dir: str) -> tuple[NDArray[np.float32], Labels, Any]:
    """Pooled rows of the training pictures, at most ``MOST_ROWS``, and what a head may use."""
    tfms = tfms_from_model(ARCH, SIDES[name])
    data = ImageClassifierData.from_paths(measure.photos(name), tfms, quiet=True)
    learn = ConvLearner.pretrained(ARCH, data, precompute=True, cache_dir=cache_dir, quiet=True)
    rows, labels = learn.activations_of("train")
    some = np.random.default_rng(1).permutation(len(labels))[:MOST_ROWS]
    parts = next(iter(pooled_parts(learn.model.pool, learn.num_features).values()))
    return rows[some], labels[some], parts


def said(rows: NDArray[np.float32], labels: Labels, parts: Any, seed: int) -> Array:
    """Out-of-fold probabilities (N, K), as ``check`` computes them."""
    units = [str(row) for row in range(len(rows))]
    return judged_out_of_fold(rows, labels, units, int(labels.max()) + 1, parts, seed=seed)[0]


def planted(labels: Labels, similar: Labels, share: float, way: str, seed: int) -> Labels:
    """Labels of which some are wrong."""
    random, number = np.random.default_rng([seed, 7]), len(similar)
    wrong = random.permutation(len(labels))[: round(share * len(labels))]
    shifts = random.integers(1, number, len(wrong))
    given = labels.copy()
    given[wrong] = similar[labels[wrong]] if way == "similar" else (labels[wrong] + shifts) % number
    return given


def listed(rows: NDArray[np.integer], scores: Array | None, number: int) -> Array:
    """Scores (N,) of a list in its order; ``scores`` None is its order alone."""
    found = np.full(number, LAST)
    found[rows] = -np.arange(len(rows)) if scores is None else scores
    return found


def before(probabilities: Array, labels: Labels) -> Array:
    """Our rule until now: the confident joint's off-diagonal, by the margin of probabilities."""
    thresholds = np.array([
        probabilities[labels == k, k].mean() for k in range(probabilities.shape[1])
    ])  # fmt: skip
    confident = np.where(probabilities >= thresholds, probabilities, -1.0)
    own = probabilities[np.arange(len(labels)), labels]
    margins = confident.max(axis=1) - own
    chosen = np.flatnonzero((confident.argmax(axis=1) != labels) & (margins > 0))
    return listed(chosen, margins[chosen], len(labels))


def gaps(probabilities: Array, labels: Labels) -> Array:
    """The ranking behind our list: logit of the likeliest other class minus that of the label."""
    logits = logits_of(probabilities, is_multi_label=False)
    others = logits.copy()
    others[np.arange(len(labels)), labels] = -np.inf
    return others.max(axis=1) - logits[np.arange(len(labels)), labels]


def rankings(probabilities: Array, labels: Labels) -> dict[str, Array]:
    """Every rule's scores (N,), the most doubtful highest."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    number = len(labels)
    found = {
        "list: ours, before": before(probabilities, labels),
        "list: ours": listed(label_issues(probabilities, labels)[0], None, number),
        "ranking: ours": gaps(probabilities, labels),
    }
    for method in QUALITIES:
        qualities = get_label_quality_scores(labels, probabilities, method=method)
        found[f"ranking: {method}"] = -np.asarray(qualities)
    for method in FILTERS:
        rows = find_label_issues(
            labels, probabilities, filter_by=method, n_jobs=1,
            return_indices_ranked_by="self_confidence",
        )  # fmt: skip
        found[f"list: {method}"] = listed(np.asarray(rows, np.int64), None, number)
    return found


def measured(name: str, cache_dir: str) -> list[dict[str, Any]]:
    """Every plant of one data set."""
    rows, labels, parts = rows_of(name, cache_dir)
    number = int(labels.max()) + 1
    clean = said(rows, labels, parts, seed=1)
    confused = np.array([clean[labels == k].mean(axis=0) for k in range(number)])
    np.fill_diagonal(confused, -1)
    runs = []
    for share, way, seed in product(SHARES, WAYS[name], SEEDS):
        given = planted(labels, confused.argmax(axis=1), share, way, seed)
        is_wrong = given != labels
        scores = rankings(said(rows, given, parts, seed), given)
        run: dict[str, Any] = {
            "data": name, "share": share, "way": way, "seed": seed, "num_rows": len(labels),
            "num_wrong": int(is_wrong.sum()), "average_precision": {}, "lists": {},
        }  # fmt: skip
        for rule, values in scores.items():
            run["average_precision"][rule] = float(average_precision_score(is_wrong, values))
            if rule.startswith("list"):
                has = values > LAST
                run["lists"][rule] = [int(has.sum()), int((has & is_wrong).sum())]
        print(name, share, way, seed, run["average_precision"], flush=True)
        runs.append(run)
    return runs


def mean_of(values: list[float]) -> dict[str, float]:
    """Mean, and its 95 % interval."""
    mean, error = float(np.mean(values)), float(np.std(values, ddof=1) / len(values) ** 0.5)
    return {"mean": mean, "low": mean - 1.96 * error, "high": mean + 1.96 * error}


def summary(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Of each rule the mean over plants, what it loses on ours, and what its list is like."""
    told: dict[str, Any] = {}
    for rule in runs[0]["average_precision"]:
        own = [run["average_precision"][rule] for run in runs]
        ours = [run["average_precision"][f"{rule.partition(':')[0]}: ours"] for run in runs]
        told[rule] = {
            "average_precision": float(np.mean(own)),
            "ours_minus_it": mean_of([a - b for a, b in zip(ours, own, strict=True)]),
        }
        if rule in runs[0]["lists"]:
            counts = np.array([run["lists"][rule] for run in runs]).sum(axis=0)
            wrong = sum(run["num_wrong"] for run in runs)
            told[rule] |= {
                "num_listed": int(counts[0]), "recall": float(counts[1] / wrong),
                "precision": float(counts[1] / max(counts[0], 1)),
            }  # fmt: skip
    return told


def main() -> None:
    """All data sets, shares, ways and seeds."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--cache-dir", help="the store of activations")
    asked = parser.parse_args()
    if not find_spec("cleanlab"):
        sys.exit("cleanlab is not here; pip install cleanlab")
    with tempfile.TemporaryDirectory() as place:
        runs = [run for name in SIDES for run in measured(name, asked.cache_dir or place)]
    cells: dict[str, list[dict[str, Any]]] = {}
    for run in runs:
        cell = f"{run['data']}, {run['share']:.0%} {run['way']}"
        cells.setdefault(cell, []).append(run)
    measure.write("wrong_labels", {
        "arch": ARCH, "seeds": list(SEEDS), "cleanlab": metadata.version("cleanlab"),
        "mean": summary(runs), "cells": {name: summary(some) for name, some in cells.items()},
        "runs": runs,
    })  # fmt: skip
    for name, told in {"all": summary(runs)}.items():
        for rule, one in told.items():
            print(f"{name:5} {rule:38} {one['average_precision']:.3f} {one['ours_minus_it']}")


if __name__ == "__main__":
    main()
