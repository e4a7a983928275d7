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
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gpu_photos
import numpy as np
import timm
import torch
import torchvision
from torch.nn import functional
from torchvision.io import ImageReadMode, decode_jpeg

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.activations.torch_runner import TorchRun, TorchRunner
from warmstart.backbones.network import Normalise
from warmstart.batches.rendering import PixelBlock, stream_pixels
from warmstart.batches.source import num_cores
from warmstart.device_views.bare_jpeg import bare_jpeg
from warmstart.device_views.chosen import SETTING, device_views
from warmstart.device_views.device_decoder import decode_on_device, is_sound_jpeg
from warmstart.images.augment import transforms_side_on
from warmstart.images.augmented import AugmentedRecipe

MOST_SECONDS = 170  # after which nothing is begun any more, and that is said
PLAIN_BATCH, TRAIN_BATCH = 128, 64
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Scale:
    """How much is measured."""

    backbones: tuple[tuple[str, float], ...]  # and the goal of JPEG → row
    trained: str
    size: int
    num_rows: int
    num_pixels: int
    num_trained: int
    num_views: int


FULL = Scale(
    (("tf_efficientnet_lite0", 12_000), ("resnet50", 8_000)),
    "resnet50", 224, 8_000, 8_192, 1_280, 3_000,
)  # fmt: skip
TINY = Scale((("test_resnet", 0),), "test_resnet", 32, 24, 32, 16, 24)


class Table:
    """What was measured, printed as it comes."""

    def __init__(self, device: torch.device) -> None:
        """Begin with a head."""
        self.device, self.began = device, time.perf_counter()
        self.rows: list[dict[str, Any]] = []
        print(f"{'what':<46}{'ours/s':>10}{'plain/s':>10}{'ratio':>8}  goal", flush=True)

    def add(self, what: str, ours: float, plain: float | None = None, goal: str = "") -> None:
        """One line."""
        self.rows.append({"what": what, "ours": ours, "plain": plain, "goal": goal})
        beside = f"{'':>18}" if plain is None else f"{plain:>10,.0f}{ours / plain:>8.2f}"
        print(f"{what:<46}{ours:>10,.0f}{beside}  {goal}", flush=True)

    def has_time(self, what: str) -> bool:
        """Whether there is time for more; says what is left out."""
        if time.perf_counter() - self.began < MOST_SECONDS:
            return True
        print(f"{what}: left out, there is no time", flush=True)
        return False

    def rate(self, count: int, work: Callable[[], object], repeats: int = 1) -> float:
        """Things a second of the fastest of some repeats."""
        best = float("inf")
        for _ in range(repeats):
            self.wait()
            began = time.perf_counter()
            work()
            self.wait()
            best = min(best, time.perf_counter() - began)
        return count / best

    def wait(self) -> None:
        """Until the GPU is done."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)


def views_by_threads(table: Table, contents: list[bytes], scale: Scale) -> None:
    """How decoding scales with threads."""
    recipe = tfms_from_model(scale.backbones[0][0], scale.size).recipe
    varied = AugmentedRecipe(recipe, transforms_side_on)
    some = contents[: scale.num_views]
    counts = sorted({1, 2, 4, 8, 16, num_cores()})
    for threads in [count for count in counts if count <= num_cores()]:
        for name, goal, render in (
            ("plain", 2_500, lambda row: recipe.render(some[row], "")),
            ("augmented", 2_000, lambda row: varied.render(some[row], "", 1, bytes(32))),
        ):
            rows = range(len(some) if threads > 2 else max(1, len(some) // 6))

            def work(render: Any = render, rows: range = rows, threads: int = threads) -> None:
                for _ in stream_pixels(render, rows, num_threads=threads):
                    pass

            aim = f">= {goal:,} on 16 cores" if threads == 16 else ""
            table.add(f"{name} views, {threads} threads", table.rate(len(rows), work), goal=aim)


def parts_of_the_pipeline(table: Table, contents: list[bytes], scale: Scale) -> None:
    """What each part of JPEG → view does alone."""
    recipe = tfms_from_model(scale.backbones[0][0], scale.size).recipe
    some = contents[: 8 * PLAIN_BATCH]
    bare = [jpeg for content in some if (jpeg := bare_jpeg(content, recipe.at_least()))]
    table.add("headers read, 1 thread", table.rate(
        len(some), lambda: [bare_jpeg(content, recipe.at_least()) for content in some]
    ))  # fmt: skip
    with ThreadPoolExecutor(num_cores()) as pool:
        print(f"  {len(bare)} of {len(some)} are for the device's decoder")
        table.add(f"damage looked for, {num_cores()} threads", table.rate(
            len(bare), lambda: list(pool.map(
                lambda jpeg: is_sound_jpeg(jpeg.content, jpeg.width, jpeg.height), bare
            )), 2,
        ))  # fmt: skip
    views = device_views(table.device)
    print(f"  views by {views and views.name}")
    if table.device.type == "cuda" and bare:
        table.add("nvJPEG alone, batches of 256", table.rate(
            len(bare), lambda: [
                decode_on_device(bare[i : i + 256], table.device) for i in range(0, len(bare), 256)
            ], 2,
        ))  # fmt: skip
    if views is not None:
        pending = [views.prepare(recipe, content, "") for content in some]
        stored = [picture for picture in views.decoded(pending) if picture is not None]
        table.add("views alone, of decoded pictures", table.rate(
            len(stored), lambda: [
                pending[0].shown(stored[i : i + 256]) for i in range(0, len(stored), 256)
            ], 2,
        ))  # fmt: skip


def plain_backbone(arch: str, device: torch.device) -> torch.nn.Module:
    """A backbone as a script has it."""
    model = timm.create_model(arch, pretrained=False, num_classes=0).to(device).eval()
    return model.to(memory_format=torch.channels_last)


def plain_rows(
    model: torch.nn.Module, contents: list[bytes], size: int, device: torch.device
) -> None:
    """The loop of thirty lines: decode a batch, resize each, forward; one after the other."""
    mean = torch.tensor(MEAN, device=device).view(1, 3, 1, 1) * 255
    std = torch.tensor(STD, device=device).view(1, 3, 1, 1) * 255
    for start in range(0, len(contents), PLAIN_BATCH):
        raw = [
            torch.frombuffer(bytearray(content), dtype=torch.uint8)
            for content in contents[start : start + PLAIN_BATCH]
        ]
        decoded = decode_jpeg(raw, mode=ImageReadMode.RGB, device=device)
        pictures = [
            functional.interpolate(
                picture[None].float(), (size, size), mode="bilinear", antialias=True
            ) for picture in decoded
        ]  # fmt: skip
        batch = ((torch.cat(pictures) - mean) / std).to(memory_format=torch.channels_last)
        with torch.inference_mode(), torch.autocast(device.type, torch.bfloat16):
            model(batch).half().cpu().numpy()


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


def plain_steps(scale: Scale, device: torch.device) -> Callable[[], None]:
    """An epoch of the plain loop: channels_last, bf16, fused SGD, pixels on the device."""
    model = timm.create_model(scale.trained, pretrained=False, num_classes=2).to(device).train()
    model = model.to(memory_format=torch.channels_last)
    optimiser = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)
    normalise = Normalise(MEAN, STD).to(device)
    pixels = torch.zeros((TRAIN_BATCH, scale.size, scale.size, 3), dtype=torch.uint8, device=device)
    labels = torch.zeros(TRAIN_BATCH, dtype=torch.long, device=device)

    def epoch() -> None:
        for _ in range(max(1, scale.num_trained // TRAIN_BATCH)):
            with torch.autocast(device.type, torch.bfloat16):
                loss = functional.cross_entropy(model(normalise(pixels)), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()

    return epoch


def training(table: Table, scale: Scale, work: Path) -> None:
    """All layers at once, from stored pixels."""
    if not table.has_time("training all layers"):
        return
    folder = work / "trained"
    gpu_photos.write_photos(folder, scale.num_trained, 16)
    learn = learner(folder, scale.trained, scale, work / "store-trained", str(table.device))
    learn.unfreeze()
    history = learn.fit(1e-4, 3)
    best = min(record.seconds for record in history.records[1:])
    epoch = plain_steps(scale, table.device)
    epoch()
    steps = max(1, scale.num_trained // TRAIN_BATCH)
    plain = table.rate(steps * TRAIN_BATCH, epoch, 2)
    table.add(
        f"all layers of {scale.trained}, batch 64", scale.num_trained / best, plain, ">= 1.0 x"
    )
    print(f"  precision {history.records[-1].precision}; ours has 16 valid rows an epoch too")


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
