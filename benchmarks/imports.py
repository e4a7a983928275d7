"""What a command costs before its answer: processes against `python -c "import torch"`, in turn.

`predict` of one picture with the model that `train` has just saved, its graph kept. Seconds, and
seconds of processor time, which other work on the machine disturbs less.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure

NUM_PAIRS = 5


def cost(command: list[str], **environment: str) -> tuple[float, float]:
    """Seconds and processor seconds of a process that has to succeed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, used


def main() -> None:
    """Train once, then pairs."""
    photos = measure.photos("dogscats")
    picture = next(path for path in sorted((photos / "valid").rglob("*.jpg")))
    with tempfile.TemporaryDirectory() as name:
        folder, cache = Path(name), {"WARMSTART_CACHE": str(Path(name) / "cache")}
        out = folder / "run"
        train = [measure.warmstart(), "train", str(photos), "--no-report", "--out", str(out)]
        commands = {
            "import torch": [sys.executable, "-c", "import torch"],
            "predict, one picture": [
                measure.warmstart(), "predict", str(out / "model"), str(picture)
            ],
            "evaluate, 300 pictures": [
                measure.warmstart(), "evaluate", str(out / "model"), str(photos)
            ],
        }  # fmt: skip
        cost(train, **cache)
        found: dict[str, list[tuple[float, float]]] = {what: [] for what in commands}
        for _ in range(NUM_PAIRS):
            for what, command in commands.items():
                found[what].append(cost(command, **cache))
    torch = found["import torch"]
    figures: dict[str, object] = {}
    for what, costs in found.items():
        figures[what] = {
            "seconds": measure.spread([wall for wall, _ in costs]),
            "processor seconds": measure.spread([used for _, used in costs]),
            "times import torch": measure.spread(
                [wall / other for (wall, _), (other, _) in zip(costs, torch, strict=True)]
            ),
            "times its processor seconds": measure.spread(
                [used / other for (_, used), (_, other) in zip(costs, torch, strict=True)]
            ),
        }
    measure.write("imports", figures)


if __name__ == "__main__":
    main()
