"""Is this a data folder? If not, which mistake is it, and what to type instead."""

import difflib
import os
from pathlib import Path

from warmstart.data.scan import IMAGE_SUFFIXES, JUNK_FOLDERS
from warmstart.errors import DataError

USUAL_NAMES = ("train", "valid", "test")
ARGUMENTS = ("trn_name", "val_name", "test_name")  # of from_paths, which users call
OTHER_NAMES = (
    frozenset({"train", "training", "trn"}),
    frozenset({"valid", "val", "validation", "dev"}),
    frozenset({"test", "testing", "tst"}),
)
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
EXPECTED = "a folder with train/<class>/ and valid/<class>/, or with one folder per class."


def part_folders(root: Path, names: tuple[str, str, str | None]) -> tuple[bool, bool, bool]:
    """Which of the train, valid and test folders there are; none means class folders only.

    Raises:
        DataError: it is not a data folder.
    """
    refuse_file(root)
    children = visible_folders(root)
    if not children:
        refuse_without_folders(root, names)
    for given, usual in zip(names, USUAL_NAMES, strict=True):
        if given is not None and given != usual and given not in children:
            raise DataError(
                f"{root} has no folder {given}.",
                expected=f"the folders that were named: {', '.join(filter(None, names))}.",
                fix=f"name some of: {', '.join(children)}.",
            )
    if names[0] in children:
        refuse_other_names(root, children, names)
        return True, names[1] in children, names[2] in children
    refuse_without_train(root, children, names)
    return False, False, False


def visible_folders(folder: Path) -> list[str]:
    """Sorted names of the folders in ``folder``, without hidden ones and other programs'."""
    return sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.is_dir() and not entry.name.startswith(".") and entry.name not in JUNK_FOLDERS
    )


def has_images(folder: Path) -> bool:
    """Whether an image lies directly in ``folder``."""
    with os.scandir(folder) as entries:
        return any(is_image(entry.name) for entry in entries)


def is_image(name: str) -> bool:
    """Whether a name looks like that of an image that is not hidden."""
    return Path(name).suffix.lower() in IMAGE_SUFFIXES and not name.startswith(".")


def refuse_file(root: Path) -> None:
    """Something that is no folder.

    Raises:
        DataError: it is a file, or nothing.
    """
    if root.is_dir():
        return
    flags: tuple[str, ...] = ()
    if not root.exists():
        near = root.parent if root.parent.is_dir() else None
        close = difflib.get_close_matches(root.name, visible_folders(near), 1) if near else []
        what = f"there is no folder {root}."
        fix = f"did you mean {near / close[0]}?" if near and close else "check the spelling."
    else:
        what = f"{root} is a file, not a folder."
        if root.name.lower().endswith(ARCHIVES):
            unpack = "unzip" if root.suffix.lower() == ".zip" else "tar xf"
            fix = f"unpack it ({unpack} {root.name}), then pass the folder that this makes."
        elif root.suffix.lower() in {".csv", ".tsv", ".txt"}:
            fix = "for labels in a table, use from_csv; on the command line, rename it to .csv."
        else:
            above = root.parent.parent
            holder = above.parent if above.name in USUAL_NAMES else above
            fix = f"pass the folder that holds the class folders, such as {holder}."
            flags = ("=", str(root), str(holder))
    raise DataError(what, expected=EXPECTED, fix=fix, flags=flags)


def refuse_without_folders(root: Path, names: tuple[str, str, str | None]) -> None:
    """A folder with no folder in it: empty, or one level too deep.

    Raises:
        DataError: always.
    """
    if not has_images(root):
        raise DataError(
            f"{root} holds neither class folders nor images.",
            expected=EXPECTED,
            fix=f"mkdir -p {root}/CLASS for each class, and put its images there.",
        )
    above = root.absolute().parent
    flags: tuple[str, ...]
    if above.name in {name for name in names if name}:
        fix, flags = f"point at the folder above: {above.parent}", (str(above.parent),)
    elif len(visible_folders(above)) > 1:
        fix, flags = f"if {root.name} is a class, point at the folder above: {above}", ()
    else:
        fix, flags = f"move the images into {root}/CLASS/, one folder per class.", ()
    raise DataError(
        f"{root} holds images but no class folders.",
        expected=EXPECTED,
        fix=fix,
        flags=("=", str(root), *flags) if flags else (),
    )


def refuse_other_names(root: Path, children: list[str], names: tuple[str, str, str | None]) -> None:
    """A validation or test folder under a name that would be passed over.

    Raises:
        DataError: there is one.
    """
    for part in (1, 2):
        others = [name for name in children if name.casefold() in OTHER_NAMES[part]]
        if names[part] is not None and names[part] not in children and others:
            raise DataError(
                f"{root} has a folder {others[0]}, and none named {names[part]}.",
                expected=f"folders named {', '.join(name for name in names if name)}.",
                fix=f'pass {ARGUMENTS[part]}="{others[0]}", or rename the folder to {names[part]}.',
                flags=(option(part), others[0]),
            )


def refuse_without_train(
    root: Path, children: list[str], names: tuple[str, str, str | None]
) -> None:
    """Folders that are not classes, though there is no train folder.

    Raises:
        DataError: they are parts under other names, or data folders themselves.
    """
    deeper = [name for name in children if (root / name / names[0]).is_dir()]
    if deeper:
        raise DataError(
            f"{root} holds {len(deeper)} folder(s) that are data folders themselves: "
            f"{', '.join(deeper)}.",
            expected=EXPECTED,
            fix=f"point one level deeper: {root / deeper[0]}",
            flags=("=", str(root), str(root / deeper[0])),
        )
    like = [next((n for n in children if n.casefold() in part), None) for part in OTHER_NAMES]
    if all(any(name.casefold() in part for part in OTHER_NAMES) for name in children):
        flags: list[str] = []
        if like[0] is None:
            what, fix = "but no train folder", f"put training images into {root / names[0]}/CLASS/."
        else:
            given = [f'{arg}="{name}"' for arg, name in zip(ARGUMENTS, like, strict=True) if name]
            what, fix = f"none named {names[0]}", f"pass {', '.join(given)}."
            for part, name in enumerate(like):
                flags += [option(part), name] if name else []
        raise DataError(
            f"{root} has folders {', '.join(children)}, {what}.",
            expected=EXPECTED,
            fix=fix,
            flags=flags,
        )


def option(part: int) -> str:
    """The command line's word for an argument."""
    return f"--{ARGUMENTS[part].replace('_', '-')}"
