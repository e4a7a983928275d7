"""How the arguments of ``ImageClassifierData`` are read, by their names."""

from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from warmstart.arguments import (
    Reader,
    each,
    flag,
    folder,
    instance_of,
    one_of,
    optional,
    path,
    real,
    refuse,
    text,
    whole,
)
from warmstart.backbones.card import read_architecture
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.data.columns import TABLE_READERS, read_column, read_place
from warmstart.data.output_paths import check_outside_folders
from warmstart.data.split import SPLIT_BY

TFMS = instance_of(ModelTransforms, 'tfms_from_model("tf_efficientnet_lite0", 224)')
BATCH_SIZE = whole(
    2, 1_000_000, example=64, why=": BatchNorm cannot learn from one row", flag="--bs"
)
ON_UNREADABLE = one_of("raise", "drop", "use")


def rule(name: str, value: Any) -> Any:
    """A pattern, or a function."""
    if not isinstance(value, str) and not callable(value):
        refuse(name, value, "a pattern with one group, or a function of the path", "([^/]+)_")
    return value


READERS: dict[str, Reader[Any]] = TABLE_READERS | {
    "path": path,
    "tfms": TFMS,
    "bs": BATCH_SIZE,
    "trn_name": read_place,
    "val_name": read_place,
    "test_name": optional(read_place),
    "valid_pct": real(0.2, above=0, below=1),
    "seed": whole(flag="--split-seed"),
    "split_by": SPLIT_BY,
    "on_unreadable": ON_UNREADABLE,
    "fixes": path,
    "for_check": flag,
    "quiet": flag,
    "folder": optional(read_place),
    "csv_fname": path,
    "group": read_column,
    "label_of": rule,
    "group_of": rule,
    "arch": read_architecture,
    "weights": path,
    "cache_dir": folder,
    "precision": one_of("auto", "f32", "bf16"),
    "num_rows": whole(1, 1000, example=4, flag="--rows"),
    "num_views": whole(0, 1000, example=4, flag="--views"),
}
ARRAY_READERS = {name: READERS[name] for name in ("bs", "quiet")} | {"classes": each(text)}


@runtime_checkable
class HasFolders(Protocol):
    """What knows where its images lie."""

    @property
    def folders(self) -> tuple[Path, ...]:
        """Those that hold the images."""


def check_outside_data(data: HasFolders, **places: str | Path | None) -> None:
    """See that nothing is written among the user's images (law 13).

    Args:
        data: The images, and which folders hold them.
        **places: Where something is to be written, by the argument that says so.
    """
    given = {name: Path(where) for name, where in places.items() if where is not None}
    folders = data.folders if given else ()
    for name, where in given.items():
        check_outside_folders(where, name, folders)
