"""Files behind a URL (s3://, gs://, https://, memory://), read through fsspec; never written."""

import errno
import hashlib
import re
from collections.abc import Generator
from functools import lru_cache
from pathlib import Path, PosixPath
from typing import Any

from warmstart.errors import DataError, SettingError

URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/+(.+)", re.DOTALL)  # two letters: no drive of Windows
EXTRA = "pip install 'warmstart[remote]'"


class RemotePath(PosixPath):
    """A URL that can be joined and asked like the path of a file; nothing is ever written there."""

    def __str__(self) -> str:
        """With both strokes, which a path would lose; what is relative to a URL has none."""
        first, *rest = self.parts or (".",)
        return "/".join([f"{first}/" if first.endswith(":") else first, *rest])

    def __fspath__(self) -> str:
        """Likewise."""
        return str(self)

    def __repr__(self) -> str:
        """As a path shows itself."""
        return f"RemotePath({str(self)!r})"

    def absolute(self) -> "RemotePath":
        """The same: a URL is whole."""
        return self

    def resolve(self, strict: bool = False) -> "RemotePath":  # noqa: ARG002, FBT001, FBT002
        """The same: links are the store's own matter."""
        return self

    def is_symlink(self) -> bool:
        """Never."""
        return False

    def exists(self, **_: Any) -> bool:
        """Whether something is there."""
        return self.is_file() or self.is_dir()

    def is_file(self, **_: Any) -> bool:
        """Whether an object is there."""
        return (info_of(self) or {}).get("type") == "file"

    def is_dir(self, **_: Any) -> bool:
        """Whether objects are below it."""
        return (info_of(self) or {}).get("type") == "directory"

    def iterdir(self) -> Generator["RemotePath", None, None]:
        """What lies right below it, sorted."""
        filesystem, path = filesystem_of(self)
        with _Asking(self):
            found = filesystem.ls(path, detail=False)
        names = {each.rstrip("/").rpartition("/")[2] for each in found}
        names -= {"", path.rstrip("/").rpartition("/")[2]} if path.rstrip("/") in found else {""}
        yield from (self / name for name in sorted(names))


def as_place(path: str | Path) -> Path:
    """A path, or what reads a URL where it is one; "file://" is a path.

    >>> as_place("s3://bucket/photos") / "a.jpg"
    RemotePath('s3://bucket/photos/a.jpg')
    """
    if isinstance(path, RemotePath):
        return path
    match = URL.fullmatch(str(path))
    if match is None:
        return Path(path)
    if match[1].lower() in {"file", "local"}:
        return Path("/" + match[2])
    return RemotePath(f"{match[1].lower()}://{match[2]}")


def filesystem_of(path: RemotePath) -> tuple[Any, str]:
    """The store that a URL is in, and its name there."""
    protocol = path.parts[0].rstrip(":")
    filesystem = filesystem_for(protocol)
    return filesystem, str(filesystem._strip_protocol(str(path)))


@lru_cache(maxsize=16)
def filesystem_for(protocol: str) -> Any:
    """The store behind a protocol, with what the environment says of it.

    Raises:
        SettingError: it is unknown, or what reads it is not installed.
    """
    try:
        import fsspec  # an extra, that only URLs need

        if protocol not in fsspec.available_protocols():
            raise SettingError(
                f"nothing is known of the protocol {protocol}://.",
                expected="s3://, gs://, https:// or another one that fsspec knows; or a path.",
                fix="check the spelling.",
            )
        return fsspec.filesystem(protocol)
    except ImportError as error:
        raise SettingError(
            f"{protocol}:// cannot be read: {error}.",
            expected=f"fsspec, and what it needs for {protocol}://.",
            fix=EXTRA
            if protocol in {"s3", "s3a"} or error.name == "fsspec"
            else f"install what it names: {error}.",
        ) from error


def info_of(path: RemotePath) -> dict[str, Any] | None:
    """What the store says of an object, None where nothing is there."""
    filesystem, name = filesystem_of(path)
    try:
        with _Asking(path):
            return dict(filesystem.info(name))
    except FileNotFoundError:
        return None


class _Asking:
    """Turns whatever a store raises into three lines, but what says that nothing is there."""

    def __init__(self, path: RemotePath) -> None:
        self.path = path

    def __enter__(self) -> None:
        """Nothing is done before."""

    def __exit__(self, kind: type[BaseException] | None, error: Any, _: object) -> None:
        if error is None or isinstance(error, (FileNotFoundError, DataError, SettingError)):
            return
        if isinstance(error, Exception):
            raise DataError(
                f"{self.path} cannot be read ({type(error).__name__}: {error}).",
                expected="a place that this computer may read.",
                fix="check the name, the network, and the credentials of the store.",
            ) from error


def read_remote(path: RemotePath, start: int, end: int) -> bytes:
    """Bytes from ``start`` up to ``end``, fewer where the object ends before.

    Raises:
        OSError: it is gone, or cannot be read now.
    """
    filesystem, name = filesystem_of(path)
    if end <= start:
        return b""
    try:
        return bytes(filesystem.cat_file(name, start=start, end=end))
    except OSError:
        raise
    except Exception as error:
        raise OSError(errno.EIO, f"{type(error).__name__}: {error}", str(path)) from error


def remote_size(path: RemotePath) -> int:
    """How many bytes an object has.

    Raises:
        OSError: it is no object, or the store does not tell.
    """
    info = info_of(path)
    size = None if info is None or info.get("type") != "file" else info.get("size")
    if not isinstance(size, int):
        raise OSError(errno.ENOENT, "no such file, or one whose size is not told", str(path))
    return size


def remote_stamp(path: RemotePath) -> tuple[int, int, int, int]:
    """(Size, time, 0, mark): what changes when an object does; zeros where nothing tells."""
    info = info_of(path) or {}
    marks = [info.get(key) for key in ("ETag", "etag", "md5Hash", "generation", "version_id")]
    times = [info.get(key) for key in ("LastModified", "last_modified", "mtime", "updated")]
    told = [str(each) for each in (*marks, *times, info.get("created")) if each]
    if not told or not isinstance(info.get("size"), int):
        return 0, 0, 0, 0
    mark = hashlib.sha256("\n".join(told).encode()).digest()
    return info["size"], 0, 0, int.from_bytes(mark[:7], "big")


def walk_remote(path: RemotePath) -> list[tuple[str, int]]:
    """(Name below a URL, size) of every object there, sorted."""
    filesystem, name = filesystem_of(path)
    with _Asking(path):
        found = filesystem.find(name, detail=True)
    prefix = name.rstrip("/") + "/"
    return sorted(
        (each.removeprefix(prefix), int(info.get("size") or 0))
        for each, info in found.items()
        if each.startswith(prefix) and not each.endswith("/")
    )
