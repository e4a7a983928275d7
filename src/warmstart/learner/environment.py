"""What the bits of a result depend on besides data and settings."""

import contextlib
import os
import platform
from collections.abc import Mapping
from importlib import metadata
from typing import Any

import torch

PACKAGES = (
    "warmstart", "torch", "timm", "torchvision", "openvino", "numpy", "pillow", "simplejpeg",
    "cykooz_resizer", "kornia_rs",
)  # fmt: skip


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


def versions() -> dict[str, str]:
    """Versions of what can change a result."""
    found = {}
    for name in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
