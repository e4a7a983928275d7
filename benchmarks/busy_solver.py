"""The logistic head solved while other processes use the cores: one thread of BLAS, or as many.

Pairs in turn, on rows made by chance (560 of 1,280 features, five classes; five folds choose C),
beside as many processes that do nothing but count as there are cores.
"""

import multiprocessing
import time
from collections.abc import Callable
from contextlib import nullcontext

import measure
import numpy as np
import torch

from warmstart.data.folds import draw_folds
from warmstart.training import logistic
from warmstart.training.head_choice import choose_logistic

NUM_ROWS, NUM_FEATURES, NUM_CLASSES, NUM_PAIRS = 560, 1280, 5, 3


def count() -> None:
    """Use a core for ever."""
    while True:
        pass


def seconds(rows: np.ndarray, labels: np.ndarray, folds: np.ndarray) -> float:
    """What one head takes."""
    began = time.perf_counter()
    parts = {"all": ((0, NUM_FEATURES),)}
    choose_logistic(rows, labels, NUM_CLASSES, parts, folds, device=torch.device("cpu"))
    return time.perf_counter() - began


def main() -> None:
    """Alone, then beside others."""
    random = np.random.default_rng(0)
    labels = np.arange(NUM_ROWS) % NUM_CLASSES
    centres = random.normal(0, 1, (NUM_CLASSES, NUM_FEATURES))
    rows = (centres[labels] + random.normal(0, 4, (NUM_ROWS, NUM_FEATURES))).astype(np.float32)
    folds = draw_folds([str(row) for row in range(NUM_ROWS)], labels, 5)
    one: Callable[[], object] = logistic.one_blas_thread
    figures: dict[str, object] = {}
    for name, number in (("alone", 0), ("beside others", multiprocessing.cpu_count())):
        others = [multiprocessing.Process(target=count, daemon=True) for _ in range(number)]
        for other in others:
            other.start()
        found: dict[str, list[float]] = {"one thread": [], "as many as cores": []}
        for _ in range(NUM_PAIRS):
            for which, limit in (("as many as cores", nullcontext), ("one thread", one)):
                logistic.one_blas_thread = limit  # type: ignore[assignment]
                found[which].append(seconds(rows, labels, folds))
        for other in others:
            other.kill()
        figures[name] = {which: measure.spread(values) for which, values in found.items()}
    measure.write("busy_solver", figures)


if __name__ == "__main__":
    main()
