"""What the network is shown: some training rows as it sees them, and how much of them it misses."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from warmstart.batches.source import PixelSource
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.data.table import Exclusion, ImageTable
from warmstart.display import Sheet
from warmstart.errors import DataError, UnreadableImageError
from warmstart.images.image_file import image_size
from warmstart.images.view import discarded_share

MOST_HEADERS = 2000  # enough for a median, and read in well under a second
PLAIN_COLUMNS = 4


@dataclass(frozen=True)
class Discarded:
    """The share of an image's pixels that the plain view's crop leaves out, in [0, 1).

    ``median`` is that of ``num_images`` training images, ``num_unreadable`` others have no size.
    """

    median: float
    num_images: int
    num_unreadable: int

    def __str__(self) -> str:
        """In words."""
        among = f"median of {self.num_images} training images"
        bad = f"; {self.num_unreadable} cannot be read" if self.num_unreadable else ""
        share = f"{100 * self.median:.0f} % of an image's pixels"
        return f"the plain view leaves out {share} ({among}{bad})"


def data_sheet(table: ImageTable, tfms: ModelTransforms, bs: int, on_unreadable: str) -> Sheet:
    """What data shows of itself: its table, and how images become what the backbone expects."""
    sheet = table._sheet()
    unreadable = {"raise": "an error", "drop": "left out, by name", "use": "used, by name"}
    facts = (
        ("folder", str(table.root)) if len(table.memory) < len(table) else ("images", "in memory"),
        ("for", f"{tfms.card.name}, batches of {bs}"),
        ("views", tfms.in_words()),
        ("unreadable images", unreadable[on_unreadable]),
    )
    title = sheet.title.replace("ImageTable", "ImageClassifierData", 1)
    return replace(sheet, title=title, facts=(*facts, *sheet.facts))


def discarded(source: PixelSource) -> Discarded:
    """Measure it, by the sizes in the headers of at most ``MOST_HEADERS`` images.

    Raises:
        DataError: no training image has a size.
    """
    rows = source.table.rows("train")
    step = max(1, -(-len(rows) // MOST_HEADERS))
    shares, num_unreadable = [], 0
    for row in rows[::step]:
        try:
            shares.append(discarded_share(size_of_row(source.table, int(row)), source.recipe))
        except UnreadableImageError:
            num_unreadable += 1
    if not shares:
        raise DataError(
            f"none of the {num_unreadable} training images that were tried can be read.",
            expected="at least one image.",
            fix="look at the files: do they hold images?",
        )
    return Discarded(float(np.median(shares)), len(shares), num_unreadable)


def size_of_row(table: ImageTable, row: int) -> tuple[int, int]:
    """Width and height of a row's image."""
    pixels = table.array(row)
    if pixels is not None:
        return pixels.shape[1], pixels.shape[0]
    return image_size(table.path(row))


def shown(
    source: PixelSource, on_unreadable: str, *, num_rows: int, num_views: int, seed: int
) -> tuple[list[tuple[str, NDArray[np.uint8]]], int]:
    """Some training rows, each in its plain view and in the views of the first epochs.

    Args:
        source: Whose rows.
        on_unreadable: "drop" passes over an image that cannot be read, "use" shows what is left of
            a damaged one.
        num_rows: How many, drawn at random.
        num_views: Augmented views of each; none are shown where views do not differ.
        seed: What the draw depends on.

    Returns:
        (Title, pixels) row by row, and how many pictures are in a row.
    """
    num_views = num_views if source.varies else 0
    rows = np.random.default_rng(seed).permutation(source.table.rows("train"))
    pictures: list[tuple[str, NDArray[np.uint8]]] = []
    for seen, row in readable(source, rows, on_unreadable):
        titles = [label_of(source.table, row), *(f"view {k + 1}" for k in range(num_views))]
        pictures += [(title, seen.render(row, view)) for view, title in enumerate(titles)]
        if len(pictures) == num_rows * (num_views + 1):
            break
    return pictures, num_views + 1 if num_views else min(PLAIN_COLUMNS, len(pictures))


def readable(
    source: PixelSource, rows: NDArray[np.int64], on_unreadable: str
) -> Iterator[tuple[PixelSource, int]]:
    """Rows whose image can be decoded, and what does it.

    Raises:
        UnreadableImageError: one cannot, and is not to be passed over.
    """
    for row in rows:
        try:
            source.render(int(row))
        except UnreadableImageError as error:
            if on_unreadable == "raise":
                raise
            if on_unreadable == "use":
                table = source.table.using((Exclusion(error.name, error.reason),))
                seen = replace(source, table=table)
                seen.render(int(row))  # which raises, where nothing is left
                yield seen, int(row)
        else:
            yield source, int(row)


def label_of(table: ImageTable, row: int) -> str:
    """The name of a row's class, or of all that it has."""
    label = table.labels[row]
    if table.is_multi_label:
        return "|".join(table.classes[k] for k in np.flatnonzero(label == 1)) or "–"
    return table.classes[int(label)]
