"""Paths that a shell user typed: is it there, is it what it should be, may it be written to?"""

import difflib
from collections.abc import Callable, Iterator
from pathlib import Path

from warmstart.cli.run.config import PREDICTIONS, RECIPE, RUNS
from warmstart.cli.run.settings import PATHS, BackboneSettings, TrainSettings
from warmstart.data.output_paths import cache_folder, check_outside_folders
from warmstart.errors import DataError, SettingError
from warmstart.files.places import CONTAINERS, is_place
from warmstart.files.remote_reading import RemotePath, as_place

DRAWN = (".png", ".svg", ".pdf", ".jpg")
MOST_NEAR = 3  # spellings that are tried for each part of a path


def anything(path: Path) -> Path:
    """A path, whatever is there."""
    return path


def check_places(settings: BackboneSettings) -> list[Path]:
    """Check before anything slow is loaded that the source is there, and nothing written in it.

    Args:
        settings: What a command was asked for.

    Returns:
        The folders that hold images, of other things too; none if only a table lies beside theirs.
    """
    for name in PATHS:
        check_is_utf8(getattr(settings, name, None))
    source = as_place(settings.source)
    if not is_pattern(settings.source):
        check_exists(source, expected="a folder of images, or a CSV that names them.")
    if settings.fixes is not None:
        check_exists(Path(settings.fixes), expected="a CSV of fixes, from warmstart check.")
    found = [data_folder(source, settings.folder)]
    if isinstance(settings, TrainSettings) and settings.others is not None:
        others = as_place(settings.others)
        check_exists(others, expected="pictures of other things.")
        found.append(others if others.is_dir() else None)
    data = [folder for folder in found if folder is not None]
    check_outside_folders(cache_folder(settings.cache_dir), "--cache-dir", data)
    if isinstance(settings, TrainSettings) and settings.tensorboard is not None:
        check_outside_folders(Path(settings.tensorboard), "--tensorboard", data)
    return data


def is_pattern(source: str) -> bool:
    """Whether a source names several files, by braces or *; readers say which of them are there."""
    return any(sign in source for sign in "{*[?") and not as_place(source).exists()


def check_is_utf8(place: str | None) -> None:
    """See that a path can be written down, in a run's recipe.

    Raises:
        DataError: it cannot; its bytes are no UTF-8.
    """
    whole = "" if place is None else str(Path(place).absolute())
    if whole.encode(errors="ignore").decode() != whole:
        raise DataError(
            f"the name {whole} is not UTF-8.",
            expected="a path that can be written down.",
            fix="rename it: convmv -f latin1 -t utf8",
        )


def check_exists(
    path: Path, *, expected: str, would_do: Callable[[Path], Path | None] = anything
) -> None:
    """Check before anything slow is loaded that a path is there.

    Args:
        path: What was typed.
        expected: What it should have been.
        would_do: What of a path that is spelled like it, the same or one within; None if nothing.

    Raises:
        DataError: there is nothing of that name.
    """
    if path.exists() or path.is_symlink() or is_place(path):
        return
    if isinstance(path, RemotePath):
        raise DataError(
            f"there is nothing at {path}.",
            expected=expected,
            fix="check the spelling, and whether this computer may read it.",
        )
    near = nearest(path, would_do)
    raise DataError(
        f"there is no file or folder {path}.",
        expected=expected,
        fix=f"check the spelling, and whether this is the right folder to be in: {Path.cwd()}",
        flags=() if near is None else ("=", str(path), str(near)),
    )


def check_is_run(run: Path, *, other: Path | None = None) -> None:
    """Check that a path is the folder of a run, finished or not.

    Args:
        run: What was typed.
        other: A run that it should not be.

    Raises:
        DataError: it is nothing, or something else.
    """

    def would_do(path: Path) -> Path | None:
        is_other = other is not None and path.resolve() == other.resolve()
        return None if is_other else run_at(path)

    expected = "the folder of a run, that `warmstart train` wrote."
    check_exists(run, expected=expected, would_do=would_do)
    if run_at(run) is None:
        near = would_do(run.parent) or nearest(run, would_do)
        raise DataError(
            f"{run} is not the folder of a run: it has no {RECIPE}.",
            expected=expected,
            fix="give the folder of a run, such as runs/photos-1.",
            flags=() if near is None else ("=", str(run), str(near)),
        )


def run_at(path: Path) -> Path | None:
    """A path, if it is the folder of a run, or of what is left of one to compare."""
    return path if any((path / name).is_file() for name in (RECIPE, PREDICTIONS)) else None


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
    if isinstance(source, RemotePath) or is_pattern(str(source)) or source.suffix in CONTAINERS:
        return None
    base = resolve_base(source.parent, folder)
    home = base.root / base.folder
    return home if folder or (home.is_dir() and has_images(home)) else None


def check_drawable(plot: Path, flag: str) -> None:
    """A file that no picture can be written to.

    Args:
        plot: What was typed.
        flag: Which option says so.

    Raises:
        SettingError: its suffix is not that of a picture.
    """
    if plot.suffix.lower() not in DRAWN:
        raise SettingError(
            f"{flag} {plot} has the suffix {plot.suffix or 'of no format'}.",
            expected="a file that ends in " + ", ".join(DRAWN) + ".",
            fix=f"give {plot.with_suffix('.png')}.",
            flags=(flag, str(plot.with_suffix(".png"))),
        )


def nearest(path: Path, would_do: Callable[[Path], Path | None] = anything) -> Path | None:
    """What would do of the path there is that is spelled most like one that is not.

    Args:
        path: What was typed; part by part, each is spelled most like it.
        would_do: As for ``check_exists``. What is not anything is also sought among the runs.
    """
    homes = [path] if would_do is anything else [path, RUNS / path.name]
    found = (would_do(near) for home in homes for near in spelled_like(home))
    return next((place for place in found if place is not None), None)


def spelled_like(path: Path) -> Iterator[Path]:
    """Paths that are there, the most alike first."""
    here, rest = Path(path.anchor), path.parts[1 if path.anchor else 0 :]
    for place, part in enumerate(rest):
        if part == ".." or (here / part).exists():
            here /= part
            continue
        try:
            names = sorted(entry.name for entry in here.iterdir())
        except OSError:
            return
        folded = {name.casefold(): name for name in reversed(names)}
        for close in difflib.get_close_matches(part.casefold(), folded, MOST_NEAR):
            near = here.joinpath(folded[close], *rest[place + 1 :])
            if near.exists():
                yield near
            elif place + 1 < len(rest):
                yield from spelled_like(near)
        return
    yield here
