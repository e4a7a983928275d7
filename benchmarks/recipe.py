"""(g) The whole recipe on real photos: what each step gains over the head, and what TTA adds.

Flowers with 25 and 100 a class (200 of the others judge) and dogs and cats, three seeds. The rows
that judge have chosen nothing. Each run is written to CACHE at once and not done again.

    recipe.py [--cache CACHE] [--size SIZE] [--cases CASE ...] [--seeds SEED ...] [--done]
"""

import argparse
import json
import tempfile
import time
from pathlib import Path

import measure
import numpy as np

from warmstart import ConvLearner, ImageClassifierData, Recipe, tfms_from_model
from warmstart.comparison.compare import compare_predictions
from warmstart.results.predictions import Predictions

ARCH, SEEDS = "tf_efficientnet_lite0", (0, 1, 2)
CASES = {"flowers-25": 25, "flowers-100": 100, "dogscats": None}
"""Name of a case, and how many of each class train; None takes the data as it is parted."""
NUM_JUDGED, NUM_AUGMENTED, BATCH = 200, 4, 32


def data_of(case: str, seed: int, size: int | None) -> ImageClassifierData:
    """Rows that train and rows that judge."""
    import pandas as pd

    options = {} if size is None else {"sz": size}
    tfms = tfms_from_model(ARCH, aug_tfms="side_on", max_zoom=1.1, **options)
    root, per_class = measure.photos(case.partition("-")[0]), CASES[case]
    if per_class is None:
        return ImageClassifierData.from_paths(root, tfms, BATCH)
    random = np.random.default_rng([seed, per_class])
    train: list[tuple[str, str, str]] = []
    others: list[tuple[str, str, str]] = []
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        names = [f"{folder.name}/{path.name}" for path in sorted(folder.iterdir())]
        names = [names[number] for number in random.permutation(len(names))]
        train += [(name, folder.name, "train") for name in names[:per_class]]
        others += [(name, folder.name, "valid") for name in names[per_class:]]
    places = np.random.default_rng(0).permutation(len(others))[:NUM_JUDGED]
    rows = train + [others[number] for number in sorted(places)]
    frame = pd.DataFrame(rows, columns=["name", "label", "split"])
    return ImageClassifierData.from_df(root, "", frame, tfms, BATCH, split_column="split")


def losses_of(predictions: Predictions) -> np.ndarray:
    """Loss of each row in nats."""
    right = predictions.probabilities[np.arange(len(predictions.rows)), predictions.labels]
    return -np.log(np.clip(right, 1e-15, None))


def against(head: Predictions, later: Predictions, seconds: float) -> dict[str, object]:
    """Scores, and what was gained over the head on the same rows, with 95 % intervals."""
    gain, fall = compare_predictions(head, later), losses_of(head) - losses_of(later)
    half = 1.96 * fall.std(ddof=1) / np.sqrt(len(fall))
    return {
        "accuracy": later.accuracy,
        "log_loss": later.scores(num_resamples=0)["log_loss"].value,
        "gain": gain.difference,
        "gain_95": [gain.low, gain.high],
        "loss_fall": float(fall.mean()),
        "loss_fall_95": [float(fall.mean() - half), float(fall.mean() + half)],
        "seconds": seconds,
    }


def one_run(case: str, seed: int, size: int | None, cache: Path) -> dict[str, object]:
    """Every step of one run, and TTA of what it delivers."""
    data = data_of(case, seed, size)
    learn = ConvLearner.pretrained(ARCH, data, seed=seed, cache_dir=cache, quiet=True)
    result = Recipe().run(learn)
    seconds = {step.number: step.seconds for step in result.steps}
    began = time.perf_counter()
    averaged = learn.TTA(NUM_AUGMENTED)
    tta_seconds = time.perf_counter() - began
    head, delivered = result.valid["step 3"], learn.predict("valid")
    before = seconds[1] + seconds[2] + seconds[3]
    unfreezing = seconds[5] + seconds[6] + seconds[7] + seconds[8]
    return {
        "case": case,
        "seed": seed,
        "size": size,
        "num_train": len(data.table.rows("train")),
        "num_valid": len(head.rows),
        "rows": {
            "head": against(head, head, before),
            "views": against(head, result.valid["step 4"], seconds[4]),
            "unfrozen": against(head, result.valid["unfrozen"], unfreezing),
            "mixed": against(head, delivered, unfreezing),
            "tta": against(head, averaged, tta_seconds),
        },
        "kept": {step.number: step.is_kept for step in result.steps},
        "notes": {step.number: step.note for step in result.steps},
        "chosen": dict(result.chosen),
    }


def main() -> None:
    """Every seed of every case; what was done by an earlier process is read."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--cache", type=Path, default=measure.RESULTS / "recipe_runs")
    parser.add_argument("--size", type=int)
    parser.add_argument("--cases", nargs="+", default=list(CASES), choices=list(CASES))
    parser.add_argument("--seeds", nargs="+", type=int, default=list(SEEDS))
    parser.add_argument("--done", action="store_true", help="write down what the cache has")
    asked = parser.parse_args()
    asked.cache.mkdir(parents=True, exist_ok=True)
    runs = []
    for seed in asked.seeds:
        for case in asked.cases:
            file = asked.cache / f"{case}-{seed}-{asked.size or 'own'}.json"
            if asked.done and not file.exists():
                continue
            if not file.exists():
                with tempfile.TemporaryDirectory() as place:
                    found = one_run(case, seed, asked.size, Path(place))
                temporary = file.with_suffix(".part")
                temporary.write_text(json.dumps(found, indent=1))
                temporary.replace(file)
            runs.append(json.loads(file.read_text()))
            told = {name: row["accuracy"] for name, row in runs[-1]["rows"].items()}
            print(case, seed, told, flush=True)
    measure.write("recipe", {"arch": ARCH, "runs": runs})


if __name__ == "__main__":
    main()
