"""The columns of a Parquet file, and the bytes that a cell of it holds; pyarrow loads here."""

import json
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from threading import Lock
from typing import IO, Any

from warmstart.errors import DataError, FileError, SettingError
from warmstart.files.remote_reading import RemotePath, filesystem_of

EXTRA = "pip install 'warmstart[parquet]'"
MOST_GROUP_BYTES = 1 << 30  # of the images of one row group, unpacked: it is read whole
MOST_FOOTER_BYTES = 256 << 20  # of names and sums of the columns
KEPT_BYTES = 512 << 20  # of row groups that were read last, of all files together


@dataclass(frozen=True, eq=False)
class ParquetFile:
    """An open file: its titles, the names of the classes that its schema tells, and its rows.

    ``starts`` (G + 1,) is where each row group begins; ``images`` are columns that hold bytes.
    """

    place: Path
    reader: Any
    titles: tuple[str, ...]
    images: tuple[str, ...]
    starts: tuple[int, ...]

    @property
    def num_rows(self) -> int:
        """N."""
        return self.starts[-1]

    def class_names(self, title: str) -> tuple[str, ...] | None:
        """What the numbers of a column stand for, as Hugging Face writes it; None if nobody says.

        Args:
            title: Of the column.
        """
        told = (self.reader.schema_arrow.metadata or {}).get(b"huggingface")
        try:
            names = json.loads(told or b"{}")["info"]["features"][title]["names"]
        except (KeyError, TypeError, ValueError):
            return None
        good = isinstance(names, list) and all(isinstance(each, str) for each in names)
        return tuple(names) if good else None

    def column(self, title: str) -> Any:
        """A whole column, as pyarrow has it: (N,).

        Args:
            title: One of ``titles``; not one of images, which would not fit.
        """
        with _Told(self.place):
            return self.reader.read(columns=[title], use_threads=False).column(title)

    def values(self, title: str) -> list[Any]:
        """The cells of a column as values of Python."""
        column = self.column(title)
        with _Told(self.place):
            return list(column.to_pylist())

    def coded(self, title: str) -> tuple[Any, list[Any]]:
        """A column as positions in a list of its values, where many are the same.

        Args:
            title: One of ``titles``.

        Returns:
            (N,) integers of pyarrow, empty where a cell is; and the values, each once.
        """
        column = self.column(title)
        with _Told(self.place):
            if not str(column.type).startswith("dictionary"):
                column = column.dictionary_encode()
            whole = column.unify_dictionaries().combine_chunks()
            whole = whole.chunk(0) if hasattr(whole, "chunk") else whole
            return whole.indices, list(whole.dictionary.to_pylist())

    def _leaf(self, group: int, title: str) -> Any:
        told = self.reader.metadata.row_group(group)
        wanted = {title, f"{title}.bytes"}
        return next(
            told.column(each)
            for each in range(told.num_columns)
            if told.column(each).path_in_schema in wanted
        )

    def cells_of_group(self, group: int, title: str) -> Any:
        """The bytes of all images of a row group, as one array of pyarrow.

        Args:
            group: Which one.
            title: The column.

        Raises:
            OSError: they would not fit in memory.
        """
        size = self._leaf(group, title).total_uncompressed_size
        if size > MOST_GROUP_BYTES:
            raise OSError(
                f"a row group of {size:,} bytes of images, at most {MOST_GROUP_BYTES:,}: write it "
                "again with row_group_size=100"
            )
        column = self.reader.read_row_group(group, columns=[title], use_threads=False).column(0)
        array = column.combine_chunks()
        chunks = getattr(array, "chunks", None)
        array = array if chunks is None else chunks[0]
        return array.field("bytes") if str(array.type).startswith("struct") else array


@dataclass
class _Kept:
    """Open files, and row groups that were read last."""

    lock: Lock = field(default_factory=Lock)
    files: "OrderedDict[tuple[Any, ...], ParquetFile]" = field(default_factory=OrderedDict)
    groups: "OrderedDict[tuple[Any, ...], Any]" = field(default_factory=OrderedDict)


_KEPT = _Kept()  # a memory of what is on disk, by its size and times: no result depends on it


def import_parquet() -> Any:
    """The reader of pyarrow.

    Raises:
        SettingError: it is not installed.
    """
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise SettingError(
            "a Parquet file cannot be read: pyarrow is not installed.",
            expected="pyarrow, which reads them.",
            fix=EXTRA,
        ) from error
    return parquet


def open_parquet(place: Path, stamp: tuple[int, ...]) -> ParquetFile:
    """Read the footer of a file, or remember it.

    Args:
        place: The file, or its URL.
        stamp: What changes when it does.
    """
    key = (str(place), stamp)
    with _KEPT.lock:
        if key in _KEPT.files:
            return _KEPT.files[key]
    opened = _opened(place)
    with _KEPT.lock:
        _KEPT.files[key] = opened
        if len(_KEPT.files) > 64:
            _KEPT.files.popitem(last=False)
    return opened


def _opened(place: Path) -> ParquetFile:
    parquet = import_parquet()
    with _Told(place):
        file: str | IO[bytes] = str(place)
        if isinstance(place, RemotePath):
            filesystem, name = filesystem_of(place)
            file = filesystem.open(name, "rb")
        reader = parquet.ParquetFile(file, thrift_string_size_limit=MOST_FOOTER_BYTES)
        told = reader.metadata
        numbers = [told.row_group(group).num_rows for group in range(told.num_row_groups)]
        schema = reader.schema_arrow
    images = tuple(each.name for each in schema if holds_bytes(each.type))
    starts = tuple(accumulate(numbers, initial=0))
    return ParquetFile(place, reader, tuple(schema.names), images, starts)


def holds_bytes(kind: Any) -> bool:
    """Whether cells of this type may be files: bytes, or as Hugging Face writes them."""
    told = str(kind)
    if told.startswith("struct<"):
        return any(each.name == "bytes" and holds_bytes(each.type) for each in kind)
    return told in {"binary", "large_binary", "binary_view"}


def cell_bytes(opened: ParquetFile, stamp: tuple[int, ...], title: str, row: int) -> bytes | None:
    """The bytes of one cell; None where it is empty.

    Args:
        opened: The file.
        stamp: What changes when it does.
        title: The column.
        row: From 0.

    Raises:
        OSError: there is no such row or column, or it cannot be read.
    """
    if title not in opened.images or not 0 <= row < opened.num_rows:
        raise OSError(f"no cell of images in row {row}, column {title}")
    group = bisect_right(opened.starts, row) - 1
    key = (str(opened.place), stamp, title, group)
    with _KEPT.lock:  # also while it is read: others wait for the same rows
        if key not in _KEPT.groups:
            try:
                _KEPT.groups[key] = opened.cells_of_group(group, title)
            except OSError:
                raise
            except Exception as error:
                raise OSError(f"damaged: {error}") from error
            _forget_old(key)
        _KEPT.groups.move_to_end(key)
        cells = _KEPT.groups[key]
    found = cells[row - opened.starts[group]].as_py()
    return found if found is None else bytes(found)


def _forget_old(newest: tuple[Any, ...]) -> None:
    """Let go of the row groups that were used longest ago."""
    total = sum(each.nbytes for each in _KEPT.groups.values())
    for key in list(_KEPT.groups):
        if total <= KEPT_BYTES or key == newest:
            return
        total -= _KEPT.groups.pop(key).nbytes


class _Told:
    """Turns what pyarrow raises of a damaged file into three lines."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def __enter__(self) -> None:
        """Nothing is done before."""

    def __exit__(self, kind: type[BaseException] | None, error: Any, _: object) -> None:
        if isinstance(error, Exception) and not isinstance(error, (DataError, SettingError)):
            raise FileError(
                f"{self.place} cannot be read as Parquet: {error}.",
                expected="a whole Parquet file.",
                fix="copy it again, or write it anew: frame.to_parquet(path)",
            ) from error


def parquet_cell(inner: Sequence[str]) -> tuple[str, int] | None:
    """(Column, row) that the end of a path names, such as ("image", "000017"); None if it does not.

    >>> parquet_cell(("image", "000017"))
    ('image', 17)
    """
    if len(inner) == 2 and inner[1].isdecimal() and inner[1].isascii() and len(inner[1]) < 19:
        return inner[0], int(inner[1])
    return None
