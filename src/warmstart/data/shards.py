"""A source that a user names → the tar or Parquet files that it stands for, if it does."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from warmstart.data.scan import exists, is_file, junk_reason
from warmstart.data.split import part_of
from warmstart.data.table import Exclusion
from warmstart.errors import DataError, first_few
from warmstart.files.places import CONTAINERS, PACKED, PARQUET, TAR, is_folder
from warmstart.files.remote_reading import RemotePath, as_place, filesystem_of
from warmstart.images.formats import is_image_suffix, unread_reason

BRACES = re.compile(r"\{([^{}]*)\}")
RANGE = re.compile(r"(\d+)\.\.(\d+)")
MOST_SHARDS = 1_000_000
PACKED_REASON = "a compressed archive: unpack it once, to a .tar"


@dataclass(frozen=True)
class Shards:
    """``files`` (S,) below ``root``, sorted, all of one ``kind``: ".tar" or ".parquet".

    ``exclusions`` name the other files of a folder.
    """

    root: Path
    files: tuple[Path, ...]
    kind: str
    exclusions: tuple[Exclusion, ...] = ()
    home: Path | None = None  # the folder that was named, if one was

    def name(self, file: Path) -> str:
        """The name of a shard below the root, with "/" between folders."""
        return "/".join(file.relative_to(self.root).parts)

    def splits(self) -> list[str | None]:
        """The split that the name of each shard says, as train-0001.tar or valid/0.tar do."""
        return [split_of_name(self.name(file)) for file in self.files]


def check_shard_kind(shards: Shards | None, kind: str, told: str) -> Shards:
    """The shards, if they are of a kind.

    Args:
        shards: What a source stands for.
        kind: ".tar" or ".parquet".
        told: What was passed.

    Raises:
        DataError: there are none, or they are of the other kind.
    """
    if shards is not None and shards.kind == kind:
        return shards
    here = as_place(told)
    if shards is not None:
        what = f"{told} stands for {shards.kind} files"
        fix = f"use from_{shards.kind.removeprefix('.')}."
    elif not exists(here):
        what, fix = f"there is no file or folder {told}", "check the spelling."
    elif here.name.lower().endswith(PACKED):
        what, fix = f"{told} is compressed", "unpack it once, to a .tar: gunzip photos.tar.gz"
    else:
        what, fix = f"{told} is, or has, no {kind} file", "for class folders, use from_paths."
    raise DataError(f"{what}.", expected=f"a {kind} file, or a folder of such.", fix=fix)


def split_of_name(name: str) -> str | None:
    """The split that a shard's name begins with, or that of one of its folders.

    >>> split_of_name("val-00003.tar"), split_of_name("test/0.tar"), split_of_name("0.tar")
    ('valid', 'test', None)
    """
    *folders, last = name.split("/")
    first = re.match(r"[^\W\d_]*", last)
    words = [first.group(0) if first else "", *reversed(folders)]
    return next((part for part in map(part_of, words) if part is not None), None)


def shards_of(source: str | Path) -> Shards | None:
    """The shards that a source stands for; None for a folder of pictures, a CSV or nothing.

    Args:
        source: A .tar or .parquet file; several, as ``shards/{000..099}.tar`` or ``shards/*.tar``;
            a folder without a picture of its own that holds such files; or the URL of any of these.

    Raises:
        DataError: a shard that was named is not there, or both kinds are.
    """
    text = str(source)
    if not text.isprintable():  # a name of nobody
        return None
    place = as_place(text)
    if BRACES.search(text) and not exists(place):
        files = [as_place(each) for each in expanded(text)]
        missing = [str(file) for file in files if not is_file(file)]
        if missing:
            raise DataError(
                f"{len(missing)} of the {len(files)} shards of {text} are not there: "
                f"{first_few(missing)}.",
                expected="a file for every name that the braces stand for.",
                fix="check the first and the last number, and how many digits they have.",
            )
        return _shards(files, text)
    if any(sign in text for sign in "*?[") and not exists(place):
        files = list(_matching(place))
        if not files:
            raise DataError(
                f"no file fits {text}.",
                expected="the names of .tar or .parquet files.",
                fix=f"look what is there: ls {place.parent}",
            )
        return _shards(files, text)
    if place.name.lower().endswith(CONTAINERS) and not is_folder(place):
        return _shards([place], text) if is_file(place) else None
    if place.name.lower().endswith(PACKED) or not is_folder(place):
        return None
    return _of_folder(place)


def expanded(pattern: str) -> Iterator[str]:
    """The names that braces stand for, as a shell has it: {000..099} and {a,b}.

    Args:
        pattern: A name, with braces or without.

    Raises:
        DataError: they are more than anybody has.
    """
    found = BRACES.search(pattern)
    if found is None:
        yield pattern
        return
    numbers = RANGE.fullmatch(found[1])
    if numbers is None:
        choices = found[1].split(",")
    else:
        first, last = int(numbers[1]), int(numbers[2])
        if abs(last - first) >= MOST_SHARDS:
            raise DataError(
                f"{pattern} stands for {abs(last - first) + 1:,} names.",
                expected=f"fewer than {MOST_SHARDS:,}.",
                fix="name a folder, or make larger shards.",
            )
        step = 1 if last >= first else -1
        choices = [f"{each:0{len(numbers[1])}d}" for each in range(first, last + step, step)]
    for choice in choices:
        yield from expanded(pattern[: found.start()] + choice + pattern[found.end() :])


def _matching(pattern: Path) -> Iterator[Path]:
    """The files that a pattern with * fits."""
    if isinstance(pattern, RemotePath):
        filesystem, name = filesystem_of(pattern)
        for found in sorted(filesystem.glob(name)):
            yield as_place(f"{pattern.parts[0]}//{str(found).lstrip('/')}")
        return
    base = Path(pattern.anchor)
    rest = str(pattern)[len(pattern.anchor) :]
    yield from sorted(each for each in base.glob(rest) if each.is_file())


def _of_folder(root: Path) -> Shards | None:
    """The shards below a folder that holds no picture; None as soon as there is a picture."""
    files: list[Path] = []
    exclusions: list[Exclusion] = []
    for name in _names_below(root):
        last = name.rpartition("/")[2]
        suffix = Path(last).suffix.lower()
        if is_image_suffix(suffix):
            return None
        above = (junk_reason(part, is_folder=True) for part in name.split("/")[:-1])
        junk = next(filter(None, above), junk_reason(last, is_folder=False))
        if suffix in CONTAINERS and not junk:
            files.append(root / name)
        else:
            packed = PACKED_REASON if last.lower().endswith(PACKED) else ""
            exclusions.append(Exclusion(name, junk or packed or unread_reason(suffix)))
    if not files:
        return None
    return _shards(files, str(root), root, tuple(sorted(exclusions, key=lambda one: one.name)))


def _names_below(root: Path) -> Iterator[str]:
    """Names of the files below a folder, one after the other, so that the first may be enough."""
    if isinstance(root, RemotePath):
        filesystem, name = filesystem_of(root)
        prefix = name.rstrip("/") + "/"
        for above, _, files in filesystem.walk(name):
            for file in sorted(files):
                yield f"{above}/{file}".removeprefix(prefix) if file else ""
        return
    for above, folders, files in os.walk(root):
        folders.sort()
        for file in sorted(files):
            yield Path(above, file).relative_to(root).as_posix()


def _shards(
    files: list[Path], text: str, root: Path | None = None, exclusions: tuple[Exclusion, ...] = ()
) -> Shards:
    """Shards of one kind.

    Raises:
        DataError: they are of two kinds, or one is of none.
    """
    kinds = {file.suffix.lower() for file in files}
    if len(kinds) > 1 or not kinds <= set(CONTAINERS):
        raise DataError(
            f"{text} stands for files of several kinds: {first_few(sorted(kinds))}.",
            expected=f"files that all end in {TAR}, or all in {PARQUET}.",
            fix=f"name those that are meant: '{text.rstrip('/')}/*{TAR}'",
        )
    home = root
    if root is None:
        root = Path(os.path.commonpath([file.absolute().parent for file in files]))
        if isinstance(files[0], RemotePath):
            root = as_place(_common_url([str(file) for file in files]))
        elif not files[0].is_absolute() and root.is_relative_to(Path.cwd()):
            root = root.relative_to(Path.cwd())
            files = [Path(os.path.normpath(file)) for file in files]
        else:
            files = [file.absolute() for file in files]
    return Shards(root, tuple(sorted(set(files), key=str)), kinds.pop(), exclusions, home)


def _common_url(urls: list[str]) -> str:
    """The folder that all of these URLs lie in."""
    first, last = min(urls).split("/")[:-1], max(urls).split("/")[:-1]
    pairs = enumerate(zip(first, last, strict=False))
    end = next((place for place, (one, other) in pairs if one != other), min(len(first), len(last)))
    return "/".join(first[:end])
