"""The same predictions before and after the new decoder, and what a view costs with each.

Before is Pillow's own JPEG decoding, as `images/decode.py` did it until then; after is what it does
now. All photos of WARMSTART_PHOTOS are rendered, in turns picture by picture. Those whose views
differ, and the first 192 of each set, are answered by ImageNet's classifier with the embedded
weights: the same pixels have the same answers.
"""

import contextlib
import io
import time
import warnings
from pathlib import Path
from typing import Any

import measure
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.ExifTags import Base

from warmstart.images.decode import UPRIGHT, jpeg_scale, to_rgb
from warmstart.images.formats import open_image
from warmstart.images.resize import FILTERS
from warmstart.images.view import ViewRecipe
from warmstart.inference.loading import load_predictor
from warmstart.inference.predictor import Predictor

SETS, BLOCK = ("dogscats", "flowers", "cifar10"), 64
ALWAYS_ANSWERED = 3 * BLOCK


def before(content: bytes, recipe: ViewRecipe) -> NDArray[np.uint8]:
    """A plain view of the centre, as it was rendered with the decoder of before."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        image: Image.Image = open_image(io.BytesIO(content))
    if image.format == "JPEG":
        scale = jpeg_scale(image.size, recipe.at_least())
        image.draft("RGB", (image.width // scale, image.height // scale))
    image.load()
    turn = 1
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        turn = int(image.getexif().get(Base.Orientation, 1))
    image = to_rgb(image if turn not in UPRIGHT else image.transpose(UPRIGHT[turn]))
    side = min(image.size) / recipe.pre_crop_scale
    left, top = (image.width - side) / 2, (image.height - side) / 2
    box = (left, top, left + side, top + side)
    resized = image.resize((recipe.size, recipe.size), FILTERS[recipe.interpolation], box=box)
    return np.asarray(resized, np.uint8)


def answers(predictor: Predictor, views: list[NDArray[np.uint8]]) -> NDArray[np.float64]:
    """Probabilities (N, K)."""
    return predictor.rows(lambda row: views[row], len(views))


def compared(predictor: Predictor, files: list[Path]) -> dict[str, Any]:
    """Of some photos: views, answers and milliseconds with both decoders."""
    recipe, seconds = predictor.members[0].recipe, {"before": 0.0, "after": 0.0}
    num_other_views, num_answered, num_other_answers, largest = 0, 0, 0, 0.0
    for start in range(0, len(files), BLOCK):
        views: dict[str, list[NDArray[np.uint8]]] = {"before": [], "after": []}
        for place, path in enumerate(files[start : start + BLOCK]):
            content = path.read_bytes()
            for name in ("before", "after") if place % 2 else ("after", "before"):
                began = time.thread_time()
                view = (
                    before(content, recipe)
                    if name == "before"
                    else recipe.render(content, str(path))
                )
                seconds[name] += time.thread_time() - began
                views[name].append(view)
        differ = sum(
            not np.array_equal(one, other)
            for one, other in zip(views["before"], views["after"], strict=True)
        )
        num_other_views += differ
        if not differ and start >= ALWAYS_ANSWERED:
            continue
        num_answered += len(views["after"])
        one, other = (answers(predictor, views[name]) for name in ("before", "after"))
        num_other_answers += int((one.argmax(1) != other.argmax(1)).sum())
        largest = max(largest, float(np.abs(one - other).max()))
    return {
        "num_photos": len(files),
        "views_that_differ": num_other_views,
        "num_answered": num_answered,
        "answers_that_change": num_other_answers,
        "largest_change_of_a_probability": largest,
        "ms_per_view_before": 1000 * seconds["before"] / len(files),
        "ms_per_view_after": 1000 * seconds["after"] / len(files),
        "ratio": seconds["after"] / seconds["before"],
    }


def main() -> None:
    """Compare on all photos that are here."""
    predictor = load_predictor("tf_efficientnet_lite0", device="cpu")
    figures = {}
    for name in SETS:
        folder = measure.photos(name)
        files = sorted(p for p in folder.rglob("*") if p.suffix in {".jpg", ".jpeg", ".png"})
        figures[name] = compared(predictor, files)
    measure.write("new_decoder", {"figures": figures})


if __name__ == "__main__":
    main()
