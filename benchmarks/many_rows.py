"""A logistic head on many stored rows: held in memory, or read from the store in each pass.

Rows of ``--width`` numbers in float16, 10 overlapping classes, as shards of 2,048 rows. Each
solution is a process of its own; its peak is what it needs beyond what the imports take. `held`
reads all rows and solves, `streamed` reads them in each pass. Both solve one penalty on all rows.
Their answers are compared on every row.

    python benchmarks/many_rows.py --rows 10000 100000 --streamed-rows 1000000
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure
import numpy as np

WIDTH, NUM_CLASSES, PENALTY, SHARD_ROWS = 1280, 10, 30.0, 2048
NUM_DIRECTIONS = 128  # of which rows are mixed; the rest is noise
OVERLAP = 0.35  # distance of the classes, in deviations along each direction


def peak_bytes() -> int:
    """Of this process alone: getrusage has that of the one which began it, too."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))


def namespace(folder: Path, width: int) -> object:
    """An empty or filled place of rows."""
    from warmstart.activations.namespace import CacheNamespace, NamespaceCard

    return CacheNamespace(
        folder, NamespaceCard("made", "0" * 32, "head", "f16", "float16", (width,))
    )


def key_of(row: int) -> bytes:
    """Its name."""
    return row.to_bytes(32, "little")


def fill(folder: Path, num_rows: int, width: int) -> None:
    """Rows as a network gives them: positive, directions of uneven size, classes that overlap."""
    random = np.random.default_rng(0)
    mixing = random.normal(size=(NUM_DIRECTIONS, width)).astype(np.float32)
    mixing *= np.geomspace(1, 0.03, NUM_DIRECTIONS, dtype=np.float32)[:, None]
    centres = random.normal(size=(NUM_CLASSES, NUM_DIRECTIONS)).astype(np.float32) * OVERLAP
    noise = random.normal(size=(2 * SHARD_ROWS, width)).astype(np.float32) * 0.3
    store = namespace(folder, width)
    with store.lock():
        for begin in range(0, num_rows, SHARD_ROWS):
            rows = np.arange(begin, min(begin + SHARD_ROWS, num_rows))
            drawn = random.normal(size=(len(rows), NUM_DIRECTIONS)).astype(np.float32)
            shift = random.integers(SHARD_ROWS)
            values = (centres[rows % NUM_CLASSES] + drawn) @ mixing + noise[
                shift : shift + len(rows)
            ]
            store.append([key_of(int(row)) for row in rows], np.maximum(values, 0).astype("f2"))


def solve(way: str, folder: Path, num_rows: int, width: int, out: Path) -> dict[str, float]:
    """One solution, in this process."""
    import scipy.optimize  # noqa: F401 - before memory is counted
    import torch

    from warmstart.learner.row_blocks import StoredRows
    from warmstart.training.streamed_logistic import logistic_problem

    store = namespace(folder, width)
    rows = StoredRows(store, store.locate([key_of(row) for row in range(num_rows)]))
    torch.linalg.eigh(torch.eye(64))
    before, passes = peak_bytes(), [0]
    began, cpu = time.perf_counter(), time.process_time()
    given = rows.block(np.arange(num_rows)) if way == "held" else rows
    problem = logistic_problem(given, ((0, width),), np.arange(num_rows) % NUM_CLASSES, NUM_CLASSES)
    objective = problem.objective

    def counted(*arguments: object) -> object:
        passes[0] += 1
        return objective(*arguments)

    problem.objective = counted
    weights = problem.fit(PENALTY)
    seconds, cpu_seconds = time.perf_counter() - began, time.process_time() - cpu
    np.savez(out, weight=weights.weight, bias=weights.bias)
    return {"seconds": seconds, "cpu_seconds": cpu_seconds, "passes": passes[0],
            "MB_beyond_imports": (peak_bytes() - before) / 1e6}  # fmt: skip


def probabilities(folder: Path, num_rows: int, width: int, found: Path) -> np.ndarray:
    """Of every row, by some weights."""
    from warmstart.learner.row_blocks import StoredRows
    from warmstart.metrics.temperature import probabilities_of
    from warmstart.training.streamed_logistic import UnitRows

    store, weights = namespace(folder, width), np.load(found)
    rows = StoredRows(store, store.locate([key_of(row) for row in range(num_rows)]))
    units = UnitRows(rows, ((0, width),))
    parts = []
    for begin in range(0, num_rows, SHARD_ROWS):
        block = units.block(np.arange(begin, min(begin + SHARD_ROWS, num_rows)))
        logits = block.astype(np.float64) @ weights["weight"].T + weights["bias"]
        parts.append(probabilities_of(logits, is_multi_label=False))
    return np.concatenate(parts)


def measured(folder: Path, num_rows: int, width: int, ways: list[str]) -> dict[str, object]:
    """All ways of one size."""
    fill(folder, num_rows, width)
    entry: dict[str, object] = {
        "rows": num_rows, "columns": width, "classes": NUM_CLASSES,
        "MB_of_rows_in_float32": num_rows * width * 4 / 1e6,
    }  # fmt: skip
    for way in ways:
        command = [sys.executable, __file__, "--solve", way, str(folder), str(num_rows), str(width),
                   str(folder / f"{way}.npz")]  # fmt: skip
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        entry[way] = json.loads(done.stdout.splitlines()[-1])
        print(num_rows, width, way, entry[way], file=sys.stderr, flush=True)
    first = probabilities(folder, num_rows, width, folder / f"{ways[0]}.npz")
    for way in ways[1:]:
        other = probabilities(folder, num_rows, width, folder / f"{way}.npz")
        entry[f"{way} against {ways[0]}"] = {
            "largest_difference_of_a_probability": float(np.abs(first - other).max()),
            "same_answers": float((first.argmax(axis=1) == other.argmax(axis=1)).mean()),
        }
    return entry


def main() -> None:
    """Every size."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[10_000, 100_000])
    parser.add_argument("--streamed-rows", type=int, nargs="*", default=[1_000_000])
    parser.add_argument("--width", type=int, default=WIDTH)
    parser.add_argument("--solve", nargs=5)
    asked = parser.parse_args()
    if asked.solve is not None:
        way, folder, num_rows, width, out = asked.solve
        print(json.dumps(solve(way, Path(folder), int(num_rows), int(width), Path(out))))
        return
    sizes = [(rows, asked.width, ["held", "streamed"]) for rows in asked.rows]
    sizes += [(rows, asked.width, ["streamed"]) for rows in asked.streamed_rows]
    found = []
    for num_rows, width, ways in sizes:
        with tempfile.TemporaryDirectory() as folder:
            found.append(measured(Path(folder), num_rows, width, ways))
        measure.write("many_rows", {"penalty": PENALTY, "sizes": found})


if __name__ == "__main__":
    main()
