"""What lies where in a tar archive, by its headers alone: nothing is unpacked, nothing believed."""

from array import array
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn

from warmstart.errors import FileError
from warmstart.files.packed_texts import PackedTexts

BLOCK = 512
MOST_NAME_BYTES = 4096  # of a path; longer ones no system has
MOST_EXTENDED_BYTES = 1 << 20  # of a pax header, which is read whole
MOST_MEMBERS = 20_000_000  # of one archive
USUAL_PADDING = 1 << 20  # bytes of zeros behind the end, beyond which something else is there
REGULAR = frozenset(b"0\0" + b"7")
KINDS = {
    ord("1"): "a link in an archive",
    ord("2"): "a link in an archive",
    ord("3"): "a device in an archive",
    ord("4"): "a device in an archive",
    ord("6"): "a pipe in an archive",
    ord("S"): "a sparse member of an archive",
}
REPLACED = "replaced by a later member of the same name"
OUTSIDE = "a name that leads out of the archive"
ReadAt = Callable[[int, int], bytes]  # (offset, number of bytes) → at most so many


@dataclass(frozen=True, eq=False)
class TarIndex:
    """Regular members: sorted ``names`` (M,), where each begins and how long it is, in bytes.

    ``left_out`` are (name, reason) of all others but folders; ``notes`` say what is odd.
    """

    names: PackedTexts
    offsets: "array[int]"
    sizes: "array[int]"
    left_out: tuple[tuple[str, str], ...]
    notes: tuple[str, ...] = ()

    def find(self, name: str) -> tuple[int, int] | None:
        """(Offset, size) of a member; None where there is none of that name."""
        place = self.names.place_of(name)
        if place is None:
            return None
        return self.offsets[place], self.sizes[place]


@dataclass
class _Header:
    """What the headers before a member say; ``name`` and ``size`` of extended ones win."""

    name: bytes | None = None
    size: int | None = None
    is_sparse: bool = False


def index_tar(read_at: ReadAt, num_bytes: int, shown: str) -> TarIndex:
    """Walk from header to header; contents are passed over.

    Args:
        read_at: Reads a part of the archive.
        num_bytes: How long it is.
        shown: What errors call it.

    Returns:
        Every regular member once; of several with one name the last, as tar unpacks them.
    """
    found: dict[str, tuple[int, int]] = {}
    left_out: list[tuple[str, str]] = []
    notes: list[str] = []
    before, at = _Header(), 0
    while True:
        block = read_at(at, BLOCK)
        if not block.strip(b"\0"):
            notes += _end_notes(read_at, at, num_bytes, is_marked=len(block) == BLOCK)
            break
        kind, size, name = _parse(block, at, shown)
        start, is_extended = at + BLOCK, kind in b"xgLK"
        size = size if is_extended or before.size is None else before.size
        at = start + -(-size // BLOCK) * BLOCK
        if start + size > num_bytes:
            _refuse(shown, f"is cut off: at byte {start} it promises {size} more")
        if is_extended:
            _extend(before, kind, read_at, (start, size), shown)
            continue
        raw = name if before.name is None else before.name
        reason = _take_member(found, raw, kind, (start, size), is_sparse=before.is_sparse)
        if reason:
            left_out.append((raw.decode("utf-8", "backslashreplace"), reason))
        before = _Header()
        if len(found) > MOST_MEMBERS:
            _refuse(shown, f"has more than {MOST_MEMBERS:,} members")
    names = sorted(found)
    offsets = array("Q", (found[each][0] for each in names))
    sizes = array("Q", (found[each][1] for each in names))
    return TarIndex(PackedTexts(names), offsets, sizes, tuple(left_out), tuple(notes))


def _take_member(
    found: dict[str, tuple[int, int]],
    raw: bytes,
    kind: int,
    where: tuple[int, int],
    *,
    is_sparse: bool,
) -> str:
    """Take a member, or say why not; "" for folders too, which hold nothing themselves."""
    if kind == ord("5"):
        return ""
    if is_sparse:
        return KINDS[ord("S")]
    if kind not in REGULAR:
        return KINDS.get(kind, "an unknown kind of member of an archive")
    if raw.endswith(b"/"):  # how the oldest archives write a folder
        return ""
    try:
        name = raw.decode()
    except UnicodeDecodeError:
        return "a name that is not UTF-8"
    parts = [part for part in name.split("/") if part not in {"", "."}]
    if name.startswith("/") or ".." in parts or not parts or "\\" in name or not name.isprintable():
        return OUTSIDE
    is_repeat = "/".join(parts) in found
    found["/".join(parts)] = where
    return REPLACED if is_repeat else ""


def _parse(block: bytes, at: int, shown: str) -> tuple[int, int, bytes]:
    """(Kind, size, name) of a header whose sum is right."""
    if len(block) < BLOCK:
        _refuse(shown, f"is cut off: its last header, at byte {at}, is not whole")
    told = _number(block[148:156])
    if told is None or told != sum(block) - sum(block[148:156]) + 8 * 32:
        _refuse(shown, f"is no tar archive, or is damaged: no header at byte {at}")
    size = _number(block[124:136])
    if size is None or size < 0:
        _refuse(shown, f"is damaged: no size in the header at byte {at}")
    name = block[:100].partition(b"\0")[0]
    prefix = block[345:500].partition(b"\0")[0] if block[257:263] == b"ustar\0" else b""
    return block[156], size, prefix + b"/" + name if prefix else name


def _number(field: bytes) -> int | None:
    """A number in octal digits, or in binary where the first bit says so."""
    if field[0] & 0x80:
        return int.from_bytes(field, "big") & ~(1 << (8 * len(field) - 1))
    try:
        return int(field.strip(b" \0") or b"0", 8)
    except ValueError:
        return None


def _extend(
    before: _Header, kind: int, read_at: ReadAt, where: tuple[int, int], shown: str
) -> None:
    """Take what an extended header says of the member that follows."""
    start, size = where
    if size > (MOST_NAME_BYTES if kind in b"LK" else MOST_EXTENDED_BYTES):
        _refuse(shown, f"has a header of {size:,} bytes at byte {start}")
    content = read_at(start, size)
    if kind == ord("L"):
        before.name = content.partition(b"\0")[0]
    if kind != ord("x"):  # of links, and what holds for all members: times and owners
        return
    while content:
        length, _, rest = content.partition(b" ")
        end = int(length) if length.isdigit() and len(length) < 8 else 0
        if not len(length) < end <= len(content) or b"=" not in rest:
            _refuse(shown, f"is damaged: no extended header at byte {start}")
        key, _, value = content[len(length) + 1 : end - 1].partition(b"=")
        content = content[end:]
        if key == b"path":
            before.name = value
        elif key == b"size" and value.isdigit() and len(value) < 20:
            before.size = int(value)
        elif key.startswith(b"GNU.sparse"):
            before.is_sparse = True


def _end_notes(read_at: ReadAt, at: int, num_bytes: int, *, is_marked: bool) -> list[str]:
    """What is odd about how an archive ends."""
    if not is_marked:
        return ["it has no end mark: it may have been cut off between two members"]
    rest = read_at(at, min(num_bytes - at, USUAL_PADDING))
    if rest.strip(b"\0") or num_bytes - at > USUAL_PADDING:
        return [
            f"{num_bytes - at:,} bytes behind its end mark are not read: archives put together?"
        ]
    return []


def _refuse(shown: str, what: str) -> NoReturn:
    """An archive that cannot be read.

    Raises:
        FileError: always.
    """
    raise FileError(
        f"{shown} {what}.",
        expected="a whole tar archive that is not compressed.",
        fix="copy it again, or make it anew: tar cf photos.tar photos",
    )


def packed_kind(head: bytes) -> str:
    """How these first bytes of a file say it is compressed; "" where they do not.

    >>> packed_kind(bytes([31, 139]))
    'gzip'
    """
    kinds = {b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"\x28\xb5\x2f\xfd": "zstd"}
    return next((kind for sign, kind in kinds.items() if head.startswith(sign)), "")
