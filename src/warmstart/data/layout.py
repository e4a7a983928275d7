"""Is this a data folder? If not, which mistake is it, and what to type instead."""

import difflib
from dataclasses import dataclass
from pathlib import Path

from warmstart.data.scan import is_dir, is_file, junk_reason
from warmstart.data.split import part_of
from warmstart.data.table import SPLITS
from warmstart.data.trees import is_tree, list_children
from warmstart.errors import DataError, SettingError
from warmstart.files.places import PARQUET, TAR
from warmstart.images.formats import is_image_suffix

ARGUMENTS = ("trn_name", "val_name", "test_name")  # of from_paths, which users call
ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz", ".7z", ".rar")
EXPECTED = "a folder with train/<class>/ and valid/<class>/, or with one folder per class."

Names = tuple[str, str, str | None]


@dataclass(frozen=True)
class Parts:
    """Names of the folders of each part that there is; all are None where only classes are.

    ``notes`` say what was taken though it has another name than usual.
    """

    train: str | None = None
    valid: str | None = None
    test: str | None = None
    notes: tuple[str, ...] = ()


def resolve_part_folders(root: Path, names: Names) -> Parts:
    """Which folders are the train, valid and test parts; none means class folders only.

    A folder under another usual name, such as val or Testing, is taken where it is the only one.

    Args:
        root: The data folder.
        names: What was asked for; ``SPLITS`` where nothing was.

    Raises:
        DataError: it is not a data folder.
        SettingError: train and valid are to be one and the same.
    """
    check_is_folder(root)
    if names[0] == names[1]:
        raise SettingError(
            f"trn_name and val_name are both {names[0]!r}.",
            expected="a folder to train on, and another one that judges.",
            fix='leave val_name="valid": without such a folder, validation images are drawn.',
            flags=("--val-name", SPLITS[1]),
        )
    children = visible_folders(root)
    if not children:
        check_has_folders(root, names)
    for given, usual in zip(names, SPLITS, strict=True):
        if given is not None and given != usual and given not in children:
            raise DataError(
                f"{root} has no folder {given}.",
                expected=f"the folders that were named: {', '.join(filter(None, names))}.",
                fix=f"name some of: {', '.join(children)}.",
            )
    if names[0] not in children and not has_other_train(root, children):
        check_no_parts(root, children, names)
        return Parts()
    notes = []
    if names[2] in names[:2]:
        notes.append(f"the folder {names[2]} is read as {part_name(names, names[2])}: no row tests")
        names = (names[0], names[1], None)
    found: list[str | None] = []
    for part, name in enumerate(names):
        taken = resolve_part(root, children, names, part)
        found.append(taken)
        if taken is not None and taken != name:
            notes.append(f"{SPLITS[part]} images are read from the folder {taken}")
    return Parts(found[0], found[1], found[2], tuple(notes))


def part_name(names: Names, name: str | None) -> str:
    """What a folder's name was given for first."""
    return SPLITS[names.index(name)] if name is not None else ""


def resolve_part(root: Path, children: list[str], names: Names, part: int) -> str | None:
    """The folder of a part: that of its name, or the only one under another usual name.

    Raises:
        DataError: several could be meant.
    """
    name = names[part]
    if name is None or name in children:
        return name
    others = [one for one in children if part_of(one) == SPLITS[part] and one not in names]
    if len(others) > 1:
        raise DataError(
            f"{root} has the folders {' and '.join(others)}, and none named {name}.",
            expected=f"one folder of {SPLITS[part]} images.",
            fix=f'pass {ARGUMENTS[part]}="{others[0]}" or another one.',
            flags=(flag_of_part(part), others[0]),
        )
    return others[0] if others else None


def has_other_train(root: Path, children: list[str]) -> bool:
    """Whether parts lie here under other names, the training part among them.

    Classes may have such names too. Parts are all that is here, or there are several, and the one
    to train on holds folders alone.
    """
    parts = {part_of(name) for name in children} - {None}
    trains = [name for name in children if part_of(name) == SPLITS[0]]
    if not trains or len(parts) < 2:
        return False
    if all(part_of(name) for name in children):
        return True
    return all(visible_folders(root / name) and not has_images(root / name) for name in trains)


def visible_folders(folder: Path) -> list[str]:
    """Sorted names of the folders in ``folder``, without hidden ones and other programs'."""
    return [name for name in list_children(folder)[0] if not junk_reason(name, is_folder=True)]


def has_images(folder: Path) -> bool:
    """Whether an image lies directly in ``folder``."""
    return any(
        is_image_suffix(Path(name).suffix)
        and not junk_reason(name, is_folder=False)
        and is_file(folder / name)
        for name in list_children(folder)[1]
    )


def check_is_folder(root: Path) -> None:
    """Something that is no folder.

    Raises:
        DataError: it is a file, or nothing.
    """
    if is_dir(root):
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
        elif root.suffix.lower() == PARQUET:
            fix = "use from_parquet."
        elif root.suffix.lower() in {".xlsx", ".xls", ".ods", ".json", ".jsonl"}:
            fix = f"save {root.name} as a CSV with a line per image: name,label."
        elif root.suffix.lower() in {".csv", ".tsv", ".txt"}:
            fix = "for labels in a table, use from_csv; on the command line, rename it to .csv."
        else:
            above = root.parent.parent
            holder = above.parent if above.name in SPLITS else above
            fix = f"pass the folder that holds the class folders, such as {holder}."
            flags = ("=", str(root), str(holder))
    raise DataError(what, expected=EXPECTED, fix=fix, flags=flags)


def check_has_folders(root: Path, names: Names) -> None:
    """A folder with no folder in it: empty, or one level too deep.

    Raises:
        DataError: always.
    """
    if is_tree(root) and root.name.lower().endswith(TAR):
        raise DataError(
            f"{root} holds no class folders.",
            expected="an archive of folders, one for each class.",
            fix="if cat.jpg and cat.cls lie side by side in it, use from_tar.",
        )
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


def check_no_parts(root: Path, children: list[str], names: Names) -> None:
    """Folders that are not classes, though there is no train folder.

    Raises:
        DataError: they are other parts, or data folders themselves.
    """
    deeper = [name for name in children if is_dir(root / name / names[0])]
    if deeper:
        raise DataError(
            f"{root} holds {len(deeper)} folder(s) that are data folders themselves: "
            f"{', '.join(deeper)}.",
            expected=EXPECTED,
            fix=f"point one level deeper: {root / deeper[0]}",
            flags=("=", str(root), str(root / deeper[0])),
        )
    if all(part_of(name) for name in children):
        raise DataError(
            f"{root} has folders {', '.join(children)}, but no train folder.",
            expected=EXPECTED,
            fix=f"put training images into {root / names[0]}/CLASS/.",
        )


def flag_of_part(part: int) -> str:
    """The command line's word for an argument."""
    return f"--{ARGUMENTS[part].replace('_', '-')}"
