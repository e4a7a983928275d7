"""`warmstart predict MODEL FOLDER --csv` over 1,000 and 10,000 photos, against what cores can do.

Real photos of dogs and cats under other names. The bound: as many a second as decoding alone and
the frozen part alone, each on all cores, allow together, 1 / (1/d + 1/p), measured in the same run.
"""

import shutil
import tempfile
import time
from pathlib import Path

import measure
import numpy as np

from warmstart import load_predictor
from warmstart.batches.rendering import PixelBlock, stream_pixels
from warmstart.batches.source import num_cores

NUMBERS = (1_000, 10_000)
NUM_BOUND = 600


def bound(model: Path, files: list[Path]) -> dict[str, float]:
    """Images a second: decoding alone, the frozen part alone, and both if nothing else were."""
    member = load_predictor(model, device="cpu").networks[0]
    contents = [file.read_bytes() for file in files]
    runner = member.frozen.runner

    def render(row: int) -> np.ndarray:
        return member.recipe.render(contents[row], "it")

    rows = range(len(files))
    began = time.perf_counter()
    blocks = list(stream_pixels(render, rows, block=runner.batch, num_threads=num_cores()))
    decoding = len(files) / (time.perf_counter() - began)
    again: list[PixelBlock] = blocks
    began = time.perf_counter()
    for _ in runner.run(iter(again)):
        pass
    network = len(files) / (time.perf_counter() - began)
    return {
        "decoding alone": decoding,
        "frozen part alone": network,
        "bound": 1 / (1 / decoding + 1 / network),
    }


def main() -> None:
    """Train, copy, predict."""
    photos = measure.photos("dogscats")
    real = sorted(photos.rglob("*.jpg"))
    figures: dict[str, object] = {"photos": len(real)}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out, cache = folder / "run", {"WARMSTART_CACHE": str(folder / "cache")}
        measure.run(
            [measure.warmstart(), "train", str(photos), "--no-report", "--out", str(out)], **cache
        )
        many = folder / "many"
        many.mkdir()
        one = [measure.warmstart(), "predict", str(out / "model"), str(real[0])]
        start, _, _ = measure.run(one, **cache)
        figures["seconds of one picture"] = start
        made = 0
        for number in NUMBERS:
            while made < number:
                shutil.copy(real[made % len(real)], many / f"{made:06d}.jpg")
                made += 1
            table = folder / f"{number}.csv"
            seconds, peak, _ = measure.run(
                [
                    measure.warmstart(),
                    "predict",
                    str(out / "model"),
                    str(many),
                    "--csv",
                    str(table),
                ],
                **cache,
            )
            rows = table.read_text().count("\n") - 1
            assert rows == number
            figures[f"{number} photos"] = {
                "seconds": seconds,
                "images a second": number / seconds,
                "without the start": number / (seconds - start),
                "peak MB": peak / 1e6,
            }
        # last: a process begins with the memory of the one that starts it, and this loads torch
        figures |= bound(out / "model", real[:NUM_BOUND])
    measure.write("predict_many", figures)


if __name__ == "__main__":
    main()
