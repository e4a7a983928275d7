"""(r) Peak memory and time of a step that trains all layers: whole batches against parts of them.

lite0 at 224 pixels, batches of 64, pictures of noise. "whole" and "parts" have a logistic head;
"twice" has the MLP head, whose BatchNorm wants the whole batch, and memory of which that is too
much. Each measurement is a process of its own, in turn, because a process does not give back what
it had; its steps after the first count, in seconds of all cores, which other processes disturb
least.
"""

import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure

ARCH, SIZE, BATCH, STEPS, ROUNDS = "tf_efficientnet_lite0", 224, 64, 4, 3
KINDS = ("whole", "parts", "twice")


def trained(kind: str) -> dict[str, object]:
    """One epoch after ``unfreeze``."""
    import numpy as np

    from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
    from warmstart.callbacks import Callback, FitBegin, StepEnd
    from warmstart.training import memory

    class Clock(Callback):
        """When each step was done."""

        def __init__(self) -> None:
            self.at: list[tuple[float, float]] = []
            self.bytes_before = 0

        def on_fit_begin(self, event: FitBegin) -> None:  # noqa: ARG002
            self.bytes_before = peak_bytes()

        def on_step(self, event: StepEnd) -> None:  # noqa: ARG002
            self.at.append((time.process_time(), time.perf_counter()))

    if kind == "whole":
        memory.TARGET_BYTES, memory.CPU_SHARE = 1 << 50, 1e6
    if kind == "twice":
        memory.WHOLE_SHARE = 0.0
    rng = np.random.default_rng(0)
    x = rng.integers(0, 256, (STEPS * BATCH, SIZE, SIZE, 3), dtype=np.uint8)
    rows = (x, np.arange(len(x)) % 2)
    few = (x[:16], np.arange(16) % 2)
    with tempfile.TemporaryDirectory() as cache:
        data = ImageClassifierData.from_arrays(
            trn=rows, val=few, bs=BATCH, tfms=tfms_from_model(ARCH, SIZE), quiet=True
        )
        learn = ConvLearner.pretrained(
            ARCH, data, pretrained=False, precompute=True, cache_dir=cache, quiet=True,
            device="cpu", train_precision="f32",
        )  # fmt: skip
        if kind != "twice":
            learn.fit_head()
        learn.unfreeze()
        clock = Clock()
        record = learn.fit(1e-4, 1, callbacks=[clock]).records[-1]
    steps = [
        (cpu - cpu_before, wall - wall_before)
        for (cpu_before, wall_before), (cpu, wall) in zip(clock.at, clock.at[1:], strict=False)
    ]
    return {
        "peak_gb": peak_bytes() / 1e9,
        "peak_before_gb": clock.bytes_before / 1e9,
        "core_seconds": statistics.median(cpu for cpu, _ in steps),
        "wall_seconds": statistics.median(wall for _, wall in steps),
        "rows_at_a_time": record.micro_rows or BATCH,
        "loss": record.train_loss,
    }


def peak_bytes() -> int:
    """The most memory that this process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def main() -> None:
    """Rounds of processes; the result is written after each round."""
    if len(sys.argv) > 1:
        print("\n" + json.dumps(trained(sys.argv[1])))
        return
    found: dict[str, list[dict[str, float]]] = {kind: [] for kind in KINDS}
    for _ in range(ROUNDS):
        for kind, runs in found.items():
            done = subprocess.run(
                [sys.executable, str(Path(__file__)), kind],
                check=True, capture_output=True, text=True,
            )  # fmt: skip
            runs.append(json.loads(done.stdout.splitlines()[-1]))
        measure.write("thawed_memory", figures(found))


def figures(found: dict[str, list[dict[str, float]]]) -> dict[str, object]:
    """Spreads of each kind, and of its times over those of whole batches in the same round."""
    spreads: dict[str, dict[str, object]] = {
        kind: {name: measure.spread([run[name] for run in runs]) for name in runs[0]}
        for kind, runs in found.items()
    }
    for kind in KINDS[1:]:
        for name in ("core_seconds", "wall_seconds"):
            pairs = zip(found[kind], found["whole"], strict=False)
            times = [run[name] / whole[name] for run, whole in pairs]
            spreads[kind][f"{name}_times_whole"] = measure.spread(times)
    what = f"{ARCH} at {SIZE}, batches of {BATCH}, f32, {STEPS - 1} steps each"
    goals = ["parts: peak <= 3 GB, core_seconds <= 1.05 times whole"]
    return {"what": what, **spreads, "goals": goals}


if __name__ == "__main__":
    main()
