"""Pictures that an exported model is checked by, and what Python says of them in f32."""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from warmstart.batches.source import PixelSource
from warmstart.data.columns import Columns
from warmstart.data.csv_table import Dialect, is_table
from warmstart.data.labelled import Wanted, labelled_images
from warmstart.errors import DataError, UnreadableImageError, UnreadableImagesError
from warmstart.export.agreement import CheckPictures
from warmstart.images.decode import decode, jpeg_scale
from warmstart.images.image_file import encode_array
from warmstart.images.jpeg import JPEG_BEGINS
from warmstart.images.view import ViewRecipe
from warmstart.inference.model_card import ModelCard
from warmstart.inference.pictures import Pictures
from warmstart.results.predictions import Predictions

MOST_CHECKED = 400  # pictures, spread evenly over those that there are
AT_ONCE = 16  # whole pictures in memory
NUM_LARGE, LARGE = 2, (4000, 3000)  # photos that are enlarged to 12 megapixels, as cameras have
QUALITY = 90  # of their JPEGs
GENERATED = ((1, 1), (7, 300), (120, 90), (240, 320), (333, 250), (480, 640))  # heights, widths


@dataclass(frozen=True, eq=False)
class LabelledFiles:
    """Paths or bytes (N,) with ``labels`` as ``Predictions`` has them; what they are called."""

    pictures: tuple[Path | bytes, ...]
    labels: NDArray[np.int64]
    where_from: str


def table_files(source: PixelSource, rows: NDArray[np.int64]) -> LabelledFiles:
    """Validation rows of a table."""
    table = source.table
    pictures = tuple(
        source.content(int(row))
        if table.names[row] in table.memory
        else table.root / table.names[row]
        for row in rows
    )
    return LabelledFiles(pictures, table.labels[rows], "the validation rows")


def check_pictures(
    predict: Callable[[Sequence[bytes]], Predictions],
    recipes: Sequence[ViewRecipe],
    card: ModelCard,
    given: Any,
    own: LabelledFiles | None,
) -> CheckPictures:
    """What Python says of pictures.

    Args:
        predict: Pictures → predictions, in f32.
        recipes: How each network sees a picture.
        card: Of the model.
        given: Pictures that a user names; None takes the model's own.
        own: Its validation rows; None where there is none, and pictures are generated.

    Raises:
        UnreadableImagesError: none of them can be read.
    """
    contents, labels, where_from = found_pictures(card, given, own)
    names, kept_labels, read, failures = [], [], [], []
    for content, name, label in contents_of(contents, labels, no_label(card)):
        try:
            decode(content(), name)
        except UnreadableImageError as error:
            failures.append(error)
            continue
        names.append(name)
        kept_labels.append(label)
        read.append(content)
    if not read:
        raise UnreadableImagesError(failures)
    if isinstance(contents, Pictures) and any(Path(name).is_file() for name in names):
        for place in range(min(NUM_LARGE, len(read))):
            large = enlarged(read[place](), names[place])
            names.append(f"{names[place]} at 12 megapixels")
            kept_labels.append(no_label(card))
            read.append(partial(bytes, large))

    def pixels(position: int) -> NDArray[np.uint8]:
        image = decode(read[position](), names[position])
        return np.array(image, np.uint8)

    parts = [
        predict([encode_array(pixels(i)) for i in range(start, min(start + AT_ONCE, len(read)))])
        for start in range(0, len(read), AT_ONCE)
    ]
    shrinks = [place for place in range(len(read)) if is_shrunk(read[place](), recipes)]
    return CheckPictures(
        tuple(names),
        pixels,
        np.concatenate([part.probabilities for part in parts]),
        np.concatenate([part.is_unknown for part in parts]),
        np.array(kept_labels, np.int64),
        {place: predict([read[place]()]).probabilities[0] for place in shrinks},
        where_from.format(number=len(read)),
    )


def found_pictures(
    card: ModelCard, given: Any, own: LabelledFiles | None
) -> tuple[Pictures, NDArray[np.int64] | None, str]:
    """Pictures, their labels if there are any, and where they come from."""
    if given is None and own is None:
        return Pictures(generated()), None, "{number} generated pictures, no photo"
    if given is None and own is not None:
        return Pictures(list(own.pictures)), own.labels, f"{{number}} photos of {own.where_from}"
    if isinstance(given, (str, Path)) and (is_table(Path(given)) or has_folders(Path(given))):
        wanted = Wanted(card.classes, card.is_multi_label)
        try:
            found = labelled_images(Path(given), wanted, Columns(), Dialect())
        except DataError:
            pass  # pictures without labels do as well
        else:
            return Pictures(list(found.paths)), found.labels, f"{{number}} photos of {given}"
    place = f" of {given}" if isinstance(given, (str, Path)) else ""
    return Pictures(given), None, f"{{number}} photos{place}"


def has_folders(place: Path) -> bool:
    """Whether a place is a folder with folders in it."""
    try:
        return place.is_dir() and any(each.is_dir() for each in place.iterdir())
    except OSError:  # of a name that is too long, and the like; whoever reads it says so
        return False


def contents_of(
    pictures: Pictures, labels: NDArray[np.int64] | None, none: Any
) -> list[tuple[Callable[[], bytes], str, Any]]:
    """What reads each picture's bytes, its name and label; of many pictures some, spread evenly.

    Args:
        pictures: All.
        labels: Of each; None where they have none.
        none: What stands for that.
    """
    number = len(pictures)
    places = np.linspace(0, number - 1, min(number, MOST_CHECKED)).round().astype(int)

    def reader(place: int) -> Callable[[], bytes]:
        return lambda: pictures.content(place)

    return [
        (reader(place), pictures.names[place], none if labels is None else labels[place])
        for place in places.tolist()
    ]


def no_label(card: ModelCard) -> Any:
    """Of a picture without one."""
    return [-1] * len(card.classes) if card.is_multi_label else -1


def is_shrunk(content: bytes, recipes: Sequence[ViewRecipe]) -> bool:
    """Whether Python decodes a file at a fraction of its size for one of the networks."""
    if content[:2] != JPEG_BEGINS:
        return False
    with Image.open(io.BytesIO(content)) as image:
        return any(jpeg_scale(image.size, recipe.at_least()) > 1 for recipe in recipes)


def enlarged(content: bytes, name: str) -> bytes:
    """A JPEG of 12 megapixels of what a photo shows."""
    image = decode(content, name)
    size = LARGE if image.width >= image.height else LARGE[::-1]
    file = io.BytesIO()
    image.resize(size, Image.Resampling.BICUBIC).save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def generated() -> list[NDArray[np.uint8]]:
    """Coloured clouds of several sizes, the same every time."""
    random = np.random.default_rng(0)
    found = []
    for height, width in GENERATED:
        small = Image.fromarray(random.integers(0, 256, (5, 5, 3), np.uint8))
        image = small.resize((width, height), Image.Resampling.BICUBIC)
        noise = random.integers(-20, 21, (height, width, 3))
        found.append(np.clip(np.asarray(image, np.int64) + noise, 0, 255).astype(np.uint8))
    return found
