"""How often "unknown" is said where it should not be, and is not said where it should."""

import tempfile
from dataclasses import replace
from pathlib import Path

import measure
import numpy as np

from warmstart import ConvLearner, ImageClassifierData, Predictions, tfms_from_model
from warmstart.data.listing import list_images
from warmstart.metrics.unknown import UnknownScores, confidence, score_unknown

ARCH, EPOCHS, SEEDS = "tf_efficientnet_lite0", 4, (0, 1, 2)
NUM_OTHERS, RATES = 600, (0.05, 0.2)  # half of the others choose, half judge


def part(rows: Predictions, chosen: np.ndarray) -> Predictions:
    """Some of the rows."""
    names = tuple(rows.rows[row] for row in chosen)
    return replace(
        rows, rows=names, probabilities=rows.probabilities[chosen], labels=rows.labels[chosen]
    )


def told(scores: UnknownScores) -> dict[str, object]:
    """Both rates."""
    accept, reject = scores.false_accept_interval, scores.false_reject_interval
    return {
        "false_accept": [scores.false_accept, accept.low, accept.high],
        "num_others": scores.num_others,
        "false_reject": [scores.false_reject, reject.low, reject.high],
        "num_known": scores.num_known,
    }


def judged(learn: ConvLearner, others: list[Path], seed: int) -> list[dict[str, object]]:
    """Thresholds for each rate, with and without a temperature."""
    order, half = np.random.default_rng(seed).permutation(len(others)), len(others) // 2
    found = []
    for is_calibrated in (False, True):
        if is_calibrated:
            learn.calibrate(learn.cross_validate(5, learn.history.step_lrs[0], cycle_len=EPOCHS))
        rows = learn.predict(others)
        known, judges = learn.predict("valid"), part(rows, order[half:])
        temperature = learn.card.answering.temperature
        for rate in RATES:
            threshold = learn.set_unknown(part(rows, order[:half]), false_accept=rate)
            scores = score_unknown(
                threshold,
                scores_of_known=confidence(known.probabilities),
                scores_of_others=confidence(judges.probabilities),
            )
            found.append(
                {
                    "asked_for": rate,
                    "temperature": temperature,
                    "threshold": threshold.value,
                    "num_others_that_chose": threshold.num_others,
                    "accuracy_of_all": known.accuracy,
                    **told(scores),
                }
            )
    return found


def main() -> None:
    """Each data set's model on the other's pictures, three seeds."""
    pictures = {
        name: list(list_images([measure.photos(name)]).files) for name in ("dogscats", "flowers")
    }
    found: dict[str, dict[str, object]] = {}
    with tempfile.TemporaryDirectory() as cache:
        for name, other in (("dogscats", "flowers"), ("flowers", "dogscats")):
            data = ImageClassifierData.from_paths(measure.photos(name), tfms_from_model(ARCH))
            chosen = np.random.default_rng(0).permutation(len(pictures[other]))[:NUM_OTHERS]
            others = [pictures[other][number] for number in chosen]
            found[name] = {"others": other}
            for seed in SEEDS:
                learn = ConvLearner.pretrained(
                    ARCH, data, precompute=True, seed=seed, cache_dir=cache, quiet=True
                )
                learn.fit(learn.lr_find().suggestion, 1, cycle_len=EPOCHS)
                found[name][f"seed {seed}"] = judged(learn, others, seed)
    measure.write(
        "unknown",
        {
            "what": f"the head of {ARCH}, {EPOCHS} epochs; the threshold for the highest "
            f"probability is chosen on {NUM_OTHERS // 2} pictures of other things, and judged on "
            f"{NUM_OTHERS // 2} others of them and on all validation pictures",
            "seeds": list(SEEDS),
            "models": found,
        },
    )


if __name__ == "__main__":
    main()
