"""Look at every picture of a table once, and say what may be wrong."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import nn

from warmstart.activations.frozen_part import (
    FrozenPart,
    FrozenSettings,
    frozen_backbone,
    resolve_device,
)
from warmstart.activations.namespace import CacheNamespace
from warmstart.activations.table_activations import TableActivations
from warmstart.backbones.card import Architecture, BackboneCard
from warmstart.backbones.pooling import pooled_parts
from warmstart.batches.source import PixelSource, num_cores
from warmstart.checkup.checkup import Checkup, home_of
from warmstart.checkup.duplicates import (
    duplicates_of,
    same_content,
    same_to_the_eye,
    thumbnails,
    units,
)
from warmstart.checkup.files import crop_loss, odd_modes, odd_sizes
from warmstart.checkup.findings import ClassFinding, CropLoss, FileFinding
from warmstart.checkup.mislabelled import find_mislabelled
from warmstart.data.table import SPLITS, ImageTable, class_counts
from warmstart.errors import UnreadableImageError
from warmstart.images.decode import decode
from warmstart.images.image_file import ImageHeader, read_image_header
from warmstart.images.view import ViewRecipe
from warmstart.inference.assembly import NetworkPlan, new_network
from warmstart.terminal.waiting import waiting
from warmstart.training.head_card import Parts

THUMBNAIL_SIDE = 64  # pixels that decoding must leave
FEW = 20  # training images; below, scores of the class depend on which ones they are
RARE = 10  # times fewer than the largest class


def run_checkup(source: PixelSource, activations: TableActivations, parts: Parts) -> Checkup:
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
    with waiting("reading what files say of themselves"):
        headers = headers_of(source)
        contents = source.content_hashes(every, activations.hashes)
    seen = replace(source, views_on=activations.frozen.views_on)  # as training would see them
    namespace, keys, failures = activations.store(seen, every)
    row_of = {name: row for row, name in reversed([*enumerate(table.names)])}
    reasons = {contents[row_of[failure.name]]: failure for failure in failures}
    bad = {row for row in every.tolist() if contents[row] in reasons}
    good = [row for row in every.tolist() if row not in bad]
    groups = same_content(good, [contents[row] for row in good])
    firsts = [group[0] for group in groups]
    pairs = []
    if firsts:
        with waiting("looking for doubles"):
            activated = rows_of(namespace, keys, firsts)
            pairs = same_to_the_eye(firsts, activated, thumbnails_by(source))
    with waiting("looking for wrong labels"):
        wrong, notes = find_mislabelled(
            table,
            good,
            lambda rows: rows_of(namespace, keys, rows),
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
        duplicates=duplicates_of(table, groups, pairs),
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
        duplicates=(),
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


def rows_of(
    namespace: CacheNamespace, keys: Sequence[bytes], rows: Sequence[int]
) -> NDArray[np.float32]:
    """Stored activations of some rows: (n, D)."""
    found = namespace.gather(namespace.locate([keys[row] for row in rows]))
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


def counts_of(table: ImageTable, good: Sequence[int], split: str) -> NDArray[np.int64]:
    """Readable pictures of each class in a split."""
    labels = table.labels[[row for row in good if table.splits[row] == split]]
    return class_counts(labels, len(table.classes))


def small_classes(
    num_train: NDArray[np.int64], num_valid: NDArray[np.int64], classes: Sequence[str]
) -> tuple[ClassFinding, ...]:
    """Classes with few training images, few beside the largest class, or none that judges.

    Args:
        num_train: (K,) images.
        num_valid: (K,) likewise.
        classes: (K,) names.
    """
    largest = int(num_train.max(initial=0))
    found = []
    for name, train, valid in zip(classes, num_train.tolist(), num_valid.tolist(), strict=True):
        reasons = []
        if train < FEW:
            reasons.append(f"fewer than {FEW} training images")
        if train * RARE < largest:
            reasons.append(f"{largest / max(train, 1):.0f} times fewer than the largest class")
        if valid == 0:
            reasons.append("no validation image")
        if reasons:
            found.append(ClassFinding(name, train, "; ".join(reasons)))
    return tuple(found)


def pooled_part(
    arch: Architecture,
    card: BackboneCard,
    recipe: ViewRecipe,
    *,
    weights: Path | None,
    device: str,
    precision: str,
) -> FrozenPart:
    """A pretrained body and its pool.

    Args:
        arch: The backbone.
        card: What its pixels are to be like.
        recipe: What it sees.
        weights: A file with its weights; None is the embedded default or timm's hub.
        device: "auto", "cpu", "cuda" or "mps".
        precision: "auto", "f32" or "bf16".
    """
    # no head is needed, so the smallest
    plan = NetworkPlan(arch, 2, recipe.size, sizes=(), weights=weights)
    network, _, _ = new_network(plan)
    settings = FrozenSettings(card.name, card.mean, card.std, recipe.size, precision)
    return frozen_backbone(network, settings, resolve_device(device))


def parts_of(frozen: FrozenPart) -> Parts:
    """Columns of its rows that usually tell classes apart best.

    Args:
        frozen: From ``pooled_part``: what it ends with is the pool.
    """
    pool = nn.Identity() if frozen.is_pixels else list(frozen.prefix.children())[-1]
    return next(iter(pooled_parts(pool, frozen.row_shape[0]).values()))
