"""Tar or Parquet shards → an ImageTable."""

from pathlib import Path

from warmstart.data.cells import Read
from warmstart.data.columns import Columns
from warmstart.data.csv_table import is_table
from warmstart.data.faults import Faults
from warmstart.data.folders import read_folders
from warmstart.data.parquet_table import parquet_rows, parquet_table
from warmstart.data.scan import junk_reason
from warmstart.data.shards import Shards, shards_of
from warmstart.data.split import DEFAULT_DRAW, Draw
from warmstart.data.table import ImageTable
from warmstart.data.tar_rows import read_tar_rows, tar_table
from warmstart.data.tar_samples import samples_of
from warmstart.data.trees import list_children
from warmstart.files.places import PARQUET
from warmstart.files.remote_reading import as_place


def read_shards(
    shards: Shards,
    columns: Columns,
    *,
    draw: Draw = DEFAULT_DRAW,
    faults: Faults | None = None,
) -> ImageTable:
    """Read the pictures and labels of shards.

    One archive of class folders, without a label beside its pictures, is read as such folders are.

    Args:
        shards: The files.
        columns: Which member, key or column says what.
        draw: How validation rows are drawn, if no field and no name says.
        faults: Where a checkup wants what is wrong; None raises it.

    Returns:
        One row per picture, sorted by name.
    """
    if shards.kind == PARQUET:
        return parquet_table(shards, columns, draw=draw, faults=faults)
    tree = class_folders_in(shards)
    if tree is not None:
        return read_folders(tree, draw=draw, faults=faults)
    return tar_table(shards, columns, draw=draw, faults=faults)


def shard_rows(shards: Shards, columns: Columns) -> Read:
    """A record per picture; whether they are enough to train on is not asked."""
    if shards.kind == PARQUET:
        return parquet_rows(shards, columns)
    return read_tar_rows(shards, columns, needs_labels=False)


def root_of(source: str) -> Path:
    """What the names of a source's rows lie under.

    Args:
        source: A folder, a CSV, shards, or a URL of these.
    """
    place = as_place(source)
    if is_table(place):
        return place.parent
    shards = shards_of(source)
    if shards is None:
        return place
    return class_folders_in(shards) or shards.root


def class_folders_in(shards: Shards) -> Path | None:
    """The folder of class folders in an archive, below folders that hold nothing else."""
    if len(shards.files) != 1 or shards.kind == PARQUET:
        return None
    samples, _ = samples_of(shards.files[0])
    if any(sample.fields for sample in samples) or not any("/" in one.name for one in samples):
        return None
    place = shards.files[0]
    while True:
        folders, files = list_children(place)
        visible = [name for name in folders if not junk_reason(name, is_folder=True)]
        if len(visible) != 1 or any(not junk_reason(name, is_folder=False) for name in files):
            return place
        if not list_children(place / visible[0])[0]:
            return place
        place /= visible[0]
