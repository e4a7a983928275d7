"""(e) warmstart and fastai 2 as whole processes: same photos, same weights, 4 frozen epochs.

Needs an environment with fastai 2.8.12: FASTAI_PYTHON=/path/to/its/python. Both sides run with
the allocator told to keep its memory; in turn, three times.
"""

import argparse
import json
import os
import sys
import tempfile
from pathlib import Path

import measure
from safetensors.torch import save_file

from warmstart.backbones.embedded import embedded_weights

ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
}
ARCH = "tf_efficientnet_lite0"


def one_of_ours(folder: Path, place: Path, seed: int) -> dict[str, float]:
    """A run with an empty store."""
    run = place / f"ours-{seed}"
    seconds, peak, _ = measure.run(
        [measure.warmstart(), "train", str(folder), "--arch", ARCH, "--epochs", "4",
         "--seed", str(seed), "--out", str(run), "--cache-dir", str(place / f"cache-{seed}")],
        **ALLOCATOR,
    )  # fmt: skip
    card = json.loads((run / "model" / "model.json").read_text())
    accuracy = card["metrics"]["valid_accuracy"]
    return {"seconds": seconds, "peak_gb": peak / 1e9, "accuracy": accuracy}


def one_of_theirs(folder: Path, weights: Path, seed: int, *more: str) -> dict[str, float]:
    """A run of fastai."""
    script = str(Path(__file__).with_name("fastai_process.py"))
    seconds, peak, output = measure.run(
        [
            os.environ["FASTAI_PYTHON"],
            script,
            str(folder),
            str(weights),
            "--seed",
            str(seed),
            *more,
        ],
        **ALLOCATOR,
    )
    result = json.loads(output.split("RESULT ")[-1].splitlines()[0])
    return {"seconds": seconds, "peak_gb": peak / 1e9, "accuracy": result["accuracies"][-1]}


def main() -> None:
    """In turn, so that a busy moment hits both."""
    words = argparse.ArgumentParser()
    words.add_argument("--repeats", type=int, default=3)
    given = words.parse_args()
    if "FASTAI_PYTHON" not in os.environ:
        sys.exit("set FASTAI_PYTHON to the Python of an environment with fastai==2.8.12")
    folder = measure.photos("dogscats")
    rows: dict[str, list[dict[str, float]]] = {
        "warmstart": [],
        "fastai": [],
        "fastai_bn_frozen": [],
    }
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        state = {
            name: tensor.contiguous()
            for name, tensor in embedded_weights().items()
            if not name.startswith("classifier")
        }
        save_file(state, place / "body.safetensors")
        for seed in range(given.repeats):
            rows["warmstart"].append(one_of_ours(folder, place, seed))
            rows["fastai"].append(one_of_theirs(folder, place / "body.safetensors", seed))
            rows["fastai_bn_frozen"].append(
                one_of_theirs(folder, place / "body.safetensors", seed, "--frozen-bn")
            )
    ours = [row["seconds"] for row in rows["warmstart"]]
    measure.write(
        "against_fastai",
        {
            "data": "dogscats, 1000 train, 300 valid, size 224; 4 frozen epochs; whole processes",
            "rows": {
                name: {key: measure.spread([row[key] for row in of]) for key in of[0]}
                for name, of in rows.items()
            },
            "times_faster": {
                name: measure.spread(
                    [row["seconds"] / mine for row, mine in zip(rows[name], ours, strict=True)]
                )
                for name in ("fastai", "fastai_bn_frozen")
            },
            "goal": ">= 15 at no lower accuracy",
        },
    )


if __name__ == "__main__":
    main()
