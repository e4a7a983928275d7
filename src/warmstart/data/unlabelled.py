"""A folder of unlabelled test images, added to a table that a CSV or a frame made."""

import posixpath
from dataclasses import replace

import numpy as np

from warmstart.data.leftover import under_root
from warmstart.data.scan import scan
from warmstart.data.table import Exclusion, ImageTable
from warmstart.errors import DataError


def with_test(table: ImageTable, folder: str) -> ImageTable:
    """Add the images below ``root/folder`` as test rows without labels.

    Args:
        table: A table of files.
        folder: Where the images lie, under the table's root.

    Returns:
        Rows sorted by name; what lies in the folder is no exclusion any more.

    Raises:
        DataError: the folder is missing or has no images, or some are rows already.
    """
    whole = posixpath.normpath(table.root.absolute().as_posix())
    within = under_root(posixpath.normpath(posixpath.join(whole, folder)), whole)
    base = table.root / within  # an absolute path, where the folder leads out of the root
    prefix = f"{within}/" if within else ""
    found = scan(base) if base.is_dir() else None
    names = tuple(prefix + name for name in found.images) if found is not None else ()
    known = set(table.names)
    twice = [name for name in names if name in known]
    if found is None or not names or twice:
        raise DataError(
            f"{base} is no folder with images."
            if not twice
            else f"{len(twice)} image(s) of {base} are rows already; the first: {twice[0]}.",
            expected="a folder of images that train and valid do not use.",
            fix="check the test folder's name." if not twice else "move the test images elsewhere.",
        )
    order = sorted(range(len(table) + len(names)), key=(table.names + names).__getitem__)
    bare = np.full((len(names), *table.labels.shape[1:]), -1, np.int64)
    return replace(
        table,
        names=tuple((table.names + names)[row] for row in order),
        splits=np.concatenate([table.splits, np.full(len(names), "test")])[order],
        labels=np.concatenate([table.labels, bare])[order],
        groups=None
        if table.groups is None
        else tuple((table.groups + tuple(f"\n{name}" for name in names))[row] for row in order),
        exclusions=(
            *(item for item in table.exclusions if not item.name.startswith(prefix)),
            *(Exclusion(prefix + item.name, item.reason) for item in found.exclusions),
        ),
    )
