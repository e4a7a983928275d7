"""(k) BatchNorm of a thawed body: its stored statistics, or those of each batch.

From the same trained head, all layers train for two epochs of one cycle, at two rates; stored
statistics with and without clipped gradients. Rows that are held back choose between the rates,
valid judges. Three seeds.
"""

import tempfile
from pathlib import Path

import measure

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.comparison.compare import compare_predictions
from warmstart.results.predictions import Predictions
from warmstart.training.state import clone_tensors

ARCH, SEEDS, DATA, EPOCHS = "tf_efficientnet_lite0", (0, 1, 2), ("dogscats", "flowers"), 2
RATES, RATIO = (1e-3, 1e-2), 5.0  # of the head; each earlier group's is so many times smaller
KINDS = {
    "stored": {"bn": "stored"},
    "stored, clipped": {"bn": "stored", "clip_norm": 1.0},
    "train": {"bn": "train"},
}


def log_loss(predictions: Predictions) -> float:
    """Of the right classes."""
    return float(predictions.scores(num_resamples=0)["log_loss"].value or 0.0)


def one_run(name: str, seed: int, cache: Path) -> dict[str, object]:
    """Every kind at every rate, from one head."""
    tfms = tfms_from_model(ARCH, aug_tfms="side_on", max_zoom=1.1)
    data = ImageClassifierData.from_paths(measure.photos(name), tfms, bs=32)
    learn = ConvLearner.pretrained(
        ARCH, data, precompute=True, seed=seed, cache_dir=cache, quiet=True
    )
    learn.hold_back()
    learn.fit(0.01, 1, cycle_len=2)
    start, head = clone_tensors(learn.model.state_dict()), learn.predict("valid")
    learn.unfreeze()
    learn.precompute = EPOCHS  # pixels of as many augmented views: decoded once
    tried: dict[str, list[dict[str, object]]] = {}
    delivered: dict[str, Predictions] = {}
    for kind, options in KINDS.items():
        tried[kind], lowest = [], float("inf")
        for rate in RATES:
            learn.put_weights(start)
            learn.fit((rate / RATIO**2, rate / RATIO, rate), 1, cycle_len=EPOCHS, **options)
            valid, loss = learn.predict("valid"), log_loss(learn.predict("held_back"))
            tried[kind].append(
                {"rate": rate, "held_back_loss": loss, "valid_accuracy": valid.accuracy}
            )
            if loss < lowest:
                lowest, delivered[kind] = loss, valid
    over_train = {
        kind: compare_predictions(delivered["train"], delivered[kind])
        for kind in KINDS
        if kind != "train"
    }
    return {
        "data": name,
        "seed": seed,
        "num_valid": len(head.rows),
        "head_accuracy": head.accuracy,
        "tried": tried,
        "delivered_accuracy": {kind: delivered[kind].accuracy for kind in KINDS},
        "gain_over_train": {
            kind: [gain.difference, gain.low, gain.high] for kind, gain in over_train.items()
        },
    }


def main() -> None:
    """Every seed of both data sets; what is done is written at once."""
    runs: list[dict[str, object]] = []
    for seed in SEEDS:
        for name in DATA:
            with tempfile.TemporaryDirectory() as place:
                runs.append(one_run(name, seed, Path(place)))
            measure.write("bn_after_thawing", {"rates": RATES, "epochs": EPOCHS, "runs": runs})


if __name__ == "__main__":
    main()
