"""What the bits of a result depend on besides data and settings."""

import os
import platform
from collections.abc import Mapping
from typing import Any

import torch


def environment(versions: Mapping[str, str], mode: str) -> dict[str, Any]:
    """Versions, machine, threads and numeric mode, as plain data.

    Args:
        versions: Of the packages that count.
        mode: Of the frozen part.
    """
    return {
        "versions": dict(versions),
        "python": platform.python_version(),
        "system": platform.platform(),
        "processor": platform.processor() or platform.machine(),
        "num_cores": os.cpu_count(),
        "num_threads": torch.get_num_threads(),
        "numeric_mode": mode,
    }
