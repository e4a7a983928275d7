"""(c) `warmstart train` as whole processes: wall time, peak memory, accuracy over three seeds.

Without its report, as in the runs of other programs that it is compared with, and with it.
"""

import json
import re
import shutil
import tempfile
from pathlib import Path

import measure

ARCH, SEEDS = "tf_efficientnet_lite0", (0, 1, 2)
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


def main() -> None:
    """Both data sets."""
    found = {name: judged(name) for name in ("dogscats", "flowers")}
    helps = []
    for _ in range(5):
        seconds, _, text = measure.run([measure.warmstart(), "--help"])
        assert re.search("train", text)
        helps.append(seconds)
    measure.write("train_command", {"data": found, "help_seconds": measure.spread(helps)})


if __name__ == "__main__":
    main()
