"""Which column of a Parquet file says what, and its cells as numbers."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from warmstart.data.columns import LABEL_TITLES, NAME_TITLES, Columns, find_column
from warmstart.data.label_forms import read_labels
from warmstart.data.shards import Shards
from warmstart.data.split import is_split_title, resolve_splits
from warmstart.data.table import SPLITS
from warmstart.errors import DataError, SettingError, first_few
from warmstart.files.parquet_rows import ParquetFile, open_parquet
from warmstart.files.places import place_stamp


@dataclass(frozen=True)
class CellColumns:
    """Titles of the columns that say what."""

    image: str
    label: str
    split: str | None
    group: str | None


def open_all(shards: Shards) -> list[ParquetFile]:
    """The files, by their footers.

    Raises:
        DataError: they differ in their columns.
    """
    opened = [open_parquet(file, place_stamp(file)) for file in shards.files]
    for each in opened:
        if each.titles != opened[0].titles:
            raise DataError(
                f"{each.place} has the columns {', '.join(each.titles)}, and {opened[0].place} "
                f"{', '.join(opened[0].titles)}.",
                expected="the same columns in all files.",
                fix="name files of one table only, such as 'photos/train-*.parquet'",
            )
    if not sum(each.num_rows for each in opened):
        raise DataError(
            f"{opened[0].place} has no rows.",
            expected="a row per picture.",
            fix="look whether it was written to the end.",
        )
    return opened


def find_columns(opened: ParquetFile, columns: Columns) -> CellColumns:
    """Which column says what.

    Args:
        opened: The first of the files.
        columns: What was told.

    Raises:
        SettingError: there is no such column, or several could be meant.
    """
    source, titles = str(opened.place), opened.titles

    def told(column: Any) -> str | None:
        return None if column is None else titles[find_column(source, titles, len(titles), column)]

    chosen = find_image_column(opened, told(columns.image))
    if columns.label is not None and not isinstance(columns.label, (str, int)):
        raise SettingError(
            f"label_column={columns.label!r} names several columns.",
            expected="one column: a class, or a list of classes, in each row.",
            fix="pass one of them.",
        )
    split, group, label = told(columns.split), told(columns.group), told(columns.label)
    if label is None:
        rest = [t for t in titles if t not in {*opened.images, split, group}]
        titled = [title for title in rest if title.strip().casefold() in LABEL_TITLES]
        others = [title for title in rest if not is_split_title(title)]
        meant = titled or (others if len(others) == 1 else [])
        if len(meant) != 1:
            refuse_columns(source, "the labels", "label_column", titled or rest)
        label = meant[0]
    return CellColumns(chosen, label, split, group)


def find_image_column(opened: ParquetFile, told: str | None) -> str:
    """The column that holds the pictures' bytes.

    Args:
        opened: The file.
        told: The column, where somebody said.

    Raises:
        SettingError: there is none, several could be meant, or the one that was told holds none.
    """
    source = str(opened.place)
    if told is None:
        named = [title for title in opened.images if title.casefold() in NAME_TITLES]
        meant = list(opened.images) if len(opened.images) == 1 else named
        if len(meant) != 1:
            refuse_columns(source, "the pictures", "image_column", opened.images)
        return meant[0]
    if told not in opened.images:
        raise SettingError(
            f"the column {told} of {source} holds no bytes.",
            expected="a column of bytes, or of bytes and path as Hugging Face writes them: "
            f"{first_few(opened.images)}.",
            fix=f"pass image_column={opened.images[0]!r}.",
            flags=("--image-column", opened.images[0]),
        )
    return told


def refuse_columns(source: str, what: str, argument: str, there: Sequence[str]) -> NoReturn:
    """Several columns that could be meant, or none.

    Raises:
        SettingError: always.
    """
    flag = "--" + argument.replace("_", "-")
    number = "several columns that could hold" if there else "no column that could hold"
    raise SettingError(
        f"{source} has {number} {what}" + (f": {first_few(there)}." if there else "."),
        expected="one column, by its name.",
        fix=f"pass {argument}={there[0]!r}, or another one."
        if there
        else "write one beside the pictures.",
        flags=(flag, there[0]) if there else (),
    )


def has_lists(opened: Sequence[ParquetFile], label: str) -> bool:
    """Whether a cell of labels may hold several."""
    kind = str(opened[0].reader.schema_arrow.field(label).type)
    return kind.startswith(("list", "large_list", "fixed_size_list"))


def coded(opened: ParquetFile, title: str) -> tuple[NDArray[np.int64], list[Any]]:
    """A column as (N,) positions in a list of its values, -1 where a cell is empty."""
    indices, values = opened.coded(title)
    return indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), values


def names_of_values(
    values: Sequence[Any], named: tuple[str, ...] | None, where: str
) -> tuple[list[str | None], list[str]]:
    """The class that each value of a column stands for, None for none, and notes.

    Args:
        values: Numbers or texts, each once.
        named: What numbers stand for; None if nobody says. As Hugging Face has it, -1 is none.
        where: The column.

    Raises:
        DataError: a number stands for no name.
    """
    if named is not None:
        strange = [str(v) for v in values if not isinstance(v, int) or not -1 <= v < len(named)]
        if strange:
            raise DataError(
                f"{where} has labels that its schema has no name for: {first_few(strange)}.",
                expected=f"a number from 0 to {len(named) - 1}, or -1 where there is no label.",
                fix="write the file again, or name another column: --label-column COLUMN",
            )
        return [None if value == -1 else named[value] for value in values], []
    labels = read_labels(list(values), [where] * len(values))
    return [row[0] if row else None for row in labels.rows], list(labels.notes)


def split_words(opened: ParquetFile, title: str) -> tuple[NDArray[np.character], list[str]]:
    """The split of each row, by a column.

    Raises:
        DataError: a cell says none.
    """
    codes, values = coded(opened, title)
    number = np.bincount(codes[codes >= 0], minlength=len(values)).tolist()
    # how often each word stands there counts where it is yes or no
    words = ["" if value is None else str(value).lower() for value in values]
    shares = [max(1, round(1000 * count / len(codes))) for count in number]
    few = [word for word, share in zip(words, shares, strict=True) for _ in range(share)]
    found, notes = resolve_splits(few, title)
    of_word = dict(zip(few, found, strict=True))
    unread = [word for word in words if of_word.get(word) is None]
    if unread or (codes < 0).any():
        raise DataError(
            f"the column {title} of {opened.place} has words that are no split: "
            f"{first_few([*unread, *(['an empty cell'] if (codes < 0).any() else [])])}.",
            expected=f"one of {', '.join(SPLITS)} in each row.",
            fix="mend them, or leave split_column away, to have validation rows drawn.",
        )
    return np.array([of_word[word] for word in words], "<U5")[codes], notes
