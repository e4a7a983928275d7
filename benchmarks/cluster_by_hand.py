"""What Ray Data's documentation suggests for batch inference with torch: for cluster.py.

Read images, make tensors of them with torchvision in tasks, and give batches to actors that hold
the network. Only the network is ours: the very one that ``warmstart train`` has saved.
"""

import csv
import os
import sys
from pathlib import Path
from typing import Any

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # loopback alone
os.environ["RAY_AUTH_TOKEN"] = "0123456789abcdef" * 4

import numpy as np
import ray

BATCH = 64
MODEL, PHOTOS, TABLE = sys.argv[1:]


def preprocess(row: dict[str, Any]) -> dict[str, Any]:
    """One picture as a tensor, as torchvision does it."""
    from torchvision import transforms  # in each function: Ray cannot send torch's modules

    steps = [
        transforms.ToTensor(),
        transforms.Resize(256, antialias=True, interpolation=transforms.InterpolationMode.BICUBIC),
        transforms.CenterCrop(224),
    ]
    tensor = transforms.Compose(steps)(row["image"])
    return {"path": row["path"], "pixels": tensor.clamp(0, 1).numpy()}


class Network:
    """Holds the network."""

    def __init__(self) -> None:
        """Load it."""
        import torch

        from warmstart import load_predictor

        predictor = load_predictor(MODEL, device="cpu")
        self.classes = predictor.classes
        member = predictor.networks[0]
        self.model = member.model.eval()
        frozen = predictor.card
        mean, std = (
            torch.tensor(getattr(frozen, name)).view(1, 3, 1, 1) for name in ("mean", "std")
        )
        self.mean, self.std = mean, std

    def __call__(self, batch: dict[str, np.ndarray]) -> dict[str, Any]:
        """Name each picture."""
        import torch

        with torch.inference_mode():
            pixels = (torch.from_numpy(np.stack(batch["pixels"])) - self.mean) / self.std
            scores = self.model(pixels).softmax(1)
        best = scores.argmax(1).tolist()
        return {
            "path": batch["path"],
            "predicted": [self.classes[k] for k in best],
            "probability": scores.max(1).values.numpy(),
        }


def main() -> None:
    """Predict a folder."""
    ray.init(num_cpus=len(os.sched_getaffinity(0)), include_dashboard=False, log_to_driver=False)
    found = (
        ray.data.read_images(PHOTOS, mode="RGB", include_paths=True)
        .map(preprocess)
        .map_batches(Network, batch_size=BATCH, concurrency=1)
    )
    with Path(TABLE).open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["name", "predicted", "probability"])
        for row in found.iter_rows():
            table.writerow([row["path"], row["predicted"], row["probability"]])


if __name__ == "__main__":
    main()
