"""Where a table and the disk disagree: files that one of them has and the other does not."""

import unicodedata
from collections.abc import Callable, Collection, Container, Iterable, Sequence
from pathlib import Path, PurePosixPath

from warmstart.data.faults import Faults
from warmstart.data.scan import Scan, is_file, scan
from warmstart.data.table import Exclusion
from warmstart.errors import DataError, first_few


def missing_files(
    root: Path,
    names: Sequence[str],
    where: Callable[[int], str],
    *,
    known: Container[str],
    source: str,
    faults: Faults,
) -> set[str]:
    """Check that every named file is there; one error lists those that are not.

    Args:
        root: What the names lie under.
        names: (N,) of the rows.
        where: Row → where it stands in ``source``.
        known: Names that a scan has seen.
        source: The table's name.
        faults: What takes the error.

    Returns:
        The names of files that are not there.
    """
    row_of = {
        name: row
        for row, name in enumerate(names)
        if name not in known and not is_file(root / name)
    }
    missing = list(row_of)
    if missing:
        fix, flags = guess_fix(root, missing)
        listed = first_few([f"{root / name} ({where(row)})" for name, row in row_of.items()])
        faults.add(
            DataError(
                f"{len(missing)} of the {len(set(names))} files that {source} names do not exist: "
                f"{listed}.",
                expected="every row's file, at root/folder/name + suffix.",
                fix=fix,
                flags=flags,
            )
        )
    return set(missing)


def guess_fix(root: Path, missing: list[str]) -> tuple[str, tuple[str, ...]]:
    """What to type, in Python and in a shell, judged by what there is instead of the first."""
    images = scan(root).images
    written = missing[0].strip().replace("\\", "/")
    name = PurePosixPath(written)
    begin = next((written.removesuffix(one) for one in images if written.endswith(f"/{one}")), "")
    if begin:
        return f"take {begin!r} off the names: there is no such folder here.", ()
    for image in images if name.name else ():
        path = PurePosixPath(image)
        if path.with_suffix("") == name:
            return f'pass suffix="{path.suffix}".', ("--suffix", path.suffix)
        if path == name.with_suffix(""):
            return 'pass suffix="": the names have theirs.', ("--suffix", "")
        for form in (str.casefold, nfc):
            if form(image) == form(str(name)):
                return f"write {image!r} as the disk does: case or Unicode form differ.", ()
    return guess_folder(images, name)


def guess_folder(images: Collection[str], name: PurePosixPath) -> tuple[str, tuple[str, ...]]:
    """What to type where a file of that name lies deeper."""
    for image in images:
        folder, found = image.removesuffix(str(name)), PurePosixPath(image)
        if folder != image and folder.endswith("/"):
            return f'pass folder="{folder[:-1]}".', ("--folder", folder[:-1])
        if found.stem == name.name:
            return (
                f'pass folder="{found.parent}", suffix="{found.suffix}".',
                ("--folder", str(found.parent), "--suffix", found.suffix),
            )
    return "check the folder and the suffix, copy the files there, or delete those rows.", ()


def nfc(text: str) -> str:
    """The composed Unicode form; some systems store the other one."""
    return unicodedata.normalize("NFC", text)


def unmentioned(
    found: Scan, base: Path, prefix: str, names: set[str], source: str
) -> list[Exclusion]:
    """The files below ``base`` that no row speaks of.

    Args:
        found: What a scan of ``base`` found.
        base: The folder.
        prefix: What its files' names begin with.
        names: The rows' names.
        source: The table's name.

    Returns:
        One exclusion per file; a folder without any row counts as one.
    """
    used = folders_of(names)
    left: dict[str, Exclusion] = {}
    pending = [(found, base, prefix)]
    while pending:
        found, folder, prefix = pending.pop()
        for name in found.images:
            whole = prefix + name
            if whole not in names:
                shut = unused_folder(whole, prefix, used) or whole
                left[shut] = Exclusion(shut, f"not in {source}")
        for item in found.exclusions:
            whole = prefix + item.name
            if item.name.endswith("/") and whole[:-1] in used:  # a row made it worth a look
                pending.append((scan(folder / item.name), folder / item.name, whole))
                continue
            shut = unused_folder(whole.rstrip("/"), prefix, used) or whole
            if whole not in names and whole not in used and shut not in left:
                left[whole] = Exclusion(whole, item.reason)
    return list(left.values())


def folders_of(names: Iterable[str]) -> set[str]:
    """Every folder on the way to a name."""
    folders: set[str] = set()
    for name in names:
        folder = name.rpartition("/")[0]
        while folder and folder not in folders:
            folders.add(folder)
            folder = folder.rpartition("/")[0]
    return folders


def unused_folder(name: str, prefix: str, used: set[str]) -> str | None:
    """The highest folder on the way to a file, below ``prefix``, that no row has files in."""
    for folder in reversed(PurePosixPath(name).parents):
        if len(str(folder)) >= len(prefix) and str(folder) not in used and str(folder) != ".":
            return f"{folder}/"
    return None
