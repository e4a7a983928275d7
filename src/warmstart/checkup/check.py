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
from warmstart.activations.table_activations import Progress, TableActivations
from warmstart.backbones.card import Architecture, BackboneCard
from warmstart.backbones.pooling import pooled_parts
from warmstart.batches.source import PixelSource, num_cores
from warmstart.checkup.checkup import Checkup, home_of
from warmstart.checkup.duplicates import (
    duplicates_of,
    groups_of_content,
    same_to_the_eye,
    thumbnails,
    units,
)
from warmstart.checkup.findings import ClassFinding, CropLoss, FileFinding
from warmstart.checkup.mislabelled import find_mislabelled
from warmstart.checkup.rows import look_at_rows
from warmstart.data.table import SPLITS, ImageTable, class_counts
from warmstart.errors import UnreadableImageError
from warmstart.images.decode import decode
from warmstart.images.view import ViewRecipe
from warmstart.inference.assembly import NetworkPlan, new_network
from warmstart.terminal.waiting import waiting
from warmstart.training.head_card import Parts

THUMBNAIL_SIDE = 64  # pixels that decoding must leave
FEW = 20  # training images; below, scores of the class depend on which ones they are
RARE = 10  # times fewer than the largest class


def run_checkup(
    source: PixelSource, activations: TableActivations, parts: Parts, progress: Progress
) -> Checkup:
    """Compute what is not stored yet, and run every finder.

    The table is looked at part by part, so a look that was stopped goes on where it was; of a row
    some tens of bytes are kept.

    Args:
        source: The table and how its pictures are seen.
        activations: Of the pooled body.
        parts: Columns of those that tell classes apart.
        progress: How the look at every picture is shown.

    Returns:
        What was found. A file that cannot be read is a finding, and stops nothing.
    """
    table = source.table
    if not len(table):
        return nothing_read(table)
    frozen = activations.frozen
    frozen.expected_rows = max(frozen.expected_rows, len(table))
    as_network = replace(source, views_on=frozen.views_on)  # as training would see them
    with progress(len(table), f"looking at every picture by {frozen.backbone}") as advance:
        seen = look_at_rows(source, as_network, activations, advance)
    good = seen.good
    firsts, groups = groups_of_content(seen.contents[good], good)
    with waiting("looking for doubles"):
        pairs = same_to_the_eye(firsts, seen.activations(firsts), thumbnails_by(source))
    with waiting("looking for wrong labels"):
        labelled = good if table.is_multi_label else good[table.labels[good] >= 0]
        wrong, notes = find_mislabelled(
            table,
            labelled,
            seen.activations(labelled),
            units(labelled, groups, pairs, table.groups),
            np.ascontiguousarray(seen.contents[labelled, :8]).view(np.uint64).ravel(),
            parts,
        )
    return Checkup(
        num_rows={split: len(table.rows(split)) for split in SPLITS},
        home=home_of(table),
        unreadable=tuple(seen.unreadable),
        odd_modes=tuple(seen.odd_modes),
        odd_sizes=tuple(seen.odd_sizes),
        duplicates=duplicates_of(table, groups, pairs),
        mislabelled=wrong,
        small_classes=small_classes(
            counts_of(table, good, "train"), counts_of(table, good, "valid"), table.classes
        ),
        crop=seen.crop,
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


def counts_of(table: ImageTable, good: NDArray[np.int64], split: str) -> NDArray[np.int64]:
    """Readable pictures of each class in a split."""
    labels = table.labels[good[table.splits[good] == split]]
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
