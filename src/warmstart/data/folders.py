"""Class folders → an ImageTable."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.data.table import Exclusion, ImageTable
from warmstart.errors import DataError

IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".png", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".avif"}
)


def read_folders(
    root: Path,
    *,
    names: tuple[str, str, str] = ("train", "valid", "test"),
    valid_pct: float = 0.2,
    seed: int = 42,
) -> ImageTable:
    """Read ``root/train/<class>/*``, ``root/valid/<class>/*`` and ``root/test/*``.

    Without a train folder, ``root/<class>/*`` is read and ``valid_pct`` of each class is drawn for
    validation (stratified, the same rows for the same seed and names).

    Args:
        root: The folder.
        names: Folder names of the train, valid and test parts.
        valid_pct: Share of each class that validates, in (0, 1), where there is no valid folder.
        seed: What the draw depends on.

    Returns:
        Rows sorted by name, whatever the file system's order.

    Raises:
        DataError: the folder is missing or has no classes, a class has no image, or valid has
            classes that train does not have.
    """
    if not root.is_dir():
        raise DataError(
            f"{root} is not a folder.",
            expected="a folder with train/<class>/ and valid/<class>/, or with <class>/ folders.",
            fix="check the path's spelling.",
        )
    train, valid, test = (root / name for name in names)
    exclusions: list[Exclusion] = []
    rows = class_rows(train if train.is_dir() else root, root, exclusions)
    classes = tuple(sorted({label for _, label in rows}))
    if len(classes) < 2:
        raise DataError(
            f"{root} has {len(classes)} class folder(s) with images.",
            expected="two or more folders, one per class, with images in them.",
            fix=f"put the images into {train}/<class>/ or {root}/<class>/.",
        )
    found = [(name, "train", classes.index(label)) for name, label in rows]
    if train.is_dir() and valid.is_dir():
        valid_rows = class_rows(valid, root, exclusions)
        refuse_strangers(classes, {label for _, label in valid_rows}, valid)
        found += [(name, "valid", classes.index(label)) for name, label in valid_rows]
    else:
        found = draw_valid(found, valid_pct, seed)
    if train.is_dir() and test.is_dir():
        found += [
            (path.relative_to(root).as_posix(), "test", -1)
            for path in images(test, root, exclusions)
        ]
    found.sort()
    return ImageTable(
        root=root,
        names=tuple(name for name, _, _ in found),
        splits=np.array([split for _, split, _ in found], dtype="<U5"),
        labels=np.array([label for _, _, label in found], dtype=np.int64),
        classes=classes,
        exclusions=tuple(exclusions),
    )


def class_rows(folder: Path, root: Path, exclusions: list[Exclusion]) -> list[tuple[str, str]]:
    """(name, class) of every image in the class folders of ``folder``.

    Raises:
        DataError: a class folder has no image.
    """
    rows: list[tuple[str, str]] = []
    for entry in sorted(folder.iterdir()):
        if not entry.is_dir():
            exclusions.append(
                Exclusion(entry.relative_to(root).as_posix(), "not in a class folder")
            )
            continue
        if entry.name.startswith("."):
            exclusions.append(Exclusion(entry.relative_to(root).as_posix(), "a hidden folder"))
            continue
        found = images(entry, root, exclusions)
        if not found:
            raise DataError(
                f"the class folder {entry} has no image.",
                expected="at least one image per class.",
                fix="add images to it, or remove the folder.",
            )
        rows += [(path.relative_to(root).as_posix(), entry.name) for path in found]
    return rows


def images(folder: Path, root: Path, exclusions: list[Exclusion]) -> list[Path]:
    """The image files below ``folder``; every other file is named in ``exclusions``."""
    found = []
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_dir():
            continue
        if path.suffix.lower() not in IMAGE_SUFFIXES:
            exclusions.append(Exclusion(name, f"not an image suffix: {path.suffix or 'none'}"))
        elif path.name.startswith("."):
            exclusions.append(Exclusion(name, "a hidden file"))
        elif path.is_symlink() and not path.exists():
            exclusions.append(Exclusion(name, "a link to nothing"))
        else:
            found.append(path)
    return found


def refuse_strangers(classes: tuple[str, ...], in_valid: set[str], valid: Path) -> None:
    """Law 1: a class that only valid has would shift labels in silence.

    Raises:
        DataError: there is such a class.
    """
    strangers = sorted(in_valid - set(classes))
    if strangers:
        raise DataError(
            f"{valid} has {len(strangers)} class(es) that train does not have: "
            f"{', '.join(strangers)}.",
            expected=f"only classes of train: {', '.join(classes)}.",
            fix="add training images of them, or remove those folders.",
        )


def draw_valid(
    rows: list[tuple[str, str, int]], valid_pct: float, seed: int
) -> list[tuple[str, str, int]]:
    """Move ``valid_pct`` of each class to valid, at least one and never all of a class."""
    rng = np.random.default_rng(seed)
    labels: NDArray[np.int64] = np.array([label for _, _, label in rows], np.int64)
    chosen: set[int] = set()
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        number = min(max(1, round(valid_pct * len(members))), len(members) - 1)
        chosen |= set(rng.permutation(members)[:number].tolist())
    return [
        (name, "valid" if row in chosen else split, label)
        for row, (name, split, label) in enumerate(rows)
    ]
