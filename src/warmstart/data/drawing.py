"""The draw of validation rows: by class, or by each row's own hash."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.data.content import ContentHashes, file_sha256
from warmstart.data.faults import Faults
from warmstart.data.output_paths import check_outside_folders, folders_of_names
from warmstart.data.split import Draw, draw_valid
from warmstart.data.table import class_counts
from warmstart.errors import DataError
from warmstart.files.places import TAR

Labels = NDArray[np.int64]
PART_ROWS = 10_000  # whose hashes are remembered at once: what a stop can cost


def drawn_rows(
    root: Path,
    names: Sequence[str],
    labels: Labels,
    groups: Sequence[str] | None,
    draw: Draw,
    faults: Faults,
) -> NDArray[np.bool_]:
    """Choose the rows that validate; that there is none is a fault.

    Args:
        root: What the names lie under.
        names: (N,) names of the rows.
        labels: (N,) labels or (N, K) of 0 and 1; no row may lack one.
        groups: (N,) names of groups, or None.
        draw: How.
        faults: What takes an error.

    Returns:
        (N,) true for the rows that validate.
    """
    if draw.by == "class":
        chosen = draw_valid(names, labels, groups, draw)
        if not chosen.any():
            faults.add(no_draw_error(len(names)))
        return chosen
    keys: Iterable[str | bytes]
    if groups is not None:
        keys = groups
    elif draw.by == "name":
        keys = map(name_in_shard, names)
    else:
        keys = content_keys(root, names, draw.memory)
    chosen = draw_by_hash(keys, len(names), draw)
    check_draw(chosen, labels, faults)
    return chosen


def content_keys(root: Path, names: Sequence[str], memory: Path | None) -> Iterator[bytes]:
    """The hash of each file's bytes, so many at a time.

    Args:
        root: What the names lie under.
        names: (N,) of files.
        memory: Where hashes are remembered; None reads every file. It lies outside their folders,
            which a SettingError says otherwise.
    """
    known = None
    if memory is not None:
        check_outside_folders(memory.parent, "cache_dir", folders_of_names(root, names))
        known = ContentHashes(memory)
    for start in range(0, len(names), PART_ROWS):
        paths = [root / name for name in names[start : start + PART_ROWS]]
        if known is not None:
            yield from known.sha256(paths)
            continue
        with ThreadPoolExecutor(4) as pool:
            yield from pool.map(file_sha256, map(str, paths))


def draw_by_hash(keys: Iterable[str | bytes], number: int, draw: Draw) -> NDArray[np.bool_]:
    """The rows whose own hash is below the share: no other row is looked at.

    Args:
        keys: (N,) the group, name or content's hash of each row.
        number: N.
        draw: Share and seed.

    Returns:
        (N,) true for the rows that validate.
    """
    start = f"{draw.seed}\n".encode()
    turns = np.fromiter(
        (first_bytes(start + (key.encode() if isinstance(key, str) else key)) for key in keys),
        np.uint64,
        number,
    )
    return turns < np.uint64(draw.valid_pct * 2**64)


def first_bytes(content: bytes) -> int:
    """The first eight bytes of a hash, as a number below 2^64."""
    return int.from_bytes(hashlib.sha256(content).digest()[:8], "big")


def name_in_shard(name: str) -> str:
    """A name without its archive: packed anew, a picture stays in its split.

    >>> name_in_shard("000.tar/cats/1.jpg"), name_in_shard("cats/1.jpg")
    ('cats/1.jpg', 'cats/1.jpg')
    """
    return name.rpartition(f"{TAR}/")[2]


def check_draw(chosen: NDArray[np.bool_], labels: Labels, faults: Faults) -> None:
    """Validation rows of which there are none, and classes that are left without a training row."""
    num_columns = labels.shape[1] if labels.ndim == 2 else int(labels.max(initial=-1)) + 1
    before = class_counts(labels, num_columns)
    gone = np.flatnonzero((before > 0) & (class_counts(labels[~chosen], num_columns) == 0))
    if chosen.any() and not len(gone):
        return
    what = (
        f"the hash leaves {len(gone)} class(es) without a training row"
        if len(gone)
        else f"the hash lets none of the {len(chosen)} rows validate"
    )
    faults.add(
        DataError(
            f"{what}.",
            expected="so many rows of each class that the share of them is several.",
            fix='draw by class: split_by="class"; or take another seed.',
            flags=("--split-by", "class"),
        )
    )


def no_draw_error(num_rows: int) -> DataError:
    """The error for a draw that finds no row to draw."""
    return DataError(
        f"none of the {num_rows} training images can be spared for validation: every class "
        "has one image, or one group.",
        expected="a class with two or more images (in two or more groups).",
        fix="add images, or give valid images of your own; and check that the labels are "
        "classes, not one name per image.",
    )
