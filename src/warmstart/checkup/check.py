"""Look at every picture of a table once, and say what may be wrong."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.space import Space
from warmstart.batches.source import PixelSource, num_cores
from warmstart.checkup.checkup import Checkup, home_of
from warmstart.checkup.classes import small_classes
from warmstart.checkup.files import crop_loss, odd_modes, odd_sizes
from warmstart.checkup.findings import CropLoss, FileFinding, Mislabelled
from warmstart.checkup.mislabelled import label_issues
from warmstart.checkup.out_of_fold import out_of_fold
from warmstart.checkup.thumbnails import thumbnails
from warmstart.checkup.twins import as_twins, same_content, same_to_the_eye, units
from warmstart.data.table import SPLITS, ImageTable, class_counts
from warmstart.errors import UnreadableImageError
from warmstart.images.decode import decode
from warmstart.images.image_file import ImageHeader, read_image_header
from warmstart.inference.table_activations import TableActivations
from warmstart.training.logistic_head import Parts

LEAST_UNITS = 3  # of pictures, for folds
THUMBNAIL_SIDE = 64  # pixels that decoding must leave


def check(source: PixelSource, activations: TableActivations, parts: Parts) -> Checkup:
    """Compute what is not stored yet, and run every finder.

    Args:
        source: The table and how its pictures are seen.
        activations: Of the pooled body.
        parts: Columns of those that tell classes apart.

    Returns:
        What was found. A file that cannot be read is a finding, and stops nothing.
    """
    table = source.table
    if not len(table):
        return nothing_read(table)
    every = np.arange(len(table), dtype=np.int64)
    headers = headers_of(source)
    contents = source.content_hashes(every, activations.hashes)
    space, keys, failures = activations.store(source, every)
    row_of = {name: row for row, name in reversed([*enumerate(table.names)])}
    reasons = {contents[row_of[failure.name]]: failure for failure in failures}
    bad = {row for row in every.tolist() if contents[row] in reasons}
    good = [row for row in every.tolist() if row not in bad]
    groups = same_content(good, [contents[row] for row in good])
    firsts = [group[0] for group in groups]
    pairs = (
        same_to_the_eye(firsts, rows_of(space, keys, firsts), thumbnails_by(source))
        if firsts
        else []
    )
    wrong, notes = mislabelled(
        table,
        good,
        lambda rows: rows_of(space, keys, rows),
        lambda rows: units(rows, groups, pairs, table.groups),
        parts,
    )
    readable = {table.names[row]: headers[row] for row in good}
    known = {name: header for name, header in readable.items() if header is not None}
    return Checkup(
        num_rows={split: len(table.rows(split)) for split in SPLITS},
        home=home_of(source.paths()),
        unreadable=tuple(
            FileFinding(table.names[row], reasons[contents[row]].reason) for row in sorted(bad)
        ),
        odd_modes=odd_modes(known),
        odd_sizes=odd_sizes(known, source.recipe),
        twins=as_twins(table, groups, pairs),
        mislabelled=wrong,
        small_classes=small_classes(
            counts_of(table, good, "train"), counts_of(table, good, "valid"), table.classes
        ),
        crop=crop_loss(known, source.recipe),
        notes=notes,
        faults=table.faults,
        left_out=left_out_of(table),
    )


def nothing_read(table: ImageTable) -> Checkup:
    """What can be said of data without a single row."""
    return Checkup(
        num_rows=dict.fromkeys(SPLITS, 0),
        home=table.root if table.root.is_dir() else None,
        unreadable=(),
        odd_modes=(),
        odd_sizes=(),
        twins=(),
        mislabelled=(),
        small_classes=(),
        crop=CropLoss(0.0, ()),
        notes=("there is no picture to look at",),
        faults=table.faults,
        left_out=left_out_of(table),
    )


def left_out_of(table: ImageTable) -> tuple[FileFinding, ...]:
    """What is in no row, by reason and name."""
    order = sorted(table.exclusions, key=lambda item: (item.reason, item.name))
    return tuple(FileFinding(item.name, item.reason) for item in order)


def headers_of(source: PixelSource) -> list[ImageHeader | None]:
    """The header of each row's picture; None where there is none."""

    def one(row: int) -> ImageHeader | None:
        in_memory = source.table.names[row] in source.table.memory
        return read_image_header(source.content(row) if in_memory else source.table.path(row))

    with ThreadPoolExecutor(num_cores()) as pool:
        return list(pool.map(one, range(len(source.table))))


def rows_of(space: Space, keys: Sequence[bytes], rows: Sequence[int]) -> NDArray[np.float32]:
    """Stored activations of some rows: (n, D)."""
    found = space.gather(space.locate([keys[row] for row in rows]))
    return found.astype(np.float32).reshape(len(rows), -1)


def thumbnails_by(source: PixelSource) -> Callable[[Sequence[int]], dict[int, NDArray[np.float32]]]:
    """What decodes rows small, by threads."""

    def one(row: int) -> NDArray[np.float32] | None:
        try:
            content = source.content(row)
            image = decode(content, source.table.names[row], at_least=THUMBNAIL_SIDE)
        except UnreadableImageError:  # it could be read a moment ago, and is in no pair now
            return None
        return thumbnails(np.asarray(image, np.uint8))

    def many(rows: Sequence[int]) -> dict[int, NDArray[np.float32]]:
        with ThreadPoolExecutor(num_cores()) as pool:
            found = zip(rows, pool.map(one, rows), strict=True)
            return {row: small for row, small in found if small is not None}

    return many


def mislabelled(
    table: ImageTable,
    good: Sequence[int],
    activations_of: Callable[[Sequence[int]], NDArray[np.float32]],
    units_of: Callable[[Sequence[int]], list[str]],
    parts: Parts,
) -> tuple[tuple[Mislabelled, ...], tuple[str, ...]]:
    """Rows whose label looks wrong, and a note where that cannot be said."""
    if table.is_multi_label:
        return (), ("wrong labels were not looked for: a picture may have any number of them",)
    rows = [row for row in good if table.labels[row] >= 0]
    labels = table.labels[rows]
    together = units_of(rows)
    if len(set(together)) < LEAST_UNITS or len(np.unique(labels)) < 2:
        return (), ("wrong labels were not looked for: too few pictures with labels",)
    found = out_of_fold(activations_of(rows), labels, together, len(table.classes), parts)
    passed = sorted({table.classes[label] for label in labels[np.isnan(found).any(axis=1)]})
    notes = (
        (f"labels were not judged, for lack of other pictures, in: {', '.join(passed)}",)
        if passed
        else ()
    )
    issues = zip(*label_issues(found, labels), strict=True)
    return tuple(
        Mislabelled(
            name=table.names[rows[place]],
            split=str(table.splits[rows[place]]),
            label=table.classes[labels[place]],
            suggestion=table.classes[suggestion],
            margin=float(margin),
        )
        for place, suggestion, margin in issues
    ), notes


def counts_of(table: ImageTable, good: Sequence[int], split: str) -> NDArray[np.int64]:
    """Readable pictures of each class in a split."""
    labels = table.labels[[row for row in good if table.splits[row] == split]]
    return class_counts(labels, len(table.classes))
