"""(a) Images per second: decoding alone, the frozen part alone, both together."""

import time

import measure

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model
from warmstart.batches.rendering import stream_pixels
from warmstart.batches.source import num_cores

ARCH, REPEATS = "tf_efficientnet_lite0", 5


def main() -> None:
    """Measure the three in turn, so that a busy moment hits all of them."""
    folder = measure.photos("dogscats")
    data = ImageClassifierData.from_paths(folder, tfms_from_model(ARCH))
    learn = ConvLearner.pretrained(ARCH, data, quiet=True)
    runner = learn.state.activations.frozen.runner
    rows = data.table.rows("train").tolist()
    threads = num_cores()

    def blocks():
        return stream_pixels(data.source.render, rows, block=runner.batch, num_threads=threads)

    ready = list(blocks())
    list(runner.run(iter(ready)))  # warm
    speeds: dict[str, list[float]] = {"decode": [], "prefix": [], "both": []}
    for _ in range(REPEATS):
        for name, work in (
            ("decode", lambda: list(blocks())),
            ("prefix", lambda: list(runner.run(iter(ready)))),
            ("both", lambda: list(runner.run(blocks()))),
        ):
            began = time.perf_counter()
            work()
            speeds[name].append(len(rows) / (time.perf_counter() - began))
    ratios = [
        both * (1 / d + 1 / p)
        for d, p, both in zip(speeds["decode"], speeds["prefix"], speeds["both"], strict=True)
    ]
    measure.write(
        "prefix_speed",
        {
            "data": f"dogscats, {len(rows)} photos, size {data.tfms.recipe.size}",
            "mode": learn.numeric_mode,
            "images_per_second": {name: measure.spread(of) for name, of in speeds.items()},
            "both_times_(1/d+1/p)": measure.spread(ratios),
            "goal": ">= 0.85",
        },
    )


if __name__ == "__main__":
    main()
