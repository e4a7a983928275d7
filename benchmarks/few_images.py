"""(h) Few training images of flowers: one plain view against K stored augmented ones.

Five draws of n images per class; the other images of the draw's validation fifth judge. All heads
take as many steps: with K views an epoch sees one view, and there are EPOCHS of them.
"""

import tempfile
from pathlib import Path

import measure
import numpy as np

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

ARCH, DRAWS, PER_CLASS, VIEWS, EPOCHS = (
    "tf_efficientnet_lite0",
    range(5),
    (5, 10, 25, 100),
    (1, 4, 10),
    20,
)


def table(draw: int, per_class: int) -> dict[str, list[str]]:
    """File names, labels and splits of one draw: 40 images of each class judge, n others train."""
    root = measure.photos("flowers")
    rows: dict[str, list[str]] = {"name": [], "label": [], "split": []}
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        files = sorted(folder.iterdir())
        order = np.random.default_rng([draw, len(files)]).permutation(len(files))
        for place, number in enumerate(order[: 40 + per_class]):
            rows["name"].append(f"{folder.name}/{files[number].name}")
            rows["label"].append(folder.name)
            rows["split"].append("valid" if place < 40 else "train")
    return rows


def accuracy(draw: int, per_class: int, num_views: int, cache: Path) -> float:
    """Of one head, on images that trained nothing."""
    import pandas as pd

    tfms = tfms_from_model(ARCH, aug_tfms="side_on", max_zoom=1.1)
    frame = pd.DataFrame(table(draw, per_class))
    data = ImageClassifierData.from_df(
        measure.photos("flowers"), "", frame, tfms, bs=min(64, 5 * per_class), split_column="split"
    )
    keeps = True if num_views == 1 else num_views
    learn = ConvLearner.pretrained(ARCH, data, keeps, seed=draw, cache_dir=cache, quiet=True)
    learn.fit(0.01, 1, cycle_len=EPOCHS)
    return learn.predict("valid").accuracy


def main() -> None:
    """Every size, every draw, every number of views."""
    found = []
    with tempfile.TemporaryDirectory() as place:
        for per_class in PER_CLASS:
            scores = {
                k: np.array([accuracy(draw, per_class, k, Path(place)) for draw in DRAWS])
                for k in VIEWS
            }
            for k in VIEWS:
                gains = scores[k] - scores[1]
                half = 2.776 * gains.std(ddof=1) / np.sqrt(len(gains))  # Student, 4 degrees
                found.append(
                    {
                        "per_class": per_class,
                        "views": "plain" if k == 1 else k,
                        "accuracy": measure.spread(scores[k].tolist()),
                        "gain_over_plain": float(gains.mean()),
                        "gain_95": [float(gains.mean() - half), float(gains.mean() + half)],
                    }
                )
    measure.write("few_images", {"arch": ARCH, "epochs": EPOCHS, "num_valid": 200, "rows": found})


if __name__ == "__main__":
    main()
