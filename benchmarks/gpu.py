"""(g) A machine with a GPU: ours against plain loops, in one run of at most four minutes.

With no GPU: ``python benchmarks/gpu.py --device cpu --tiny`` runs every line of it but nvJPEG.
"""

import argparse
import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gpu_photos
import numpy as np
import torch
import torchvision
from gpu_plain import (
    MEAN,
    PLAIN_BATCH,
    STD,
    TRAIN_BATCH,
    plain_backbone,
    plain_rows,
    plain_steps,
)
from gpu_table import FULL, TINY, Scale, Table
from gpu_views import augmented_views, parts_of_the_pipeline, views_by_threads

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.activations.torch_runner import TorchRun, TorchRunner
from warmstart.backbones.network import Normalise
from warmstart.batches.rendering import PixelBlock
from warmstart.batches.source import num_cores
from warmstart.device_views.chosen import SETTING
from warmstart.images.augment import transforms_side_on
from warmstart.training.compiled_steps import SETTING as STEPS_SETTING


def learner(folder: Path, arch: str, scale: Scale, cache: Path, device: str) -> ConvLearner:
    """Ours: the embedded weights where there are such, else random ones; speed is the same."""
    data = ImageClassifierData.from_paths(
        folder, tfms_from_model(arch, scale.size), TRAIN_BATCH, quiet=True
    )
    return ConvLearner.pretrained(
        arch, data, precompute=True, pretrained=False, cache_dir=cache, device=device, quiet=True
    )


def jpeg_to_row(
    table: Table, folder: Path, contents: list[bytes], backbone: tuple[str, float], scale: Scale
) -> None:
    """From files to stored rows, all that the library does included, but hashing files anew."""
    arch, goal = backbone
    if not table.has_time(f"JPEG → row, {arch}"):
        return
    learn = learner(folder, arch, scale, folder.parent / f"store-{arch}", str(table.device))
    state = learn.state
    rows = state.data.table.rows("train")
    first, rest = np.split(rows, [max(1, len(rows) // 8)])
    state.activations.store(state.source, first)  # chooses, allocates
    state.source.content_hashes(rows, state.activations.hashes)
    ours = table.rate(len(rest), lambda: state.activations.store(state.source, rest))
    model, some = plain_backbone(arch, table.device), contents[: len(rest)]
    plain_rows(model, some[:PLAIN_BATCH], scale.size, table.device)
    plain = table.rate(len(some), lambda: plain_rows(model, some, scale.size, table.device))
    aim = f">= {goal:,.0f}" if goal else ""
    table.add(f"JPEG → stored row, {arch}", ours, plain, aim)
    print(f"  mode {learn.numeric_mode}")


@dataclass(frozen=True, eq=False)
class Pixels:
    """Pixels in the computer's memory, in blocks."""

    values: np.ndarray
    num_rows: int
    batch: int

    def blocks(self) -> Iterator[PixelBlock]:
        """All of them."""
        for start in range(0, self.num_rows, self.batch):
            part = self.values[start % len(self.values) :][: self.batch]
            yield PixelBlock(np.arange(len(part)), part, ())

    def through(self, runner: TorchRunner) -> None:
        """Our runner."""
        for _ in runner.run(self.blocks()):
            pass

    def through_script(self, network: Any, device: torch.device, *, half: bool) -> None:
        """A plain loop."""
        for block in self.blocks():
            there = torch.from_numpy(block.pixels).to(device)
            with (
                torch.inference_mode(),
                torch.autocast(device.type, torch.bfloat16, enabled=half),
            ):
                network(there).float().cpu()


def pixels_to_row(table: Table, arch: str, scale: Scale, way: str) -> None:
    """From pixels in the computer's memory: ours and a script, both eager or both compiled."""
    if not table.has_time(f"pixels → row, {arch}, {way}"):
        return
    device = table.device
    half, batch = device.type == "cuda", 256 if device.type == "cuda" else 8
    shape = (min(1024, scale.num_pixels), scale.size, scale.size, 3)
    values = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    pixels = Pixels(values, scale.num_pixels, batch)
    model = plain_backbone(arch, device)
    script = torch.nn.Sequential(Normalise(MEAN, STD).to(device), model)
    with torch.inference_mode():
        width = int(model(torch.zeros(1, 3, scale.size, scale.size, device=device)).shape[1])
    precision = "bf16" if half else "f32"
    runner = TorchRunner(script, (width,), device, precision, TorchRun(way, batch))
    network: Any = torch.compile(script, dynamic=False) if way == "compile" else script
    runner.lay_out()
    rates = []
    for run in (
        lambda: pixels.through(runner),
        lambda: pixels.through_script(network, device, half=half),
    ):
        run()
        rates.append(table.rate(scale.num_pixels, run, 2))
    table.add(f"pixels → row, {arch}, {way}", *rates, ">= 0.90 x" if way == "compile" else "")


def training(table: Table, scale: Scale, work: Path) -> None:
    """All layers at once, from stored pixels."""
    if not table.has_time("training all layers"):
        return
    folder = work / "trained"
    gpu_photos.write_photos(folder, scale.num_trained, 16)
    learn = learner(folder, scale.trained, scale, work / "store-trained", str(table.device))
    learn.unfreeze()
    steps = max(1, scale.num_trained // TRAIN_BATCH)
    for name, asked in (("as written", "0"), ("compiled", "1")):
        if not table.has_time(f"training, {name}"):
            break
        os.environ[STEPS_SETTING] = asked
        history = learn.fit(1e-4, 3)
        best = min(record.seconds for record in history.records[1:])
        epoch = plain_steps(
            scale.trained, scale.size, scale.num_trained, table.device, is_compiled=asked == "1"
        )
        epoch()
        plain = table.rate(steps * TRAIN_BATCH, epoch, 2)
        what = f"all layers of {scale.trained}, batch 64, {name}"
        table.add(what, scale.num_trained / best, plain, ">= 1.0 x" if asked == "0" else "")
        last = history.records[-1]
        print(
            f"  precision {last.precision}; {last.compiling}; ours has 16 valid rows an epoch too"
        )
    os.environ.pop(STEPS_SETTING, None)


def training_on_views(table: Table, scale: Scale, work: Path) -> None:
    """All layers at once, on another augmented view in each epoch, decoded on the way."""
    if not table.has_time("training on augmented views"):
        return
    tfms = tfms_from_model(scale.trained, scale.size, aug_tfms=transforms_side_on)
    data = ImageClassifierData.from_paths(work / "trained", tfms, TRAIN_BATCH, quiet=True)
    learn = ConvLearner.pretrained(
        scale.trained, data, pretrained=False, cache_dir=work / "store-trained",
        device=str(table.device), quiet=True,
    )  # fmt: skip
    learn.unfreeze()
    history = learn.fit(1e-4, 3)
    best = min(record.seconds for record in history.records[1:])
    table.add(f"all layers of {scale.trained}, a new view each epoch", scale.num_trained / best)


def about(device: torch.device) -> dict[str, Any]:
    """What it ran on."""
    return {
        "gpu": torch.cuda.get_device_name(device) if device.type == "cuda" else None,
        "num_cores": num_cores(),
        "machine": platform.platform(),
        "torch": torch.__version__,
        "torchvision": torchvision.__version__,
        "cuda": torch.version.cuda,
    }


def main() -> None:
    """All parts, in the order of what they cost."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="seconds; only to see that it runs")
    parser.add_argument("--out", type=Path, help="a JSON file of what was measured")
    asked = parser.parse_args()
    device, scale = torch.device(asked.device), TINY if asked.tiny else FULL
    if device.type == "cuda" and not torch.cuda.is_available():
        sys.exit("there is no GPU here: --device cpu --tiny tries the script")
    if device.type != "cuda":
        os.environ[SETTING] = "all"  # the same code, on a CPU
    print(json.dumps(about(device)))
    table = Table(device)
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        os.environ.setdefault("WARMSTART_CACHE", str(work / "cache"))
        contents = gpu_photos.write_photos(work / "photos", scale.num_rows, 16)
        for backbone in scale.backbones:
            jpeg_to_row(table, work / "photos", contents, backbone, scale)
        training(table, scale, work)
        training_on_views(table, scale, work)
        augmented_views(table, contents, scale)
        parts_of_the_pipeline(table, contents, scale)
        if table.has_time("views by threads"):
            views_by_threads(table, contents, scale)
        for way in ("eager", "compile") if device.type == "cuda" else ("eager",):
            for arch, _ in scale.backbones:
                pixels_to_row(table, arch, scale, way)
    print(f"{time.perf_counter() - table.began:.0f} s")
    if asked.out:
        asked.out.write_text(json.dumps({"about": about(device), "rows": table.rows}, indent=1))


if __name__ == "__main__":
    main()
