"""What each process of test_torchrun.py runs: 101 small pictures, and all of a network trains.

Arguments: a store, a folder for results, and what is different: "", "dies", "waits", "differs" or
"little memory".
"""

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.learner import state
from warmstart.report import page
from warmstart.training import memory, run
from warmstart.training.checkpoint import Checkpoint, Progress

NUM_TRAIN, NUM_VALID, SIDE = 101, 37, 32
RANK = int(os.environ.get("RANK", "0"))
RATES = [1e-4, 1e-3, 1e-2]


def pictures(number: int, seed: int) -> tuple[Any, Any]:
    """Noise, of which one class is a little lighter."""
    rng = np.random.default_rng(seed)
    labels = np.arange(number) % 2
    pixels = rng.integers(0, 200, (number, SIDE, SIDE, 3)) + 20 * labels[:, None, None, None]
    return pixels.astype(np.uint8), labels


def learner(cache: Path, seed: int = 0) -> ConvLearner:
    """The last batch has two rows: fewer than three processes."""
    data = ImageClassifierData.from_arrays(
        trn=pictures(NUM_TRAIN, 1),
        val=pictures(NUM_VALID, 2),
        tfms=tfms_from_model("test_resnet", SIDE),
        bs=33,
    )
    return ConvLearner.pretrained(
        "test_resnet", data, True, pretrained=False, precision="f32", train_precision="f32",
        quiet=True, seed=seed, cache_dir=cache, ps=0.0,
    )  # fmt: skip


def go_wrong(how: str, checkpoint: Path) -> None:
    """After the first epoch was saved: the second process is killed, or all wait."""
    save = Checkpoint.save
    is_first_try = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0") == "0"

    def saving(self: Checkpoint, progress: Progress) -> None:
        save(self, progress)
        if how == "waits":
            time.sleep(1.0)
        if how == "dies" and RANK == 1 and is_first_try:
            while not checkpoint.exists():
                time.sleep(0.01)
            os.kill(os.getpid(), signal.SIGKILL)

    Checkpoint.save = saving  # type: ignore[method-assign]


def count_written() -> list[Path]:
    """Folders of models, and pages, that this process writes."""
    written: list[Path] = []
    for module, name in ((state, "write_model"), (page, "write_report")):
        write = getattr(module, name)

        def writing(*args: Any, write: Any = write, which: int = int(module is page)) -> Any:
            written.append(args[which])
            return write(*args)

        setattr(module, name, writing)
    return written


def main(cache: Path, out: Path, how: str) -> None:
    num_steps = 0
    update = run.update  # type: ignore[attr-defined]

    def counted(*args: Any, **more: Any) -> Any:
        nonlocal num_steps
        num_steps += 1
        return update(*args, **more)

    run.update = counted  # type: ignore[attr-defined]
    go_wrong(how, out / "checkpoints" / "fit-0.safetensors")
    if how == "little memory":  # the head has BatchNorm, so what lies before is computed twice
        memory.machine_bytes = lambda: 1  # type: ignore[attr-defined]
    written = count_written()
    learn = learner(cache, seed=RANK if how == "differs" else 0)
    frozen = learn.predict("valid").probabilities
    learn.unfreeze()
    curve = learn.lr_find(RATES, num_steps=6)
    learn.fit(RATES, 2, cycle_len=1, checkpoint=out / "checkpoints")
    learn.fit(RATES, 1, cycle_len=1, bn="train", checkpoint=out / "checkpoints")
    predictions = learn.predict("valid")
    learn.save(out / "model")
    if not how:
        learn.report(out / "report.html")
    tensors = [*learn.model.parameters(), *learn.model.buffers()]
    history = learn.history
    np.savez(
        out / f"rank-{RANK}.npz",
        frozen=frozen,
        unfrozen=predictions.probabilities,
        accuracy=predictions.accuracy,
        sweep=curve.losses,
        steps=history.step_losses,
        valid=[record.valid_loss or 0.0 for record in history.records],
        weights=np.concatenate([each.detach().float().numpy().ravel() for each in tensors]),
        num_steps=num_steps,
        is_twice=[record.is_twice for record in history.records],
        num_written=len(written),
        has_model=(out / "model" / "model.json").is_file(),
        has_report=(out / "report.html").is_file(),
        num_threads=torch.get_num_threads(),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
