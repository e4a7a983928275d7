"""A folder of whole objects, here or behind a URL: written once, never changed, read whole."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn, Protocol, runtime_checkable
from uuid import uuid4

from warmstart.errors import FileError, SettingError, reason_of
from warmstart.files.reading import read_regular
from warmstart.files.writing import TEMPORARY, remove_stale, writing

# Stores whose objects appear whole, and are only created where that is asked for.
PUT_WHOLE = frozenset({"s3", "s3a", "gs", "gcs", "memory"})


@runtime_checkable
class ObjectFolder(Protocol):
    """Where objects lie by name. Whoever makes one twice makes the same bytes."""

    def names(self) -> list[str]:
        """Of all whole objects, sorted."""

    def read(self, name: str, most_bytes: int) -> bytes:
        """What one holds; a FileError where it is gone or larger."""

    def put(self, name: str, content: bytes) -> None:
        """See that an object is there: whole or not at all, whoever else puts it."""

    def remove(self, name: str) -> None:
        """Let one go, if it is there."""

    def clear(self) -> None:
        """Remove the folder, if it is empty."""


def object_folder(place: str | Path) -> ObjectFolder:
    """A folder on a disk, or under a URL that fsspec knows.

    Args:
        place: Its path, or a URL such as ``s3://bucket/folder``, ``gs://…`` or ``memory://…``.
    """
    if is_url(place):
        return FolderOfUrl(str(place))
    return FolderOnDisk(Path(place))


def is_url(place: str | Path) -> bool:
    """Whether a place names a store by a scheme.

    >>> is_url("s3://bucket/shards"), is_url("/data/shards")
    (True, False)
    """
    return "://" in str(place)


@dataclass(frozen=True)
class FolderOnDisk:
    """Files of one folder, each by write, fsync, rename: of two writers the last one wins."""

    folder: Path

    def names(self) -> list[str]:
        """Of all whole files, sorted."""
        if not self.folder.is_dir():
            return []
        return sorted(p.name for p in self.folder.iterdir() if not p.name.startswith(TEMPORARY))

    def read(self, name: str, most_bytes: int) -> bytes:
        """What one holds."""
        try:
            return read_regular(self.folder / name, most_bytes)
        except OSError as error:
            refuse_object(str(self.folder / name), error)

    def put(self, name: str, content: bytes) -> None:
        """Write a file, whole or not at all."""
        with writing(self.folder / name, what=f"{len(content)} bytes of rows") as file:
            file.write(content)

    def remove(self, name: str) -> None:
        """Delete one."""
        (self.folder / name).unlink(missing_ok=True)

    def clear(self) -> None:
        """Delete what killed writers left, and the folder, if nothing else is in it."""
        with suppress(OSError):
            remove_stale(self.folder)
            self.folder.rmdir()


class FolderOfUrl:
    """Objects under a URL, by fsspec.

    Where the store has conditional writes (S3's ``If-None-Match``) an object is created, and one
    that is there by then is read back and compared. Elsewhere it is written beside, and moved.
    """

    def __init__(self, url: str) -> None:
        """Find what reads and writes such URLs.

        Args:
            url: Of the folder.

        Raises:
            SettingError: fsspec is not installed, or knows no such scheme, or lacks its package.
        """
        try:
            import fsspec  # here: only who names a URL needs it

            self._system: Any
            self._system, self._root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise SettingError(
                f"{url} cannot be reached: {error}.",
                expected="a path, or a URL whose scheme fsspec and its packages know.",
                fix='pip install "warmstart[cluster]"',
            ) from error
        self.url, self._root = url, self._root.rstrip("/")
        schemes = self._system.protocol
        self._schemes = {schemes} if isinstance(schemes, str) else set(schemes)

    def names(self) -> list[str]:
        """Of all objects, sorted."""
        self._system.invalidate_cache()
        found: list[str] = []
        with reached(self.url), suppress(FileNotFoundError):
            found = self._system.ls(self._root, detail=False)
        names = [place.rstrip("/").rpartition("/")[2] for place in found]
        return sorted(name for name in names if not name.startswith(TEMPORARY))

    def read(self, name: str, most_bytes: int) -> bytes:
        """What one holds."""
        with reached(self._path(name)):
            content: bytes = self._system.cat_file(self._path(name), end=most_bytes + 1)
        if len(content) > most_bytes:
            refuse_object(self._path(name), OSError("it is too large"))
        return content

    def put(self, name: str, content: bytes) -> None:
        """Create an object; another that is there has these bytes, or is replaced."""
        path = self._path(name)
        with reached(path):
            if not self._schemes & PUT_WHOLE:
                beside = self._path(f"{TEMPORARY}{uuid4().hex}")
                self._system.makedirs(self._root, exist_ok=True)
                self._system.pipe_file(beside, content)
                self._system.mv(beside, path)
                return
            try:
                self._system.pipe_file(path, content, mode="create")
            except FileExistsError:  # another worker was first
                if self._system.cat_file(path) != content:
                    self._system.pipe_file(path, content)

    def remove(self, name: str) -> None:
        """Delete one."""
        with reached(self._path(name)), suppress(FileNotFoundError):
            self._system.rm_file(self._path(name))

    def clear(self) -> None:
        """A store has no folders: with the last object it is gone."""

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"


@contextmanager
def reached(place: str) -> Iterator[None]:
    """Say which place it was that something went wrong with.

    Args:
        place: Of a store.
    """
    try:
        yield
    except Exception as error:  # noqa: BLE001 - each store's packages have errors of their own
        refuse_object(place, error)


def refuse_object(place: str, error: Exception) -> NoReturn:
    """Say that an object cannot be read or written.

    Args:
        place: Its path or URL.
        error: What the system or the store says.

    Raises:
        FileError: always.
    """
    reason = getattr(error, "strerror", None) or reason_of(error)
    raise FileError(
        f"{place} cannot be read or written ({reason}).",
        expected="a place that this computer and every worker can reach.",
        fix="look at its name and rights, and start again: what is done stays.",
    ) from error
