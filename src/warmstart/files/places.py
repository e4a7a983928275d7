"""Where a picture lies: in a file, in a member of an archive, in a cell of a table, behind a URL.

The path says which. ``photos.tar/cat.jpg`` is a member of an archive, ``photos.parquet/image/17`` a
cell, and either may lie behind a URL; so whoever keeps a path keeps a reference that is read again.
"""

import errno
from collections.abc import Sequence
from contextlib import ExitStack
from functools import lru_cache
from io import BufferedIOBase, BytesIO
from pathlib import Path
from threading import Lock

from warmstart.errors import FileError
from warmstart.files.parquet_rows import cell_bytes, open_parquet, parquet_cell
from warmstart.files.reading import open_regular, read_regular, reader_at
from warmstart.files.remote_reading import RemotePath, read_remote, remote_size, remote_stamp
from warmstart.files.tar_index import ReadAt, TarIndex, index_tar, packed_kind

TAR, PARQUET = ".tar", ".parquet"
CONTAINERS = (TAR, PARQUET)
PACKED = (".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".tar.zst")
MOST_INDEXES = 4096  # archives whose members are remembered
AHEAD = 4 << 20  # bytes of a remote archive that are asked for at once
Stamp = tuple[int, int, int, int]
NOTHING: Stamp = (0, 0, 0, 0)
_LOCK = Lock()


def container_of(path: Path) -> tuple[Path, tuple[str, ...]] | None:
    """(The archive or table, the parts of the path within it); None for a file of its own."""
    parts = path.parts
    for place in range(len(parts) - 1):
        if parts[place].lower().endswith(CONTAINERS):
            holder = path.parents[len(parts) - 2 - place]
            if isinstance(holder, RemotePath) or holder.is_file():
                return holder, parts[place + 1 :]
    return None


def is_folder(path: Path) -> bool:
    """Whether it is a folder that may be looked at; a name that nothing can have is none."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def read_bytes_at(path: Path, most_bytes: int) -> bytes:
    """What a picture's place holds.

    Args:
        path: Of a file, a member, a cell, or a URL of these.
        most_bytes: More than any that could be meant: nothing larger is read.

    Returns:
        Its bytes; an OSError where it is gone, larger, or cannot be read.
    """
    found = container_of(path)
    if found is not None:
        return _read_within(*found, path, most_bytes)
    if isinstance(path, RemotePath):
        size = remote_size(path)
        _check_size(size, most_bytes, path)
        return read_remote(path, 0, size)
    return read_regular(path, most_bytes)


def open_place(path: Path, most_bytes: int) -> BufferedIOBase:
    """The same as an open file: only its beginning may be wanted."""
    if isinstance(path, RemotePath) or container_of(path) is not None:
        return BytesIO(read_bytes_at(path, most_bytes))
    return open_regular(path, most_bytes)


def place_stamp(path: Path) -> Stamp:
    """(size, mtime_ns, ctime_ns, inode) of the file that holds it; zeros where nothing tells."""
    found = container_of(path)
    place = path if found is None else found[0]
    if isinstance(place, RemotePath):
        return remote_stamp(place)
    try:
        status = place.stat()
    except OSError:
        return NOTHING
    return status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino


def is_place(path: Path) -> bool:
    """Whether a picture could be read there: a file, or a member or cell that there is."""
    found = container_of(path)
    if found is None:
        return path.is_file()
    holder, inner = found
    try:
        if holder.name.lower().endswith(TAR):
            return tar_index(holder).find("/".join(inner)) is not None
        cell, opened = parquet_cell(inner), open_parquet(holder, place_stamp(holder))
        return cell is not None and cell[0] in opened.images and cell[1] < opened.num_rows
    except (OSError, FileError):
        return False


def tar_index(archive: Path) -> TarIndex:
    """The members of an archive, by its headers; remembered until it changes."""
    with _LOCK:
        return _tar_index(archive, place_stamp(archive))


def read_members(archive: Path, names: Sequence[str], most_bytes: int) -> list[bytes]:
    """What some members of one archive hold, in the order asked for; it is opened once.

    Args:
        archive: A file, or its URL.
        names: Of members.
        most_bytes: More than any that could be meant.

    Raises:
        FileError: one is larger, or cannot be read.
    """
    index = tar_index(archive)
    where = [index.find(name) or (0, most_bytes + 1) for name in names]
    found = [b""] * len(names)
    with ExitStack() as stack:
        if isinstance(archive, RemotePath):
            read_at: ReadAt = _Ahead(archive).read_at
        else:
            read_at = reader_at(stack.enter_context(open_regular(archive)))
        for place in sorted(range(len(names)), key=where.__getitem__):
            offset, size = where[place]
            if size <= most_bytes:
                found[place] = read_at(offset, size)
            if size > most_bytes or len(found[place]) != size:
                raise FileError(
                    f"{archive}/{names[place]} has {size:,} bytes, or is cut off.",
                    expected=f"at most {most_bytes:,} bytes.",
                    fix="look whether it is what its name says.",
                )
    return found


@lru_cache(maxsize=MOST_INDEXES)
def _tar_index(archive: Path, stamp: Stamp) -> TarIndex:
    if isinstance(archive, RemotePath):
        _check_not_packed(read_remote(archive, 0, 8), archive)
        return index_tar(_Ahead(archive).read_at, stamp[0] or remote_size(archive), str(archive))
    with open_regular(archive) as file:
        read_at = reader_at(file)
        _check_not_packed(read_at(0, 8), archive)
        return index_tar(read_at, stamp[0], str(archive))


def _check_not_packed(head: bytes, archive: Path) -> None:
    """A compressed archive: to find its last member all of it would have to be unpacked.

    Raises:
        FileError: it is one.
    """
    kind = packed_kind(head)
    if kind:
        raise FileError(
            f"{archive} is compressed with {kind}, so that no member can be read by itself.",
            expected="a plain tar archive: photos are compressed already.",
            fix="unpack it once: gunzip photos.tar.gz, and give photos.tar."
            if kind == "gzip"
            else "unpack it once, and pack it again: tar cf photos.tar photos",
        )


class _Ahead:
    """Reads headers of a remote archive, many bytes at once."""

    def __init__(self, path: RemotePath) -> None:
        self.path, self.start, self.content = path, 0, b""

    def read_at(self, offset: int, number: int) -> bytes:
        """``number`` bytes from ``offset``."""
        end = self.start + len(self.content)
        if not self.start <= offset <= offset + number <= end:
            self.start = offset
            self.content = read_remote(self.path, offset, offset + max(number, AHEAD))
        return self.content[offset - self.start :][:number]


def _read_within(holder: Path, inner: tuple[str, ...], path: Path, most_bytes: int) -> bytes:
    """A member of an archive, or a cell of a table.

    Raises:
        OSError: it is gone, larger, or cannot be read.
    """
    try:
        if holder.name.lower().endswith(TAR):
            return _read_member(holder, "/".join(inner), path, most_bytes)
        cell, stamp = parquet_cell(inner), place_stamp(holder)
        content = None
        if cell is not None:
            content = cell_bytes(open_parquet(holder, stamp), stamp, *cell)
    except FileError as error:
        raise OSError(errno.EIO, error.what, str(path)) from error
    if content is None:
        raise OSError(errno.ENOENT, "an empty cell, or none", str(path))
    _check_size(len(content), most_bytes, path)
    return content


def _read_member(archive: Path, name: str, path: Path, most_bytes: int) -> bytes:
    where = tar_index(archive).find(name)
    if where is None:
        raise OSError(errno.ENOENT, "no such member of the archive", str(path))
    offset, size = where
    _check_size(size, most_bytes, path)
    if isinstance(archive, RemotePath):
        content = read_remote(archive, offset, offset + size)
    else:
        with open_regular(archive) as file:
            content = reader_at(file)(offset, size)
    if len(content) != size:
        raise OSError(errno.EIO, "cut off", str(path))
    return content


def _check_size(size: int, most_bytes: int, path: Path) -> None:
    """More than a picture would have.

    Raises:
        OSError: it is so.
    """
    if size > most_bytes:
        raise OSError(errno.EFBIG, f"a file of {size:,} bytes, at most {most_bytes:,}", str(path))
