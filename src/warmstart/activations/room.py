"""Whether there is room for what is to be stored."""

import math
import os

from warmstart.activations.housekeeping import free_bytes, namespaces_in, shrink
from warmstart.activations.space import CacheNamespace
from warmstart.errors import CacheError, SettingError

DEFAULT_LIMIT_GB = 20.0


def cache_limit() -> int:
    """The most bytes that activations may take: WARMSTART_CACHE_LIMIT in gigabytes, or 20.

    Raises:
        SettingError: the variable is not a size.
    """
    given = os.environ.get("WARMSTART_CACHE_LIMIT", str(DEFAULT_LIMIT_GB))
    try:
        gigabytes = float(given)
    except ValueError:
        gigabytes = -1.0
    if not 0 <= gigabytes < math.inf:
        raise SettingError(
            f"WARMSTART_CACHE_LIMIT={given!r} is not a size.",
            expected="gigabytes, such as 20.",
            fix="export WARMSTART_CACHE_LIMIT=20",
        )
    return int(gigabytes * 1e9)


def reserve(space: CacheNamespace, num_rows: int) -> int:
    """See that ``num_rows`` more fit, by deleting what was used least recently.

    Args:
        space: Where they are to be stored; nothing of it is deleted.
        num_rows: How many.

    Returns:
        What they will take, in bytes.

    Raises:
        CacheError: they do not fit under the limit, or not on the disk.
    """
    store, needed, limit = space.folder.parent, num_rows * space.row_bytes, cache_limit()
    own = len(space) * space.row_bytes
    if own + needed > limit:
        raise CacheError(
            f"{num_rows} rows of activations take {needed / 1e9:.2f} GB beside {own / 1e9:.2f} GB "
            f"of the same network; the limit is {limit / 1e9:.2f} GB.",
            expected="a limit that holds all rows of one data set.",
            fix=f"export WARMSTART_CACHE_LIMIT={(own + needed) / 1e9 + 1:.0f}, or delete what is "
            "there (warmstart cache gc --keep 0), or pass precompute=False, which stores nothing.",
            flags=("--no-precompute",),
        )
    if sum(other.num_bytes for other in namespaces_in(store)) + needed > limit:
        shrink(store, limit - needed, spare=space.card.identity)
    free = free_bytes(store)
    if needed > free:
        raise CacheError(
            f"{num_rows} rows of activations take {needed / 1e9:.2f} GB; {free / 1e9:.2f} GB are "
            f"free on the disk of {store}.",
            expected="room for all rows.",
            fix="pass cache_dir=PATH on a larger disk, or precompute=False.",
            flags=("--no-precompute",),
        )
    return needed
