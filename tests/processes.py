"""Processes that another has begun, as Linux shows them, and what they leave in a store."""

from collections.abc import Iterator
from pathlib import Path

from safetensors.numpy import load


def processes_of(pid: int) -> Iterator[tuple[int, str]]:
    """Number and name of all that a process has begun, and they."""
    found: dict[int, list[tuple[int, str]]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            name = (place / "cmdline").read_text().replace("\0", " ").strip()
        except (OSError, IndexError):
            continue
        found.setdefault(parent, []).append((int(place.name), name))
    todo = [pid]
    while todo:
        for child, name in found.get(todo.pop(), []):
            todo.append(child)
            yield child, name


def stored_rows(cache: Path) -> dict[bytes, list[bytes]]:
    """Every row of a store by its key, as often as it is there."""
    found: dict[bytes, list[bytes]] = {}
    for place in sorted(cache.glob("activations/[!g]*/*.safetensors")):
        tensors = load(place.read_bytes())
        for key, row in zip(tensors["keys"], tensors["rows"], strict=True):
            found.setdefault(bytes(key), []).append(row.tobytes())
    return found
