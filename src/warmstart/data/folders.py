"""Class folders → an ImageTable; a folder of test images → more rows of one."""

import posixpath
from dataclasses import replace
from pathlib import Path

import numpy as np

from warmstart.data.faults import Faults
from warmstart.data.file_names import under_root
from warmstart.data.layout import (
    EXPECTED,
    Names,
    check_has_folders,
    resolve_part_folders,
    visible_folders,
)
from warmstart.data.listing import holds, reading_fix
from warmstart.data.records import Noticed, Record, assemble, check_lookalikes
from warmstart.data.scan import Scan, is_dir, scan
from warmstart.data.split import DEFAULT_DRAW, Draw
from warmstart.data.table import Exclusion, ImageTable
from warmstart.errors import DataError, first_few


def read_folders(
    root: Path,
    *,
    names: Names = ("train", "valid", "test"),
    draw: Draw = DEFAULT_DRAW,
    faults: Faults | None = None,
) -> ImageTable:
    """Read ``root/train/<class>/**``, ``root/valid/<class>/**`` and ``root/test/**``.

    Without a train folder, ``root/<class>/**`` is read. Without a valid folder, rows
    are drawn for validation (the same ones for the same seed and names). A test folder
    with the classes' folders keeps their labels; any other has none.

    Args:
        root: The folder.
        names: Folder names of the train, valid and test parts; None for no test. Where one of
            these is missing, a folder of another usual name, such as val, is taken, with a note.
        draw: How validation rows are drawn, where there is no valid folder.
        faults: Where a checkup wants what is wrong; None raises it.

    Returns:
        Rows sorted by name, whatever the file system's order.
    """
    faults = faults or Faults()
    if faults.is_lenient and is_dir(root) and not visible_folders(root):
        return loose_table(root, names, draw, faults)
    parts = resolve_part_folders(root, names)
    notes = list(parts.notes)
    if parts.train is None:
        found = scan(root, is_lenient=faults.is_lenient)
        records, exclusions = class_records(found, root, "", "train", faults)
        notes += neighbour_notes(root, names)
    else:
        wanted = [name for name in (parts.train, parts.valid, parts.test) if name is not None]
        found = scan(root, wanted, is_lenient=faults.is_lenient)
        records, exclusions = class_records(found, root, f"{parts.train}/", "train", faults)
        if parts.valid is not None:
            of_valid, more = class_records(found, root, f"{parts.valid}/", "valid", faults)
            records, exclusions = records + of_valid, exclusions + more
        if parts.test is not None:
            classes = {label for record in records for label in record.labels or ()}
            of_test, more_notes = read_test(found, f"{parts.test}/", classes)
            records, notes = records + of_test, notes + more_notes
        exclusions += [
            Exclusion(name, "in no part's folder") for name in found.images if "/" not in name
        ]
    check_case_lookalikes(records, faults)
    noticed = Noticed([*found.exclusions, *exclusions], notes, faults)
    return assemble(root, records, draw, noticed=noticed)


def loose_table(root: Path, names: Names, draw: Draw, faults: Faults) -> ImageTable:
    """Images without any folder, for a checkup: rows without a label."""
    try:
        check_has_folders(root, names)
    except DataError as error:
        faults.add(error)
    found = scan(root)
    records = [Record(name, None, "test") for name in found.images]
    noticed = Noticed(found.exclusions, faults=faults)
    return assemble(root, records, draw, noticed=noticed)


def class_records(
    found: Scan, root: Path, prefix: str, split: str, faults: Faults
) -> tuple[list[Record], list[Exclusion]]:
    """The images in the class folders of one part, and those that lie in none.

    A class folder of train without an image, and a part without class folders, are faults.
    """
    records, exclusions = [], []
    for name in found.images:
        if name.startswith(prefix):
            label, _, rest = name.removeprefix(prefix).partition("/")
            if rest:
                records.append(Record(name, (label,), split))
            else:
                exclusions.append(Exclusion(name, "not in a class folder"))
    full = {record.labels[0] for record in records if record.labels}
    if not full:
        faults.add(no_class_error(found, root, prefix, len(exclusions), split))
        return records, exclusions
    depth = prefix.count("/")
    empty = [
        name
        for name in found.folders
        if name.startswith(prefix) and name.count("/") == depth and name[len(prefix) :] not in full
    ]
    if empty and split == "train":
        left = [item for item in found.exclusions if item.name.startswith(f"{empty[0]}/")]
        faults.add(
            DataError(
                f"{len(empty)} class folder(s) have no image: {first_few(empty)}; the first is "
                f"{root / empty[0]}." + holds(left),
                expected="at least one image per class.",
                fix=reading_fix(left, f"add images to it, or remove it: rm -r '{root / empty[0]}'"),
            )
        )
    return records, exclusions


def no_class_error(found: Scan, root: Path, prefix: str, num_loose: int, split: str) -> DataError:
    """The error for a part in whose folders no image lies; what lies there is named."""
    left = [item for item in found.exclusions if item.name.startswith(prefix)]
    made = f"put the images into {root / prefix}/CLASS/, one folder per class"
    drawn = ", or remove the folder to have validation images drawn."
    return DataError(
        f"{root / prefix} has no class folder with images"
        + (f", and {num_loose} image(s) in none." if num_loose else ".")
        + holds(left),
        expected=EXPECTED,
        fix=reading_fix(left, made + (drawn if split == "valid" else ".")),
    )


def check_case_lookalikes(records: list[Record], faults: Faults) -> None:
    """Folders that differ in case only: one and the same on many systems."""
    names = {label for record in records for label in record.labels or ()}
    check_lookalikes(names, faults, is_case_blind=True)


def read_test(found: Scan, prefix: str, classes: set[str]) -> tuple[list[Record], list[str]]:
    """The test images, with labels if the folders they lie in are named like classes."""
    parted = {
        name: name.removeprefix(prefix).rpartition("/")[0].partition("/")[0]
        for name in found.images
        if name.startswith(prefix)
    }
    folders = {folder for folder in parted.values() if folder}
    spelled = {name.casefold() for name in classes}
    is_labelled = any(folder.casefold() in spelled for folder in folders)
    records = [
        Record(name, (folder,) if folder and is_labelled else None, "test")
        for name, folder in parted.items()
    ]
    notes = []
    if folders and not is_labelled:
        notes.append(
            f"{prefix} has folders that are no classes ({', '.join(sorted(folders)[:5])}), so its "
            "images have no labels"
        )
    return records, notes


def neighbour_notes(root: Path, names: tuple[str, str, str | None]) -> list[str]:
    """A note if ``root`` is the train folder of something larger."""
    above = root.absolute().parent
    others = [name for name in names[1:] if name and (above / name).is_dir()]
    if root.absolute().name != names[0] or not others:
        return []
    return [f"{', '.join(others)} beside this folder is not read; to read it, pass {above}"]


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
    every = (*table.names, *names)
    order = sorted(range(len(every)), key=every.__getitem__)
    bare = np.full((len(names), *table.labels.shape[1:]), -1, np.int64)
    return replace(
        table,
        names=tuple(every[row] for row in order),
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
