"""(j) Twenty epochs of the head on eight stored views, against one pass over the eight views."""

import tempfile
import time
from pathlib import Path

import measure

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

ARCH, VIEWS, EPOCHS, RUNS = "tf_efficientnet_lite0", 8, 20, 3


def one_run(cache: Path) -> tuple[float, float]:
    """Seconds of a pass over all views of the training rows, and of all epochs, that included."""
    tfms = tfms_from_model(ARCH, aug_tfms="side_on", max_zoom=1.1)
    data = ImageClassifierData.from_paths(measure.photos("dogscats"), tfms)
    learn = ConvLearner.pretrained(ARCH, data, cache_dir=cache / "pass", quiet=True)
    learn.state.activations.store(
        data.source, data.table.rows("valid")
    )  # compiled, and valid is there
    began = time.perf_counter()
    for view in range(1, VIEWS + 1):
        learn.state.activations.store(data.source, data.table.rows("train"), view)
    one_pass = time.perf_counter() - began
    learn = ConvLearner.pretrained(ARCH, data, cache_dir=cache / "fit", quiet=True)
    learn.state.activations.store(data.source, data.table.rows("valid"))
    learn.precompute = VIEWS
    began = time.perf_counter()
    learn.fit(0.01, 1, cycle_len=EPOCHS)
    return one_pass, time.perf_counter() - began


def main() -> None:
    """Several runs, each with empty stores."""
    passes, fits = [], []
    for _ in range(RUNS):
        with tempfile.TemporaryDirectory() as place:
            one_pass, fit = one_run(Path(place))
        passes.append(one_pass)
        fits.append(fit)
    ratios = [fit / one for fit, one in zip(fits, passes, strict=True)]
    measure.write(
        "views_epochs",
        {
            "what": f"{EPOCHS} epochs of the head, storing {VIEWS} views of 1,000 rows on the way",
            "pass_seconds": measure.spread(passes),
            "fit_seconds": measure.spread(fits),
            "ratio": measure.spread(ratios),
        },
    )


if __name__ == "__main__":
    main()
