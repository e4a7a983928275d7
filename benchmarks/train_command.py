"""(c) `warmstart train` as whole processes: wall time, peak memory, accuracy over three seeds.

Without its report, as in the runs of other programs that it is compared with, and with it. With
WARMSTART_BEFORE, a checkout of another commit, also five pairs of runs of dogscats in turn:

    git worktree add ../before 8db6598
    WARMSTART_BEFORE=../before python benchmarks/train_command.py --pairs
"""

import json
import os
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path

import measure

ARCH, SEEDS, NUM_PAIRS = "tf_efficientnet_lite0", (0, 1, 2), 5
STATES = {"empty": ["--no-report"], "warm": ["--no-report"], "warm_with_report": ["--report"]}


def judged(data: str) -> dict[str, object]:
    """Each seed with an empty store, with the full one, and with the full one and a report."""
    folder = measure.photos(data)
    walls: dict[str, list[float]] = {state: [] for state in STATES}
    peaks: list[float] = []
    accuracies: list[float] = []
    with tempfile.TemporaryDirectory() as place:
        for seed in SEEDS:
            cache = Path(place) / "cache"
            shutil.rmtree(cache, ignore_errors=True)
            for state, options in STATES.items():
                run = Path(place) / f"{state}-{seed}"
                seconds, peak, _ = measure.run([
                    measure.warmstart(), "train", str(folder), "--arch", ARCH,
                    "--seed", str(seed), "--out", str(run), "--cache-dir", str(cache), *options,
                ])  # fmt: skip
                walls[state].append(seconds)
                peaks.append(peak / 1e9)
            card = json.loads((run / "model" / "model.json").read_text())
            accuracies.append(card["metrics"]["valid_accuracy"])
            num_valid = len((run / "predictions.csv").read_text().splitlines()) - 1
    return {
        "command": f"warmstart train {data} --arch {ARCH} --seed S --no-report",
        "num_valid": num_valid,
        "seconds_empty_store": measure.spread(walls["empty"]),
        "seconds_warm_store": measure.spread(walls["warm"]),
        "seconds_warm_store_and_report": measure.spread(walls["warm_with_report"]),
        "peak_gb": measure.spread(peaks),
        "valid_accuracy": measure.spread(accuracies),
    }


def pairs() -> None:
    """Now against before, five times in turn, with an empty store and with a full one."""
    before = Path(os.environ.get("WARMSTART_BEFORE", "")).absolute() / "src"
    if not (before / "warmstart").is_dir():
        sys.exit("set WARMSTART_BEFORE to a checkout: git worktree add ../before 8db6598")
    sources = {"before": before, "now": measure.REPO / "src"}
    folder = measure.photos("dogscats")
    walls: dict[str, dict[str, list[float]]] = {
        state: {name: [] for name in sources} for state in ("empty", "warm")
    }
    accuracies: dict[str, list[float]] = {name: [] for name in sources}
    with tempfile.TemporaryDirectory() as place:
        for seed in range(NUM_PAIRS):
            for name in sorted(sources, reverse=bool(seed % 2)):  # neither is always first
                cache = Path(place) / f"cache-{name}"
                shutil.rmtree(cache, ignore_errors=True)
                for state, each in walls.items():
                    run = Path(place) / f"{state}-{name}-{seed}"
                    seconds, _, _ = measure.run([
                        measure.warmstart(), "train", str(folder), "--arch", ARCH, "--no-report",
                        "--seed", str(seed), "--out", str(run), "--cache-dir", str(cache),
                    ], PYTHONPATH=str(sources[name]))  # fmt: skip
                    each[name].append(seconds)
                card = json.loads((run / "model" / "model.json").read_text())
                accuracies[name].append(card["metrics"]["valid_accuracy"])
    ratios = {
        state: [now / old for now, old in zip(each["now"], each["before"], strict=True)]
        for state, each in walls.items()
    }
    measure.write("train_pairs", {
        "command": f"warmstart train dogscats --arch {ARCH} --seed S --no-report",
        "seconds": {
            state: {name: measure.spread(values) for name, values in each.items()}
            for state, each in walls.items()
        },
        "now_over_before": {state: measure.spread(each) for state, each in ratios.items()},
        "valid_accuracy": {name: measure.spread(each) for name, each in accuracies.items()},
    })  # fmt: skip
    print({state: round(statistics.median(each), 3) for state, each in ratios.items()})


def main() -> None:
    """Both data sets."""
    if "--pairs" in sys.argv:
        pairs()
        return
    found = {name: judged(name) for name in ("dogscats", "flowers")}
    helps = []
    for _ in range(5):
        seconds, _, text = measure.run([measure.warmstart(), "--help"])
        assert re.search("train", text)
        helps.append(seconds)
    measure.write("train_command", {"data": found, "help_seconds": measure.spread(helps)})


if __name__ == "__main__":
    main()
