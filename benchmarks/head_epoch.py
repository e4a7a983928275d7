"""(b) Seconds per epoch of the head: from the store, computing anew, and plain torch.

And seconds of `lr_find` from the store.
"""

import tempfile
import time

import measure
import torch

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

ARCH, REPEATS, PLAIN_ROWS = "tf_efficientnet_lite0", 3, 320


def main() -> None:
    """Measure the three in turn."""
    data = ImageClassifierData.from_paths(measure.photos("dogscats"), tfms_from_model(ARCH))
    num_rows = len(data.table.rows("train"))
    with tempfile.TemporaryDirectory() as cache:
        stored = ConvLearner.pretrained(ARCH, data, precompute=True, cache_dir=cache, quiet=True)
        computed = ConvLearner.pretrained(ARCH, data, precompute=False, cache_dir=cache, quiet=True)
        stored.fit(0.01, 1)  # warm
        computed.prepare()
        network = stored.model.eval()
        pictures = torch.rand(32, 3, data.tfms.recipe.size, data.tfms.recipe.size)
        seconds: dict[str, list[float]] = {"stored": [], "computed": [], "plain_torch": []}
        searches: list[float] = []
        for _ in range(REPEATS):
            history = stored.fit(0.01, 4)
            seconds["stored"].append(
                sum(record.seconds for record in history.records) / len(history.records)
            )
            seconds["computed"].append(computed.fit(0.01, 1).records[0].seconds)
            began = time.perf_counter()
            with torch.no_grad():
                for _ in range(PLAIN_ROWS // len(pictures)):
                    network.backbone(pictures)
            forward = time.perf_counter() - began
            began = time.perf_counter()
            stored.lr_find()
            searches.append(time.perf_counter() - began)
            seconds["plain_torch"].append(forward * num_rows / PLAIN_ROWS)
    measure.write(
        "head_epoch",
        {
            "data": f"dogscats, {num_rows} training photos",
            "mode": stored.numeric_mode,
            "plain_torch": "float32 forward of the body only, batches of 32, default settings, "
            f"no decoding; measured on {PLAIN_ROWS} pictures",
            "seconds_per_epoch": {name: measure.spread(of) for name, of in seconds.items()},
            "times_faster_than_computed": measure.spread(
                [c / s for s, c in zip(seconds["stored"], seconds["computed"], strict=True)]
            ),
            "times_faster_than_plain_torch": measure.spread(
                [p / s for s, p in zip(seconds["stored"], seconds["plain_torch"], strict=True)]
            ),
            "lr_find_seconds": measure.spread(searches),
            "goals": [">= 20", ">= 200", "lr_find: < 1 s"],
        },
    )


if __name__ == "__main__":
    main()
