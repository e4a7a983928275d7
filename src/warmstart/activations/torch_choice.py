"""How torch runs a prefix on a GPU: measured when it is first used, and remembered in the store.

A choice belongs to the numeric mode, so to the names of rows: made anew it might leave stored rows
unfound. Compiling takes as long as very many pictures do; it is tried for no fewer.
"""

import hashlib
import json
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from torch import nn

from warmstart.activations.torch_runner import (
    COMPILE,
    EAGER,
    USUAL_BATCH,
    TorchRun,
    TorchRunner,
)
from warmstart.errors import FileError, WarmstartError
from warmstart.files.reading import read_text
from warmstart.files.strict import convert, json_table
from warmstart.files.writing import write_whole

COMPILE_FROM = 200_000  # rows to be computed
SETTING = "WARMSTART_COMPILE"  # "1" tries it for any number of rows, "0" for none
USUAL_SIDE, LEAST_BATCH = 224, 8
GAIN = 1.1  # by which a compiled prefix must be faster
NUM_WARMING, NUM_TIMED = 3, 8  # batches
FORMAT_VERSION = 1


@dataclass(frozen=True)
class Asked:
    """What a choice is made for; ``size`` is the side of the pictures, ``num_rows`` how many.

    Weights are not in it: a backbone that trains is evaluated in one arithmetic after each epoch.
    """

    backbone: str
    cut: str
    size: int
    device: str
    precision: str
    num_rows: int = 0

    @property
    def name(self) -> str:
        """What the choice is kept under."""
        named = [self.backbone, self.cut, self.size, self.device, self.precision]
        digest = hashlib.sha256(json.dumps([*named, torch.__version__]).encode()).hexdigest()
        return f"torch-{digest[:32]}"

    def file(self, store: Path) -> Path:
        """Where the choice is kept."""
        return store / f"{self.name}.json"

    @property
    def tries_compile(self) -> bool:
        """Whether compiling may pay for itself."""
        wanted = os.environ.get(SETTING, "")
        return wanted == "1" or (wanted != "0" and self.num_rows >= COMPILE_FROM)


@dataclass(frozen=True)
class TorchChoice:
    """What was chosen, and pictures a second of each way that was tried."""

    way: str
    batch: int
    rates: dict[str, float] = field(default_factory=dict)
    format_version: int = FORMAT_VERSION


Measure = Callable[[str, int], float]
"""(Way, rows at once) → pictures a second; a RuntimeError where the device cannot."""


CHOSEN: dict[str, TorchChoice] = {}  # in this process, by ``Asked.name``


def torch_choice(asked: Asked, store: Path | None, measure: Measure) -> TorchChoice:
    """What this process or an earlier one chose, else what is measured now, and kept.

    Args:
        asked: What it is for.
        store: Where choices are kept; None keeps it for this process alone.
        measure: What times one way.
    """
    kept = CHOSEN.get(asked.name) or (None if store is None else kept_choice(asked.file(store)))
    choice = kept or measured_choice(asked, measure)
    CHOSEN[asked.name] = choice
    if store is not None and kept_choice(asked.file(store)) != choice:
        with suppress(OSError, WarmstartError):  # a store that may only be read
            write_whole(asked.file(store), json.dumps(asdict(choice), indent=1))
    return choice


def kept_choice(path: Path) -> TorchChoice | None:
    """A choice as it was kept; None where there is none that can be used."""
    try:
        found = convert(json_table(read_text(path), path.name), TorchChoice, path.name)
    except (OSError, FileError):
        return None
    is_known = found.way in {EAGER, COMPILE} and found.format_version == FORMAT_VERSION
    return found if is_known and LEAST_BATCH <= found.batch <= USUAL_BATCH["cuda"] else None


def run_of_mode(mode: str) -> TorchRun | None:
    """How a numeric mode says that torch ran a prefix on a GPU; None where it says no such thing.

    >>> run_of_mode("torch-2.15.0/bf16/NVIDIA H100/b256/eager")
    TorchRun(way='eager', batch=256, views='')
    """
    found = re.search(rf"/b(\d+)/({EAGER}|{COMPILE})(/|$)", mode)
    return None if found is None else TorchRun(found[2], int(found[1]))


def measured_choice(asked: Asked, measure: Measure) -> TorchChoice:
    """The fastest way, at the most rows at once that the device has memory for.

    Raises:
        OutOfMemoryError: it has none for the fewest.
    """
    batch = first_batch(asked.size)
    while True:
        try:
            rates = {EAGER: measure(EAGER, batch)}
            break
        except torch.OutOfMemoryError:
            if batch <= LEAST_BATCH:
                raise
            batch //= 2
    if asked.tries_compile:
        with suppress(Exception):  # whatever compiling raises: no compiler, an odd network
            rates[COMPILE] = measure(COMPILE, batch)
    is_faster = rates.get(COMPILE, 0.0) >= GAIN * rates[EAGER]
    return TorchChoice(COMPILE if is_faster else EAGER, batch, rates)


def first_batch(size: int) -> int:
    """Rows at once for pictures of a size: as many pixels as the usual batch has, a power of 2."""
    batch = USUAL_BATCH["cuda"]
    while batch > LEAST_BATCH and batch * size**2 > USUAL_BATCH["cuda"] * (1.2 * USUAL_SIDE) ** 2:
        batch //= 2
    return batch


def pictures_a_second(
    prefix: nn.Module, row_shape: tuple[int, ...], size: int, device: torch.device, precision: str
) -> Measure:
    """What times ways to run a prefix."""

    def measure(way: str, batch: int) -> float:
        runner = TorchRunner(prefix, row_shape, device, precision, TorchRun(way, batch))
        runner.lay_out()
        pixels = torch.full((batch, size, size, 3), 127, dtype=torch.uint8, device=device)
        for _ in range(NUM_WARMING):
            runner.outputs(pixels)
        wait_for_gpu(device)
        began = time.perf_counter()
        for _ in range(NUM_TIMED):
            runner.outputs(pixels)
        wait_for_gpu(device)
        return NUM_TIMED * batch / (time.perf_counter() - began)

    return measure


def wait_for_gpu(device: torch.device) -> None:
    """Until a device has done all that it was given."""
    if device.type == "cuda":
        torch.cuda.synchronize(device)
