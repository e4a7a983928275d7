"""(k) BatchNorm of a thawed body: its stored statistics, or those of each batch.

From the same trained head, all layers train for two epochs of one cycle; valid judges. Three seeds.
"""

import tempfile
from pathlib import Path

import measure

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.evaluation.compare import compare

ARCH, SEEDS, DATA, EPOCHS = "tf_efficientnet_lite0", (0, 1, 2), ("dogscats", "flowers"), 2
RATES = (4e-4, 2e-3, 1e-2)


def one_run(name: str, seed: int, cache: Path) -> dict[str, object]:
    """Both kinds, from one head."""
    tfms = tfms_from_model(ARCH, aug_tfms="side_on", max_zoom=1.1)
    data = ImageClassifierData.from_paths(measure.photos(name), tfms, bs=32)
    found = {}
    head = None
    for bn in ("stored", "train"):
        learn = ConvLearner.pretrained(
            ARCH, data, precompute=True, seed=seed, cache_dir=cache, quiet=True
        )
        learn.fit(0.01, 1, cycle_len=2)
        head = learn.predict("valid")
        learn.precompute = False
        learn.unfreeze()
        learn.fit(RATES, 1, cycle_len=EPOCHS, bn=bn)
        found[bn] = learn.predict("valid")
    gain = compare(found["train"], found["stored"])
    return {
        "data": name,
        "seed": seed,
        "num_valid": len(found["stored"].rows),
        "head": None if head is None else head.accuracy,
        "stored": found["stored"].accuracy,
        "train": found["train"].accuracy,
        "stored_over_train": gain.difference,
        "stored_over_train_95": [gain.low, gain.high],
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
