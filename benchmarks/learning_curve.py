"""(m) What more photos would buy: the learning curve of half of the photos, against all of them.

A draw takes 2 n photos of each class. The curve is fitted on n of them, and its interval for twice
as many is compared with the accuracy of a head of all 2 n, on the photos that were not drawn. Those
are finite, and so that accuracy scatters around the one for new photos that the interval is of.

Also: the class to photograph next. Each class in turn gets its other n photos, and what that adds
is compared with what the class that the curve names adds. The fits on 700 rows are timed.

    python benchmarks/learning_curve.py --cache FILE --cache-dir FOLDER

Every draw is a line of the cache file, so a run that was stopped goes on.
"""

import argparse
import json
import os
import tempfile
import time
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import measure
import numpy as np

from warmstart.data.folds import draw_folds
from warmstart.learner.learning_curve import curve_of
from warmstart.metrics.learning_curve import SubsetErrors, fit_learning_curve
from warmstart.metrics.temperature import cross_entropies
from warmstart.training.head_choice import LogisticChoice, choose_logistic
from warmstart.training.logistic import LogisticProblem
from warmstart.training.nested_subsets import SubsetRows, subset_errors

ARCH = "tf_efficientnet_lite0"
SIZES = {"flowers": (10, 25, 50), "dogscats": (10, 50), "cifar10": (25,)}  # n a class: a half
CELLS = [f"{data}-{each}" for data, sizes in SIZES.items() for each in sizes]
SIDES = {"cifar10": 96}
NEXT_CELLS = ("flowers-25", "dogscats-50")  # where each class in turn is doubled
FIXED_CELLS = ("flowers-50", "cifar10-25")  # where a fixed penalty is compared
FIXED_PARTS, FIXED_DRAWS = (0.2, 0.8), 8
NUM_DRAWS = 100
NUM_TIMED, ROWS_TIMED = 5, 700
NOTES = [
    "The photos drawn come from one pool: two draws share the part `overlap` of their photos, and "
    "their judging photos more, so draws are not independent, and coverages are less certain than "
    "their number says.",
    "`coverage` counts the score on the photos not drawn, whose noise the interval is not meant "
    "to cover; `coverage_with_noise` widens it by that; `coverage_of_mean` counts the mean of all "
    "scores, which is nearer to the accuracy on new photos.",
]


@cache
def pool(data: str, cache_dir: str) -> tuple[np.ndarray, np.ndarray, tuple[str, ...]]:
    """Features (N, D) of length 1 of all photos, their classes, and the names of those."""
    from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
    from warmstart.training.logistic_head import unit_parts

    tfms = tfms_from_model(ARCH, SIDES.get(data))
    images = ImageClassifierData.from_paths(measure.photos(data), tfms)
    learn = ConvLearner.pretrained(ARCH, images, precompute=True, cache_dir=cache_dir, quiet=True)
    parts = [learn.activations_of(split) for split in ("train", "valid")]
    rows, labels = (np.concatenate(each) for each in zip(*parts, strict=True))
    half = rows.shape[1] // 2  # maximum ‖ average: the average
    return unit_parts(rows, ((half, 2 * half),)), labels, images.classes


def head_of(rows: np.ndarray, labels: np.ndarray, num_classes: int) -> LogisticChoice:
    """What `warmstart train` would solve."""
    units = [str(number) for number in range(len(rows))]
    folds = draw_folds(units, labels, 5)
    whole = {"average": ((0, rows.shape[1]),)}
    return choose_logistic(rows, labels, num_classes, whole, folds)


def scores_of(head: Any, rows: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
    """Accuracy and log loss."""
    logits = rows @ head.weight.T + head.bias
    accuracy = float((logits.argmax(axis=1) == labels).mean())
    return accuracy, float(cross_entropies(logits, labels).mean())


def errors_of_rows(
    rows: np.ndarray, labels: np.ndarray, num_classes: int, penalty: float
) -> list[SubsetErrors]:
    """What heads of a part of some rows get wrong."""
    units = [f"{number:06}" for number in range(len(rows))]
    subsets = SubsetRows(rows, labels, np.ones(len(rows)), units, num_classes)
    return subset_errors(subsets, penalty, seed=0)


def as_text(size: SubsetErrors) -> dict[str, Any]:
    """A size as JSON can hold it: for each head a sign per row, "-" where it trained."""
    signs = np.where(size.trained, "-", np.where(size.wrong == 1, "1", "0"))
    return {"num_rows": size.num_rows, "wrong": ["".join(head) for head in signs]}


def from_text(entry: dict[str, Any]) -> SubsetErrors:
    """What ``as_text`` wrote."""
    signs = np.array([list(head) for head in entry["wrong"]])
    trained = signs == "-"
    wrong = np.where(trained, np.nan, (signs == "1").astype(float))
    return SubsetErrors(entry["num_rows"], wrong, trained)


def fitted(one: dict[str, Any]) -> dict[str, Any]:
    """What the curve of a draw says."""
    sizes, labels = [from_text(entry) for entry in one["sizes"]], np.array(one["labels"])
    num_classes = int(labels.max()) + 1
    fit = fit_learning_curve(sizes, np.arange(len(labels)))
    curve = curve_of(fit, sizes, labels, tuple(map(str, range(num_classes))))
    return one | {
        "twice": [curve.twice.accuracy, curve.twice.low, curve.twice.high],
        "now": [curve.now.accuracy, curve.now.low, curve.now.high],
        "gain": [curve.gain, curve.gain_low, curve.gain_high],
        "next": None if curve.next_class is None else int(curve.next_class),
    }


@dataclass(frozen=True, eq=False)
class Draw:
    """Positions in the pool: n of each class, n others of each class, and all that is left."""

    first: np.ndarray
    others: list[np.ndarray]
    judging: np.ndarray


def drawn(cell: str, seed: int, labels: np.ndarray) -> Draw:
    """One draw."""
    data, each = cell.split("-")
    random, half, others, rest = np.random.default_rng([seed, len(data), int(each)]), [], [], []
    for label in range(int(labels.max()) + 1):
        order = random.permutation(np.flatnonzero(labels == label))
        half.append(order[: int(each)])
        others.append(order[int(each) : 2 * int(each)])
        rest.append(order[2 * int(each) :])
    return Draw(np.concatenate(half), others, np.concatenate(rest))


def measured(cell: str, seed: int, cache_dir: str) -> dict[str, Any]:
    """What heads of parts of the half get wrong, and the scores of the half and of all."""
    rows, labels, classes = pool(cell.split("-")[0], cache_dir)
    draw = drawn(cell, seed, labels)
    first, judging = draw.first, draw.judging
    everything = np.concatenate([first, *draw.others])
    half = head_of(rows[first], labels[first], len(classes))
    whole = head_of(rows[everything], labels[everything], len(classes))
    sizes = errors_of_rows(rows[first], labels[first], len(classes), half.penalty)
    return {
        "num_rows": len(first),
        "num_pool": len(rows),
        "num_judging": len(judging),
        "score": scores_of(whole.weights, rows[judging], labels[judging])[0],
        "score_before": scores_of(half.weights, rows[judging], labels[judging])[0],
        "labels": labels[first].tolist(),
        "sizes": [as_text(size) for size in sizes],
    }


def gains_of_classes(cell: str, seed: int, cache_dir: str) -> list[list[float]]:
    """What another n photos of each class alone add to accuracy, and take from the log loss.

    Classes count alike, as with `--balance weights`: else one that is photographed more often is
    said more often, which is worth nothing where all are as frequent.
    """
    rows, labels, classes = pool(cell.split("-")[0], cache_dir)
    draw = drawn(cell, seed, labels)
    judging = draw.judging
    penalty = head_of(rows[draw.first], labels[draw.first], len(classes)).penalty
    found = []
    for other in [draw.first[:0], *draw.others]:
        trains = np.concatenate([draw.first, other])
        counts = np.bincount(labels[trains])
        weights = (len(trains) / len(classes) / counts)[labels[trains]]
        problem = LogisticProblem(rows[trains], labels[trains], len(classes), weights=weights)
        found.append(scores_of(problem.fit(penalty), rows[judging], labels[judging]))
    before, *after = found
    return [[each[0] - before[0], before[1] - each[1]] for each in after]


def covered(values: np.ndarray, intervals: np.ndarray) -> float:
    """In what part of the draws the interval holds the value."""
    return float(((intervals[:, 1] <= values) & (values <= intervals[:, 2])).mean())


def row_of(cell: str, draws: list[dict[str, Any]]) -> dict[str, Any]:
    """A line of the table."""
    draws = [fitted(one) for one in draws]
    score, before = (np.array([one[name] for one in draws]) for name in ("score", "score_before"))
    twice, now, gain = (np.array([one[name] for one in draws]) for name in ("twice", "now", "gain"))
    first = draws[0]
    noise = np.sqrt(score * (1 - score) / first["num_judging"])
    sides = np.abs(twice[:, 1:] - twice[:, :1])
    reach = np.hypot(sides, 1.96 * noise[:, None]) * np.array([-1, 1])
    noisy = np.concatenate([twice[:, :1], twice[:, :1] + reach], axis=1)
    return {
        "cell": cell, "draws": len(draws), "rows": first["num_rows"],
        "judging": first["num_judging"], "overlap": 2 * first["num_rows"] / first["num_pool"],
        "sizes": len(first["sizes"]),
        "coverage": covered(score, twice),
        "coverage_with_noise": covered(score, noisy),
        "coverage_of_mean": covered(np.full(len(draws), score.mean()), twice),
        "coverage_now": covered(before, now),
        "coverage_of_gain": covered(np.full(len(draws), (score - before).mean()), gain),
        "width": float((twice[:, 2] - twice[:, 1]).mean()),
        "width_of_gain": float((gain[:, 2] - gain[:, 1]).mean()),
        "score": float(score.mean()), "predicted": float(twice[:, 0].mean()),
        "gain": float((score - before).mean()), "predicted_gain": float(gain[:, 0].mean()),
        "too_low": float((twice[:, 2] < score).mean()),
        "too_high": float((score < twice[:, 1]).mean()),
        "noise_of_judging": float(noise.mean()),
    }  # fmt: skip


def next_class_of(draws: list[dict[str, Any]]) -> dict[str, Any] | None:
    """What the class that the curve names adds, against a class drawn at random."""
    fits = [fitted(one) for one in draws if "gains" in one]
    named = [one for one in fits if one["next"] is not None]
    if not named:
        return None
    gains = np.array([one["gains"] for one in named])  # (draws, classes, 2)
    of_next = gains[np.arange(len(named)), [one["next"] for one in named]]
    more = of_next - gains.mean(axis=1)
    errors = more.std(axis=0, ddof=1) / len(named) ** 0.5
    return {
        "draws": len(named), "draws_without_an_error": len(fits) - len(named),
        "accuracy": float(of_next[:, 0].mean()), "accuracy_of_any": float(gains[..., 0].mean()),
        "accuracy_standard_error": float(errors[0]),
        "loss": float(of_next[:, 1].mean()), "loss_of_any": float(gains[..., 1].mean()),
        "loss_standard_error": float(errors[1]),
    }  # fmt: skip


def fixed_penalty(cell: str, cache_dir: str) -> dict[str, Any]:
    """Accuracy of subsets' heads with the penalty of all their rows, less that with their own."""
    rows, labels, classes = pool(cell.split("-")[0], cache_dir)
    each = int(cell.split("-")[1])
    more: dict[float, list[float]] = {part: [] for part in FIXED_PARTS}
    for seed in range(FIXED_DRAWS):
        draw = drawn(cell, seed, labels)
        penalty = head_of(rows[draw.first], labels[draw.first], len(classes)).penalty
        for part, values in more.items():
            few = draw.first.reshape(len(classes), each)[:, : round(part * each)].ravel()
            fixed = LogisticProblem(rows[few], labels[few], len(classes)).fit(penalty)
            own = head_of(rows[few], labels[few], len(classes)).weights
            scores = [
                scores_of(head, rows[draw.judging], labels[draw.judging])[0]
                for head in (fixed, own)
            ]
            values.append(scores[0] - scores[1])
    return {
        f"{part:.0%}": {
            "mean": float(np.mean(values)),
            "standard_error": float(np.std(values, ddof=1) / len(values) ** 0.5),
        }
        for part, values in more.items()
    }


def timed(cache_dir: str) -> dict[str, object]:
    """Seconds of the curve of 700 rows of flowers, and of choosing and solving their head."""
    rows, labels, classes = pool("flowers", cache_dir)
    of_head, of_curve = [], []
    for _ in range(NUM_TIMED):
        began = time.perf_counter()
        chosen = head_of(rows[:ROWS_TIMED], labels[:ROWS_TIMED], len(classes))
        between = time.perf_counter()
        sizes = errors_of_rows(rows[:ROWS_TIMED], labels[:ROWS_TIMED], len(classes), chosen.penalty)
        curve_of(
            fit_learning_curve(sizes, np.arange(ROWS_TIMED)), sizes, labels[:ROWS_TIMED], classes
        )
        of_head.append(between - began)
        of_curve.append(time.perf_counter() - between)
    load = os.getloadavg()[0]
    return {"head": measure.spread(of_head), "curve": measure.spread(of_curve), "load": load}


def markdown(rows: list[dict[str, Any]]) -> str:
    """The table of docs/measured.md."""
    lines = [
        "| half → all, rows | draws (overlap) | judging rows, their noise | holds the score "
        "| with that noise | holds the mean score | width "
        "| score / predicted | gain: measured / predicted | holds the mean gain, width |",
        "|---|---|---|---|---|---|---|---|---|---|",
    ]
    lines += [
        f"| {row['cell']}: {row['rows']} → {2 * row['rows']} | {row['draws']} "
        f"({row['overlap']:.0%}) | {row['judging']}, {row['noise_of_judging']:.3f} "
        f"| {row['coverage']:.0%} | {row['coverage_with_noise']:.0%} "
        f"| {row['coverage_of_mean']:.0%} "
        f"| {row['width']:.3f} | {row['score']:.4f} / {row['predicted']:.4f} "
        f"| {row['gain']:+.4f} / {row['predicted_gain']:+.4f} "
        f"| {row['coverage_of_gain']:.0%}, {row['width_of_gain']:.3f} |"
        for row in rows
    ]
    return "\n".join(lines)


def main() -> None:
    """Measure what was asked for, then summarise all that there is."""
    parser = argparse.ArgumentParser(description=str(__doc__).partition("\n")[0])
    parser.add_argument("--cells", nargs="*", choices=CELLS, default=CELLS)
    parser.add_argument("--draws", type=int, default=NUM_DRAWS)
    parser.add_argument("--cache", type=Path, help="results, a JSON line each")
    parser.add_argument("--cache-dir", help="the store of activations")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        asked.cache = asked.cache or Path(place, "results.jsonl")
        asked.cache_dir = asked.cache_dir or str(Path(place, "store"))
        done: dict[tuple[str, int], dict[str, Any]] = {}
        if asked.cache.exists():
            for entry in map(json.loads, asked.cache.read_text().splitlines()):
                done[entry["cell"], entry["seed"]] = entry
        for cell in asked.cells:
            for seed in range(asked.draws):
                before = done.get((cell, seed), {"cell": cell, "seed": seed})
                entry = before.copy()
                if "sizes" not in entry:
                    entry |= measured(cell, seed, asked.cache_dir)
                if cell in NEXT_CELLS and "gains" not in entry:
                    entry["gains"] = gains_of_classes(cell, seed, asked.cache_dir)
                if entry == before:
                    continue
                done[cell, seed] = entry
                with asked.cache.open("a") as file:
                    file.write(json.dumps(entry) + "\n")
        seconds = timed(asked.cache_dir)
        fixed = {cell: fixed_penalty(cell, asked.cache_dir) for cell in FIXED_CELLS}
    found = {cell: [one for key, one in done.items() if key[0] == cell] for cell in CELLS}
    rows = [row_of(cell, draws) for cell, draws in found.items() if draws]
    measure.write("learning_curve", {
        "arch": ARCH, "notes": NOTES, "seconds_of_700_rows": seconds, "rows": rows,
        "draws_of_fixed_penalty": FIXED_DRAWS, "fixed_less_chosen_penalty": fixed,
        "next_class": {cell: next_class_of(found[cell]) for cell in NEXT_CELLS},
    })  # fmt: skip
    print("\n" + markdown(rows) + "\n\n" + "\n".join(NOTES))


if __name__ == "__main__":
    main()
