"""Files that are whole or absent, also after the power went."""

import os
from pathlib import Path


def sync_folder(folder: Path) -> None:
    """Make a rename durable; systems without folder handles do it themselves."""
    if os.name == "posix":
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
