"""Which part of some labelled data is judged, where it has parts: as asked, else valid."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from warmstart.data.columns import Grid, Place
from warmstart.data.layout import visible_folders
from warmstart.data.scan import scan
from warmstart.data.split import is_split_title, part_of, resolve_splits
from warmstart.errors import DataError, SettingError, first_few

ORDER = ("valid", "test", "train")  # of what is judged where nobody says


def chosen_folder(source: Path, classes: Sequence[str], split: str | None) -> tuple[str, list[str]]:
    """The folder of the part that is judged, "" where there are no parts; and notes.

    Args:
        source: The folder of class folders, or of parts that have them.
        classes: Those that the model knows: one may be called like a part.
        split: A part's folder or word; None is valid, or else test, or else train.

    Raises:
        SettingError: there is no such part, or there are several.
    """
    parts, folders = part_folders(source, classes), visible_folders(source)
    own = [name for name in folders if name == split and name not in classes]
    chosen = own or folders_of_split(source, parts, split)
    if len(chosen) == 1:
        others = [name for name in folders if name != chosen[0]]
        told = f"the part {chosen[0]} is judged, not {first_few(others)} (see --split)"
        return chosen[0], [told] if others else []
    if split is None and not parts:
        return "", []
    wanted = "labelled pictures" if split is None else f"the part {split}"
    there = chosen or list(parts)
    raise SettingError(
        f"{source} has {'several folders' if chosen else 'no folder'} of {wanted}"
        + (f": {first_few(chosen)}." if chosen else "."),
        expected=f"one of its parts: {first_few(there)}."
        if there
        else "a folder with a folder for each part; this one has none, or is one.",
        fix=f"pass split={there[0]!r}." if there else "leave split away.",
        flags=("--split", there[0]) if there else (),
    )


def part_folders(source: Path, classes: Sequence[str]) -> Mapping[str, str]:
    """Folders of class folders that are called like a part → the part."""
    found = {}
    for name in visible_folders(source):
        within, word = visible_folders(source / name), part_of(name)
        is_class = name in classes and not set(within) & set(classes)
        if word is not None and within and not is_class:
            found[name] = word
    return found


def folders_of_split(source: Path, parts: Mapping[str, str], split: str | None) -> list[str]:
    """The folders of a part; of none in particular, those of the first part with pictures."""
    if split is not None:
        return [name for name, word in parts.items() if word == part_of(split)]
    for wanted in ORDER:
        named = [name for name, word in parts.items() if word == wanted]
        full = [name for name in named if any("/" in one for one in scan(source / name).images)]
        if full:
            return full
    return []


def split_column(grid: Grid, told: Place | None, split: str | None) -> tuple[int | None, list[str]]:
    """The column that says which part each row is in, None where all rows are judged; and notes.

    Args:
        grid: The table.
        told: The column, where somebody said.
        split: The part that was asked for.

    Raises:
        SettingError: a part was asked for, and no column says so.
    """
    if told is not None:
        return grid.find(told), []
    if split is None:
        return None, []
    titles = grid.titles or ()
    like = [place for place, title in enumerate(titles) if is_split_title(title)]
    if len(like) == 1:
        return like[0], [f"parts are read from the column {grid.title(like[0])}"]
    shown = [grid.title(place) for place in like or range(len(titles))]
    raise SettingError(
        f"the part {split} is asked for, and nothing says which column of {grid.source} has it.",
        expected="a column of parts" + (f", one of: {first_few(shown)}." if shown else "."),
        fix=f"pass split_column={shown[0]!r}." if like else "name it: --split-column COLUMN",
        flags=("--split-column", shown[0]) if like else (),
    )


def rows_of_part(grid: Grid, place: int, split: str | None) -> tuple[list[int], list[str]]:
    """The rows of the part that is judged, and notes.

    Args:
        grid: The table.
        place: Of the column of parts; its words may be others than those of training.
        split: A word of that column or for one; None is valid, or else test, or else train.

    Raises:
        DataError: there is no such row.
    """
    cells = [cell.strip() for cell in grid.texts(place)]
    if split is not None:
        low = split.strip().casefold()
        exact = [row for row, cell in enumerate(cells) if cell.casefold() == low]
        if exact:
            return exact, []
    parts, notes = resolve_splits(cells, grid.title(place))
    first = next((part for part in ORDER if part in parts), None)
    wanted = first if split is None else part_of(split)
    rows = [row for row, part in enumerate(parts) if part is not None and part == wanted]
    if not rows:
        here = sorted(set(cells) - {""})
        raise DataError(
            f"{grid.source} has no {split or ORDER[0]} rows.",
            expected=f"a part that the column {grid.title(place)} has: {first_few(here)}.",
            fix=f"name a part that the column has: --split {here[0] if here else 'WORD'}",
            flags=("--split", here[0]) if here else (),
        )
    return rows, [*notes, *([f"the part {wanted} is judged"] if split is None else [])]
