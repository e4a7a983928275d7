"""(g) The whole recipe on real photos: what each step gains, and with TTA, over three seeds.

With twice as many views as it takes by default, as in the table of the README.
"""

import sys
import tempfile
import time
from pathlib import Path

import measure

from warmstart import ConvLearner, ImageClassifierData, Recipe, tfms_from_model
from warmstart.evaluation.compare import compare

ARCH, SEEDS, DATA = "tf_efficientnet_lite0", (0, 1, 2), ("flowers", "dogscats")
VIEWS = 8  # stored, augmented: step 4
NUM_AUGMENTED = 4  # views of TTA beside the plain one


def one_run(name: str, seed: int, cache: Path) -> dict[str, object]:
    """Steps of one run, and TTA of what it delivers."""
    tfms = tfms_from_model(ARCH, aug_tfms="side_on", max_zoom=1.1)
    data = ImageClassifierData.from_paths(measure.photos(name), tfms, bs=32)
    learn = ConvLearner.pretrained(ARCH, data, seed=seed, cache_dir=cache)
    result = Recipe(views=VIEWS).run(learn)
    plain = learn.predict("valid")
    began = time.perf_counter()
    averaged = learn.TTA(NUM_AUGMENTED)
    seconds = time.perf_counter() - began
    gain = compare(plain, averaged)
    return {
        "data": name,
        "seed": seed,
        "num_valid": len(plain.rows),
        "steps": [
            {
                "number": step.number,
                "title": step.title,
                "seconds": step.seconds,
                "accuracy": step.accuracy,
                "gain": step.gain,
                "gain_95": [step.gain_low, step.gain_high],
                "is_kept": step.is_kept,
                "note": step.note,
            }
            for step in result.steps
        ],
        "chosen": dict(result.chosen),
        "train_precision": learn.history.records[-1].precision,
        "delivered_accuracy": plain.accuracy,
        "tta_accuracy": averaged.accuracy,
        "tta_seconds": seconds,
        "tta_gain": gain.difference,
        "tta_gain_95": [gain.low, gain.high],
    }


def main() -> None:
    """Every seed of both data sets; what is done is written at once."""
    note = sys.argv[1] if len(sys.argv) > 1 else ""
    runs: list[dict[str, object]] = []
    for seed in SEEDS:
        for name in DATA:
            with tempfile.TemporaryDirectory() as place:
                runs.append(one_run(name, seed, Path(place)))
            measure.write("recipe", {"arch": ARCH, "note": note, "runs": runs})


if __name__ == "__main__":
    main()
