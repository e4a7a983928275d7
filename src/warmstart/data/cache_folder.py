"""Where everything that can be computed again is kept."""

import os
from pathlib import Path


def cache_folder(given: str | Path | None = None) -> Path:
    """The argument, or WARMSTART_CACHE, or ~/.cache/warmstart."""
    return Path(given or os.environ.get("WARMSTART_CACHE") or "~/.cache/warmstart").expanduser()
