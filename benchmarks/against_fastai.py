"""(e) warmstart and fastai 2 as whole processes: same photos and weights, in turn, three times.

Needs an environment with fastai 2.8.12: FASTAI_PYTHON=/path/to/its/python. It trains 4 frozen
epochs, and its allocator is told to keep its memory: it may only gain by it. Ours is what people
type, `warmstart train FOLDER`, without its report, with three stores: "first", of a computer that
never ran it; "known", which knows the backbone from other photos; "stored", which holds every row.
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from pathlib import Path

import measure
from safetensors.torch import save_file

from warmstart.backbones.embedded import PACKAGES, embedded_weights

ALLOCATOR = {
    "MALLOC_MMAP_MAX_": "0",
    "MALLOC_TRIM_THRESHOLD_": "100000000000",
    "MALLOC_TOP_PAD_": "268435456",
}
ARCH = "tf_efficientnet_lite0"
OURS = ("first", "known", "stored")
THEIRS = {"fastai": (), "fastai_bn_frozen": ("--frozen-bn",)}


def one_of_ours(folder: Path, run: Path, cache: Path, seed: int) -> dict[str, float]:
    """A run with whatever the store holds."""
    seconds, peak, _ = measure.run(
        [measure.warmstart(), "train", str(folder), "--arch", ARCH, "--no-report",
         "--seed", str(seed), "--out", str(run), "--cache-dir", str(cache)]
    )  # fmt: skip
    card = json.loads((run / "model" / "model.json").read_text())
    accuracy = card["metrics"]["valid_accuracy"]
    return {"seconds": seconds, "peak_gb": peak / 1e9, "accuracy": accuracy}


def ours(folder: Path, place: Path, knowing: Path, seed: int) -> dict[str, dict[str, float]]:
    """Three runs, by what the store holds."""
    known = Path(shutil.copytree(knowing, place / f"known-{seed}"))
    stores = {"first": place / f"first-{seed}", "known": known, "stored": known}
    return {
        name: one_of_ours(folder, place / f"run-{name}-{seed}", cache, seed)
        for name, cache in stores.items()
    }


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
    rows: dict[str, list[dict[str, float]]] = {name: [] for name in (*OURS, *THEIRS)}
    with tempfile.TemporaryDirectory() as temporary:
        place = Path(temporary)
        state = {
            name: tensor.contiguous()
            for name, tensor in embedded_weights(PACKAGES[ARCH]).items()
            if not name.startswith("classifier")
        }
        save_file(state, place / "body.safetensors")
        one_of_ours(measure.photos("flowers"), place / "flowers", place / "knowing", 0)
        for seed in range(given.repeats):
            for name, row in ours(folder, place, place / "knowing", seed).items():
                rows[name].append(row)
            for name, more in THEIRS.items():
                rows[name].append(one_of_theirs(folder, place / "body.safetensors", seed, *more))
    measure.write(
        "against_fastai",
        {
            "data": "dogscats, 1000 train, 300 valid, size 224; whole processes",
            "rows": {
                name: {key: measure.spread([row[key] for row in of]) for key in of[0]}
                for name, of in rows.items()
            },
            "times_faster": {
                f"{mine} than {name}": measure.spread(
                    [
                        row["seconds"] / own["seconds"]
                        for row, own in zip(rows[name], rows[mine], strict=True)
                    ]
                )
                for mine in OURS
                for name in THEIRS
            },
            "goal": "known: >= 30 than fastai, >= 12 than fastai_bn_frozen, under 1.2 GB; "
            "accuracy no lower than fastai's",
        },
    )


if __name__ == "__main__":
    main()
