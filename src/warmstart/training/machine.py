"""What the machine has."""

import os
from pathlib import Path

from warmstart.files.reading import open_regular
from warmstart.ranks.launch import read_launch

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


def machine_bytes() -> int:
    """Memory of this machine, or of the part of it that this process may use.

    Processes that torchrun started share what their machine, or container, has.
    """
    known = [limit for place in LIMITS if (limit := limit_in(Path(place)))]
    if hasattr(os, "sysconf") and "SC_PHYS_PAGES" in os.sysconf_names:
        known.append(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    return min(known, default=16 << 30) // read_launch().local_size


def limit_in(place: Path) -> int | None:
    """The number in a file of the system; None where it says "max", or there is none."""
    try:
        with open_regular(place) as file:
            text = file.read(64)
    except OSError:
        return None
    return int(text) if text.strip().isdigit() else None
