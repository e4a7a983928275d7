"""(o) Rates for a backbone that is unfrozen under a logistic head, and how they differ by group.

Flowers, 25 a class; 200 of the others judge. Seeds that judge nothing else. From the same logistic
head all layers train for 1 + 2 + 4 epochs; the weights before and after are mixed at five places.

    unfrozen_rates.py [SIZE [SEED ...]]
"""

import sys
import tempfile
import time
from pathlib import Path

import measure
import numpy as np

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.results.predictions import Predictions
from warmstart.training.state import PLACES, clone_tensors, weights_between

ARCH, PER_CLASS, NUM_JUDGED, CYCLES = "tf_efficientnet_lite0", 25, 200, 3
CASES = ((1.0, 3e-3), (1.0, 1e-2), (1.0, 3e-2), (5.0, 1e-2), (5.0, 3e-2), (5.0, 1e-1))
"""(How much smaller each earlier group's rate is, the rate of the head)."""


def table(seed: int) -> dict[str, list[str]]:
    """File names, labels and splits of one draw."""
    root, random = measure.photos("flowers"), np.random.default_rng(seed)
    rows: dict[str, list[str]] = {"name": [], "label": [], "split": []}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        files = sorted(folder.iterdir())
        for place, number in enumerate(random.permutation(len(files))[: PER_CLASS + 40]):
            rows["name"].append(f"{folder.name}/{files[number].name}")
            rows["label"].append(folder.name)
            rows["split"].append("train" if place < PER_CLASS else "valid")
    return rows


def scores(predictions: Predictions) -> dict[str, float]:
    """Accuracy and log loss."""
    loss = predictions.scores(num_resamples=0)["log_loss"].value
    return {"accuracy": predictions.accuracy, "log_loss": float(loss or 0.0)}


def one_run(seed: int, size: int, cache: Path) -> list[dict[str, object]]:
    """Every case, from one head."""
    import pandas as pd

    tfms = tfms_from_model(ARCH, size, aug_tfms="side_on", max_zoom=1.1)
    frame = pd.DataFrame(table(seed))
    data = ImageClassifierData.from_df(
        measure.photos("flowers"), "", frame, tfms, bs=32, split_column="split"
    )
    learn = ConvLearner.pretrained(
        ARCH, data, precompute=True, seed=seed, cache_dir=cache, quiet=True, train_precision="f32"
    )
    learn.fit_head("logistic")
    start, found = clone_tensors(learn.model.state_dict()), []
    learn.unfreeze()
    learn.precompute = 2**CYCLES - 1  # pixels of as many augmented views: decoded once
    for ratio, rate in CASES:
        learn.put_weights(start)
        began = time.perf_counter()
        learn.fit([rate / ratio**2, rate / ratio, rate], CYCLES, cycle_len=1, cycle_mult=2)
        seconds = time.perf_counter() - began
        after, places = clone_tensors(learn.model.state_dict()), {}
        for place in PLACES:
            learn.put_weights(weights_between(start, after, place))
            places[str(place)] = scores(learn.predict("valid"))
        case = {"seed": seed, "ratio": ratio, "rate": rate, "seconds": seconds, "places": places}
        found.append(case)
        told = "  ".join(f"{p['accuracy']:.3f} {p['log_loss']:.3f}" for p in places.values())
        print(f"seed {seed} ratio {ratio:g} rate {rate:g}: {told}", flush=True)
    return found


def main() -> None:
    """Every seed; what is done is written at once."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 96
    seeds = [int(seed) for seed in sys.argv[2:]] or [10, 11, 12]
    runs: list[dict[str, object]] = []
    for seed in seeds:
        with tempfile.TemporaryDirectory() as place:
            runs += one_run(seed, size, Path(place))
        measure.write("unfrozen_rates", {"arch": ARCH, "size": size, "runs": runs})


if __name__ == "__main__":
    main()
