"""Class folders → an ImageTable."""

from pathlib import Path

from warmstart.data.layout import EXPECTED, part_folders
from warmstart.data.records import Record, assemble, refuse_lookalikes
from warmstart.data.scan import Scan, scan
from warmstart.data.split import Draw
from warmstart.data.table import Exclusion, ImageTable
from warmstart.errors import DataError


def read_folders(
    root: Path,
    *,
    names: tuple[str, str, str | None] = ("train", "valid", "test"),
    valid_pct: float = 0.2,
    seed: int = 42,
) -> ImageTable:
    """Read ``root/train/<class>/**``, ``root/valid/<class>/**`` and ``root/test/**``.

    Without a train folder, ``root/<class>/**`` is read. Without a valid folder, ``valid_pct`` of
    each class is drawn for validation (the same rows for the same seed and names). A test folder
    with the classes' folders keeps their labels; any other has none.

    Args:
        root: The folder.
        names: Folder names of the train, valid and test parts; None for no test.
        valid_pct: Share of each class that validates, in (0, 1), where there is no valid folder.
        seed: What the draw depends on.

    Returns:
        Rows sorted by name, whatever the file system's order.
    """
    draw = Draw(valid_pct, seed)
    has_train, has_valid, has_test = part_folders(root, names)
    if not has_train:
        found = scan(root)
        records, exclusions = class_records(found, root, "", "train")
        refuse_case_twins(records)
        return assemble(
            root, records, draw,
            exclusions=[*found.exclusions, *exclusions], notes=beside(root, names),
        )  # fmt: skip
    train, valid, test = names
    parts = [name for name, has in zip(names, (1, has_valid, has_test), strict=True) if has]
    found = scan(root, [name for name in parts if name])
    notes: list[str] = []
    records, exclusions = class_records(found, root, f"{train}/", "train")
    if has_valid:
        of_valid, more = class_records(found, root, f"{valid}/", "valid")
        records, exclusions = records + of_valid, exclusions + more
    if has_test:
        classes = {label for record in records for label in record.labels or ()}
        of_test, notes = read_test(found, f"{test}/", classes)
        records += of_test
    refuse_case_twins(records)
    loose = [Exclusion(name, "in no part's folder") for name in found.images if "/" not in name]
    return assemble(
        root, records, draw, exclusions=[*found.exclusions, *exclusions, *loose], notes=notes
    )


def class_records(
    found: Scan, root: Path, prefix: str, split: str
) -> tuple[list[Record], list[Exclusion]]:
    """The images in the class folders of one part, and those that lie in none.

    Raises:
        DataError: a class folder has no image, or the part has no class folder.
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
        raise DataError(
            f"{root / prefix} has no class folder with images"
            + (f", and {len(exclusions)} image(s) in none." if exclusions else "."),
            expected=EXPECTED,
            fix=f"put the images into {root / prefix}/CLASS/, one folder per class"
            + (
                ", or remove the folder to have validation images drawn."
                if split == "valid"
                else "."
            ),
        )
    depth = prefix.count("/")
    empty = [
        name
        for name in found.folders
        if name.startswith(prefix) and name.count("/") == depth and name[len(prefix) :] not in full
    ]
    if empty and split == "train":
        raise DataError(
            f"{len(empty)} class folder(s) have no image; the first: {root / empty[0]}"
            f"{held(found, empty[0])}.",
            expected="at least one image per class.",
            fix=f"add images to it, or remove it: rm -r '{root / empty[0]}'",
        )
    return records, exclusions


def refuse_case_twins(records: list[Record]) -> None:
    """Folders that differ in case only: one and the same on many systems."""
    names = {label for record in records for label in record.labels or ()}
    refuse_lookalikes(names, is_case_blind=True)


def held(found: Scan, folder: str) -> str:
    """What an image-less folder has in place of images, for its error."""
    files = [item for item in found.exclusions if item.name.startswith(f"{folder}/")]
    if not files:
        return ""
    return f" (it has {len(files)} other file(s), such as {files[0].name}: {files[0].reason})"


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


def beside(root: Path, names: tuple[str, str, str | None]) -> list[str]:
    """A note if ``root`` is the train folder of something larger."""
    above = root.absolute().parent
    others = [name for name in names[1:] if name and (above / name).is_dir()]
    if root.absolute().name != names[0] or not others:
        return []
    return [f"{', '.join(others)} beside this folder is not read; to read it, pass {above}"]
