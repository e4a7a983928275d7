"""Paths that a shell user typed: is it there, and where may a run be written?"""

import difflib
from pathlib import Path

from warmstart.cli.settings import BackboneSettings
from warmstart.errors import DataError, SettingError


def refuse_bad_places(settings: BackboneSettings) -> Path | None:
    """Check before anything slow is loaded that the source is there, and the store not in it.

    Args:
        settings: What a command was asked for.

    Returns:
        The folder that holds the images, None if only a table lies beside theirs.
    """
    source = Path(settings.source)
    refuse_missing(source, expected="a folder of images, or a CSV that names them.")
    if settings.fixes is not None:
        refuse_missing(Path(settings.fixes), expected="a CSV of fixes, from warmstart check.")
    data = data_folder(source, settings.folder)
    if settings.cache_dir is not None:
        refuse_within_data(Path(settings.cache_dir), "--cache-dir", data)
    return data


def refuse_missing(path: Path, *, expected: str) -> None:
    """Check before anything slow is loaded that a path is there.

    Args:
        path: What was typed.
        expected: What it should have been.

    Raises:
        DataError: there is nothing of that name.
    """
    if path.exists() or path.is_symlink():
        return
    near = nearest(path)
    raise DataError(
        f"there is no file or folder {path}.",
        expected=expected,
        fix=f"check the spelling, and whether this is the right folder to be in: {Path.cwd()}",
        flags=() if near is None else ("=", str(path), str(near)),
    )


def nearest(path: Path) -> Path | None:
    """The path there is that is spelled most like one that is not, part by part."""
    here = Path(path.anchor)
    for part in path.parts[1 if path.anchor else 0 :]:
        if part == ".." or (here / part).exists():
            here /= part
            continue
        try:
            names = sorted(entry.name for entry in here.iterdir())
        except OSError:
            return None
        folded = {name.casefold(): name for name in reversed(names)}
        close = difflib.get_close_matches(part.casefold(), folded, 1)
        if not close:
            return None
        here /= folded[close[0]]
    return here


def data_folder(source: Path, folder: str = "") -> Path | None:
    """The folder that holds the user's images, None if only a table lies beside theirs.

    Args:
        source: A folder, or a table of file names.
        folder: Where a table's images lie, under its own folder or anywhere else.
    """
    from warmstart.data.file_names import resolve_base  # here: numpy is not needed for --help
    from warmstart.data.layout import has_images

    if source.is_dir():
        return source
    base = resolve_base(source.parent, folder)
    home = base.root / base.folder
    return home if folder or (home.is_dir() and has_images(home)) else None


def is_within(path: Path, folder: Path | None) -> bool:
    """Whether a path is a folder or lies in it, links followed."""
    return folder is not None and path.resolve().is_relative_to(folder.resolve())


def refuse_within_data(path: Path, flag: str, data: Path | None) -> None:
    """Law 13: nothing is written among the user's images.

    Args:
        path: Where something is to be written.
        flag: The option that said so.
        data: The folder of images.

    Raises:
        SettingError: it lies among them.
    """
    if data is not None and is_within(path, data):
        beside = data.resolve().parent / f"{data.resolve().name}-{flag.lstrip('-')}"
        raise SettingError(
            f"{flag} {path} lies in the data folder {data}, where nothing is ever written.",
            expected="a folder outside the data.",
            fix=f"give another one, such as {beside}.",
            flags=(flag, str(beside)),
        )
