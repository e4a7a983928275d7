"""Calibration on rows that chose nothing, before and after a temperature from training rows."""

import tempfile
import time

import measure

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.metrics.scores import Scores

ARCH, EPOCHS, FOLDS, SEEDS = "tf_efficientnet_lite0", 4, 5, (0, 1, 2)
SCORES = ("accuracy", "log_loss", "brier", "calibration_error", "calibration_error_by_chance")


def told(scores: Scores) -> dict[str, dict[str, float | None]]:
    """The scores that calibration is about."""
    return {
        name: {"value": scores[name].value, "low": scores[name].low, "high": scores[name].high}
        for name in SCORES
    }


def judged(data: ImageClassifierData, seed: int, cache: str) -> dict[str, object]:
    """One head, its temperature, and the validation rows' scores without and with it."""
    learn = ConvLearner.pretrained(
        ARCH, data, precompute=True, seed=seed, cache_dir=cache, quiet=True
    )
    lr = learn.lr_find().suggestion
    learn.fit(lr, 1, cycle_len=EPOCHS)
    before = learn.predict("valid").scores()
    began = time.perf_counter()
    rows = learn.cross_validate(FOLDS, lr, cycle_len=EPOCHS)
    found = learn.calibrate(rows)
    seconds = time.perf_counter() - began
    after = learn.predict("valid").scores()
    return {
        "seed": seed,
        "lr": lr,
        "temperature": found.value,
        "reason": found.reason,
        "num_rows_that_chose": found.num_rows,
        "num_rows_that_judge": before.num_rows,
        "seconds": seconds,
        "cross_fitted_loss": [found.loss_before, found.loss_after],
        "before": told(before),
        "after": told(after),
    }


def main() -> None:
    """Both data sets, three seeds."""
    found: dict[str, list[dict[str, object]]] = {}
    with tempfile.TemporaryDirectory() as cache:
        for name in ("dogscats", "flowers"):
            data = ImageClassifierData.from_paths(measure.photos(name), tfms_from_model(ARCH))
            found[name] = [judged(data, seed, cache) for seed in SEEDS]
            for one in found[name]:
                print(name, one["seed"], one["temperature"], one["before"], one["after"])
    measure.write(
        "calibration",
        {
            "what": f"the head of {ARCH}, {EPOCHS} epochs along one cosine at the rate found, bs "
            f"64; temperature from {FOLDS}-fold out-of-fold training rows, kept if one fitted on "
            "the other folds lowers their loss (cross_fitted_loss), judged on the "
            "validation rows; expected calibration error in 15 bins, and its mean for a perfectly "
            "calibrated model of the same confidences",
            "seeds": list(SEEDS),
            "data": found,
        },
    )


if __name__ == "__main__":
    main()
