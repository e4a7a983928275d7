"""What a user of Ray Data writes for batch inference with torch, in three ways: for cluster.py.

Only the network is ours: the very one that ``warmstart train`` has saved.

``documented``: images are read and made tensors by torchvision in tasks, and an actor holds the
network, as Ray's example of batch inference has it, with nothing set that it does not set.
``tuned``: what somebody who knows both does next: Pillow decodes JPEGs at a part of their size and
resizes them, bytes and not floats pass between processes, the actor says how many cores it takes
and gives torch as many threads, BatchNorm is computed in channels_last and bfloat16 where the
processor has it. ``ours``: files are read by Ray Data, and ``ImageWork`` computes, as in
docs/scale.md: what remains is the engine's cost.
"""

import argparse
import csv
import io
import os
from pathlib import Path
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # loopback alone
os.environ["RAY_AUTH_TOKEN"] = "0123456789abcdef" * 4

import numpy as np
import ray

BATCH, SIDE, RESIZED = 64, 224, 256
WAYS = ("documented", "tuned", "ours")
ASKED = argparse.ArgumentParser(description=__doc__)
ASKED.add_argument("model")
ASKED.add_argument("photos")
ASKED.add_argument("table")
ASKED.add_argument("--way", choices=WAYS, default=WAYS[0])
ASKED.add_argument("--cpus", type=int, default=1, help="cores of the actor, if tuned or ours")


def documented(row: dict[str, Any]) -> dict[str, Any]:
    """One picture as a tensor, as torchvision does it."""
    from torchvision import transforms  # in each function: Ray cannot send torch's modules

    steps = [
        transforms.ToTensor(),
        transforms.Resize(
            RESIZED, antialias=True, interpolation=transforms.InterpolationMode.BICUBIC
        ),
        transforms.CenterCrop(SIDE),
    ]
    tensor = transforms.Compose(steps)(row["image"])
    return {"path": row["path"], "pixels": tensor.clamp(0, 1).numpy()}


def tuned(row: dict[str, Any]) -> dict[str, Any]:
    """One picture's pixels (H, W, 3), by Pillow, no larger decoded than it must be."""
    from PIL import Image

    image = Image.open(io.BytesIO(row["bytes"]))
    image.draft("RGB", (2 * RESIZED, 2 * RESIZED))  # never below twice the target, as ours
    image = image.convert("RGB")
    scale = RESIZED / min(image.size)
    size = [max(SIDE, round(side * scale)) for side in image.size]
    x, y = ((side - SIDE) // 2 for side in size)
    image = image.resize(tuple(size), Image.Resampling.BICUBIC).crop((x, y, x + SIDE, y + SIDE))
    return {"path": row["path"], "pixels": np.asarray(image)}


class Network:
    """Holds the network."""

    def __init__(self, model: str, cpus: int | None) -> None:
        """Load it; tuned, if a number of cores is given."""
        import torch

        from warmstart import load_predictor

        self.is_tuned = cpus is not None
        if cpus is not None:
            torch.set_num_threads(cpus)
        predictor = load_predictor(model, device="cpu")
        self.classes, card = predictor.classes, predictor.card
        self.model = predictor.networks[0].model.eval()
        if self.is_tuned:
            self.model = self.model.to(memory_format=torch.channels_last)
        self.has_bf16 = torch.cpu.get_capabilities().get("avx512_bf16", False)
        self.mean, self.std = (
            torch.tensor(getattr(card, name)).view(1, 3, 1, 1) for name in ("mean", "std")
        )

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, Any]:
        """Name each picture."""
        import torch

        pixels = torch.from_numpy(np.stack(batch["pixels"]))
        if self.is_tuned:  # (N, H, W, 3) bytes, which are channels_last already
            pixels = pixels.permute(0, 3, 1, 2).float() / 255
        uses_bf16 = self.is_tuned and self.has_bf16
        with torch.inference_mode(), torch.autocast("cpu", torch.bfloat16, enabled=uses_bf16):
            scores = self.model((pixels - self.mean) / self.std).float().softmax(1)
        best = scores.argmax(1).tolist()
        return {
            "path": batch["path"],
            "predicted": [self.classes[k] for k in best],
            "probability": scores.max(1).values.numpy(),
        }


class Ours:
    """The unit of work that every engine can be given."""

    def __init__(self, model: str) -> None:
        """Say what is computed."""
        from warmstart.cluster.work import ImageWork, Probabilities
        from warmstart.inference.model_card import read_card

        self.work = ImageWork(Probabilities(model))
        self.classes = read_card(Path(model)).card.classes

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Name each picture."""
        from warmstart.cluster.batch import NamedImage

        pairs = zip(batch["path"], batch["bytes"], strict=True)
        made = self.work([NamedImage(str(path), bytes(content)) for path, content in pairs])
        best = np.argmax(made.rows, axis=1)
        return {
            "path": [batch["path"][i] for i in made.positions],
            "predicted": [self.classes[k] for k in best],
            "probability": made.rows.max(axis=1),
        }


def dataset(model: str, photos: str, way: str, cpus: int) -> Any:
    """What is computed, lazily: a row per picture."""
    if way == "documented":
        read = ray.data.read_images(photos, mode="RGB", include_paths=True).map(documented)
        made = {"fn_constructor_args": (model, None), "batch_size": BATCH, "concurrency": 1}
        return read.map_batches(Network, **made)
    read = ray.data.read_binary_files(photos, include_paths=True)
    if way == "tuned":
        read = read.map(tuned)
    kind, arguments = (Network, (model, cpus)) if way == "tuned" else (Ours, (model,))
    return read.map_batches(
        kind, fn_constructor_args=arguments, batch_size=BATCH, concurrency=1, num_cpus=cpus
    )


def main() -> None:
    """Predict a folder."""
    asked = ASKED.parse_args()
    ray.init(num_cpus=len(os.sched_getaffinity(0)), include_dashboard=False, log_to_driver=False)
    with Path(asked.table).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["name", "predicted", "probability"])
        for row in dataset(asked.model, asked.photos, asked.way, asked.cpus).iter_rows():
            table.writerow([row["path"], row["predicted"], row["probability"]])


if __name__ == "__main__":
    main()
