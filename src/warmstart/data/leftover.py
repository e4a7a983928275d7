"""Files on disk that a table does not speak of."""

from pathlib import PurePosixPath

from warmstart.data.scan import Scan
from warmstart.data.table import Exclusion


def unmentioned(found: Scan, prefix: str, names: set[str], source: str) -> list[Exclusion]:
    """The files that no row speaks of; a folder without any such row counts as one."""
    used = {str(folder) for name in names for folder in PurePosixPath(name).parents}
    reason = f"not in {source}"
    left: dict[str, Exclusion] = {}
    for name in found.images:
        whole = prefix + name
        if whole not in names:
            shut = unused_folder(whole, prefix, used)
            left[shut or whole] = Exclusion(shut or whole, reason)
    for item in found.exclusions:
        whole = prefix + item.name
        if whole not in names and unused_folder(whole.rstrip("/"), prefix, used) not in left:
            left[whole] = Exclusion(whole, item.reason)
    return list(left.values())


def unused_folder(name: str, prefix: str, used: set[str]) -> str | None:
    """The highest folder on the way to a file, below ``prefix``, that no row has files in."""
    for folder in reversed(PurePosixPath(name).parents):
        if len(str(folder)) >= len(prefix) and str(folder) not in used and str(folder) != ".":
            return f"{folder}/"
    return None
