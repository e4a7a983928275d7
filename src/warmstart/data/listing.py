"""Files and folders that a user names → the pictures to read, and what is left out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from warmstart.data.cell_names import CellNames
from warmstart.data.parquet_columns import find_image_column
from warmstart.data.scan import exists, is_dir, is_file, is_utf8, scan
from warmstart.data.shards import Shards, shards_of
from warmstart.data.table import Exclusion, reason_counts
from warmstart.data.tar_samples import samples_of
from warmstart.errors import DataError, printable
from warmstart.files.parquet_rows import open_parquet
from warmstart.files.places import PARQUET, place_stamp
from warmstart.images.formats import HEIF_EXTRA, unread_images

MOST_NAMED = 20  # of one reason, on a screen


@dataclass(frozen=True)
class Listing:
    """``files`` in the order given, those of a folder sorted; ``exclusions`` name all others."""

    files: tuple[Path, ...]
    exclusions: tuple[Exclusion, ...]


def list_images(
    paths: Sequence[Path], *, once: bool = False, image_column: str | None = None
) -> Listing:
    """The pictures that some paths stand for.

    Args:
        paths: Files, taken whatever their names; or folders, for all pictures below them by the
            rule that training lists files by.
        once: A file that is named or reached again is left out, by name.
        image_column: Of Parquet files: the column of the pictures' bytes; None finds it.

    Returns:
        The files; an error names what is not there, and folders without a picture.
    """
    files: list[Path] = []
    exclusions: list[Exclusion] = []
    for path in paths:
        shards = shards_of(path)
        if shards is not None:
            listed = list_shards(shards, image_column)
            files += listed.files
            exclusions += listed.exclusions
        elif is_dir(path):
            found = scan(path)
            exclusions += [
                Exclusion(f"{path}/{item.name}", item.reason) for item in found.exclusions
            ]
            if not found.images:
                check_any_images(path, found.exclusions)
            files += [path / name for name in found.images]
        else:
            check_is_file(path)
            files.append(path)
    if once:
        kept: dict[Path, Path] = {}
        for file in files:
            if kept.setdefault(file.resolve(), file) is not file:
                exclusions.append(Exclusion(str(file), "named twice"))
        files = list(kept.values())
    return Listing(tuple(files), tuple(exclusions))


def list_shards(shards: Shards, image_column: str | None = None) -> Listing:
    """The pictures in shards, those that training finds in them.

    Args:
        shards: Tar or Parquet files.
        image_column: As of ``list_images``.
    """
    files: list[Path] = []
    exclusions = [Exclusion(f"{shards.root}/{one.name}", one.reason) for one in shards.exclusions]
    for file in shards.files:
        if shards.kind == PARQUET:
            files += cell_paths(file, image_column)
            continue
        samples, left_out = samples_of(file)
        files += [file / name for name in sorted(p for one in samples for p in one.pictures)]
        exclusions += [Exclusion(f"{file}/{one.name}", one.reason) for one in left_out]
    if not files:
        check_any_images(shards.root, exclusions)
    return Listing(tuple(files), tuple(exclusions))


def cell_paths(file: Path, image_column: str | None) -> list[Path]:
    """The cells of a Parquet file that hold pictures."""
    opened = open_parquet(file, place_stamp(file))
    image = find_image_column(opened, image_column)
    return [file / name for name in CellNames([f"{image}/"], [opened.num_rows])]


def check_is_file(path: Path) -> None:
    """Something that holds no picture to read: nothing, a pipe, a device.

    Raises:
        DataError: it is that.
    """
    if is_file(path) and is_utf8(str(path)):
        return
    shown = printable(str(path))
    if is_file(path):
        what, fix = f"the name {shown} is not UTF-8.", "rename the file: convmv -f latin1 -t utf8"
    elif exists(path):
        what, fix = f"{shown} is not a regular file.", "give a file, or a folder of files."
    else:
        what = f"{shown} is no image file and no folder with images."
        fix = "check the path's spelling."
    raise DataError(what, expected="a file, or a folder with image files.", fix=fix)


def check_any_images(folder: Path, exclusions: Iterable[Exclusion]) -> None:
    """A folder without pictures; what lies there in their place is named.

    Raises:
        DataError: always.
    """
    left = list(exclusions)
    raise DataError(
        f"{folder} is no folder with images." + holds(left),
        expected="a file, or a folder with image files.",
        fix=reading_fix(left, "give another folder."),
    )


def holds(exclusions: Sequence[Exclusion]) -> str:
    """What lies somewhere in place of images, for an error: " It holds 3 × …"; or nothing."""
    told = [f"{number} × {why} (first: {name})" for why, number, name in reason_counts(exclusions)]
    return f" It holds {'; '.join(told[:3])}." if told else ""


def reading_fix(exclusions: Sequence[Exclusion], otherwise: str) -> str:
    """How pictures that cannot be read here could be, where there are such; else something else."""
    reasons = unread_images(item.reason for item in exclusions)
    if not reasons:
        return otherwise
    if HEIF_EXTRA in reasons[0]:
        return HEIF_EXTRA
    return reasons[0].rpartition(": ")[2] + "."


def left_out_lines(exclusions: Sequence[Exclusion], most: int = MOST_NAMED) -> list[str]:
    """How many files are left out, and for each reason their names.

    Args:
        exclusions: What is left out.
        most: Names of one reason; of more, the number that follows.
    """
    if not exclusions:
        return []
    lines = [f"{len(exclusions)} file(s) or folder(s) left out:"]
    named: dict[str, list[str]] = {}
    for item in exclusions:
        named.setdefault(item.reason, []).append(item.name)
    for reason, number, _ in reason_counts(exclusions):
        lines += [printable(f"  {name}: {reason}") for name in named[reason][:most]]
        if number > most:
            lines.append(f"  and {number - most} more: {printable(reason)}")
    return lines
