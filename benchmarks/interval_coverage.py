"""How often the 95 % intervals hold the truth: simulated models whose true scores are known."""

import argparse
import time
from dataclasses import dataclass

import measure
import numpy as np
from numpy.typing import NDArray

from warmstart.results.predictions import Predictions

CLASSES, SHARES = ("a", "b", "c"), (0.5, 0.3, 0.2)
TRUTHS, NUM_ROWS = (0.7, 0.98, 1.0), (50, 300)
SCORES = (
    "accuracy",
    "balanced_accuracy",
    "macro_f1",
    "weighted_f1",
    "log_loss",
    "brier",
    "roc_auc",
    "average_precision",
)
NUM_RESAMPLES, POPULATION, GOAL = 500, 300_000, (0.92, 0.98)


@dataclass(frozen=True)
class Simulated:
    """A model that finds the right class with logits ``strength`` higher, amid noise of 1."""

    strength: float

    def rows(self, num_rows: int, seed: int) -> Predictions:
        """Rows whose class counts are those of SHARES."""
        rng = np.random.default_rng(seed)
        counts = np.round(np.array(SHARES) * num_rows).astype(np.int64)
        labels: NDArray[np.int64] = np.repeat(np.arange(len(CLASSES)), counts)
        logits = rng.normal(size=(len(labels), len(CLASSES)))
        logits[np.arange(len(labels)), labels] += self.strength
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        probabilities = powers / powers.sum(axis=1, keepdims=True)
        return Predictions(tuple(map(str, range(len(labels)))), probabilities, labels, CLASSES)


def model_of(accuracy: float) -> Simulated:
    """The strength that gives an accuracy, found by bisection on one large set of rows."""
    if accuracy == 1:
        return Simulated(8.0)  # one row in 60 million is wrong
    low, high = 0.0, 10.0
    for _ in range(16):
        middle = (low + high) / 2
        rows = Simulated(middle).rows(POPULATION, 0)
        low, high = (middle, high) if rows.accuracy < accuracy else (low, middle)
    return Simulated((low + high) / 2)


def coverage(model: Simulated, num_rows: int, num_sets: int) -> dict[str, dict[str, object]]:
    """Of many small sets, the share whose interval holds the score of the large one."""
    whole = model.rows(POPULATION, 0).scores(num_resamples=0)
    held, without = dict.fromkeys(SCORES, 0), dict.fromkeys(SCORES, 0)
    widths: dict[str, list[float]] = {name: [] for name in SCORES}
    for seed in range(num_sets):
        found = model.rows(num_rows, seed + 1).scores(num_resamples=NUM_RESAMPLES, seed=seed)
        for name in SCORES:
            score, truth = found[name], whole[name].value
            assert truth is not None
            if score.low is None or score.high is None:
                without[name] += 1
                continue
            held[name] += score.low - 1e-12 <= truth <= score.high + 1e-12
            widths[name].append(score.high - score.low)
    out: dict[str, dict[str, object]] = {}
    for name in SCORES:
        given = num_sets - without[name]
        share = held[name] / given if given else None
        out[name] = {
            "truth": whole[name].value,
            "coverage": share,
            "num_intervals": given,
            "num_without": without[name],
            "mean_width": float(np.mean(widths[name])) if widths[name] else None,
            "is_within_goal": None if share is None else GOAL[0] <= share <= GOAL[1],
        }
    return out


def main() -> None:
    """Every truth with every number of rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", type=int, default=1000)
    num_sets = parser.parse_args().sets
    began = time.perf_counter()
    found = {}
    for truth in TRUTHS:
        model = model_of(truth)
        for num_rows in NUM_ROWS:
            found[f"accuracy {truth:g}, {num_rows} rows"] = coverage(model, num_rows, num_sets)
            print(f"{truth:g} {num_rows} {time.perf_counter() - began:.0f} s", flush=True)
    error = float(np.sqrt(0.95 * 0.05 / num_sets))
    measure.write(
        "interval_coverage",
        {
            "what": f"{num_sets} simulated sets of rows per setting, 3 classes in shares "
            f"{SHARES}, {NUM_RESAMPLES} resamples per interval; truth: the score of "
            f"{POPULATION} rows",
            "standard_error": error,
            "goal": "0.92 to 0.98 of nominal 0.95 intervals hold the truth, at 0.7 and 0.98",
            "at_truth_1": "every row is right in every set, so that an interval of a score that "
            "counts right answers holds the truth always or never: 1.0 is the only honest figure",
            "seconds": time.perf_counter() - began,
            "settings": found,
        },
    )


if __name__ == "__main__":
    main()
