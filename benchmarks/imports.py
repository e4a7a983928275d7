"""What a command costs beside its work: processes against `python -c "import torch"`, in turn.

`predict` of one picture and `evaluate` with the model that `train` has saved, its graph kept;
`train` the first time ever, with a known backbone and photos that are new, and with all rows
stored. Seconds, and seconds of processor time, which other work on the machine disturbs less.
"""

import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import measure

NUM_PAIRS = 5
GOALS = {"predict, one picture": 0.8, "train, new photos": 4.5, "train, all rows stored": 2.0}


@dataclass(frozen=True)
class Process:
    """A command, and what is done before it."""

    command: list[str]
    prepare: Callable[[], None] = lambda: None


def cost(command: list[str], **environment: str) -> tuple[float, float]:
    """Seconds and processor seconds of a process that has to succeed."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, check=True, capture_output=True, env=os.environ | environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return time.perf_counter() - began, used


def processes(photos: Path, folder: Path) -> dict[str, Process]:
    """What is measured, in an order in which each finds what it needs."""
    picture = next(path for path in sorted((photos / "valid").rglob("*.jpg")))
    cache, out = folder / "cache", folder / "run"

    def forget_run() -> None:
        shutil.rmtree(out, ignore_errors=True)

    def forget_rows() -> None:
        forget_run()
        for place in (cache / "activations").iterdir():
            if not place.name.startswith("graph-"):
                shutil.rmtree(place)
        for place in cache.glob("content.sqlite*"):
            place.unlink()

    def forget_everything() -> None:
        forget_run()
        shutil.rmtree(cache, ignore_errors=True)

    train = [measure.warmstart(), "train", str(photos), "--no-report", "--out", str(out)]
    model = str(out / "model")
    return {
        "import torch": Process([sys.executable, "-c", "import torch"]),
        "train, the first time ever": Process(train, forget_everything),
        "train, new photos": Process(train, forget_rows),
        "train, all rows stored": Process(train, forget_run),
        "predict, one picture": Process([measure.warmstart(), "predict", model, str(picture)]),
        "evaluate, 300 pictures": Process([measure.warmstart(), "evaluate", model, str(photos)]),
    }


def main() -> None:
    """Pairs with the import of torch."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        asked = processes(measure.photos("dogscats"), folder)
        found: dict[str, list[tuple[float, float]]] = {what: [] for what in asked}
        for _ in range(NUM_PAIRS):
            for what, process in asked.items():
                process.prepare()
                found[what].append(cost(process.command, WARMSTART_CACHE=str(folder / "cache")))
    torch = found["import torch"]
    figures: dict[str, object] = {}
    for what, costs in found.items():
        goal = {"goal": GOALS[what]} if what in GOALS else {}
        figures[what] = goal | {
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
