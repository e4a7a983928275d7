"""Transfer learning for image classification.

The names below are the whole public API; every other module is private.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warmstart.errors import DataError, SettingError, WarmstartError
    from warmstart.results.confusion import ConfusionMatrix
    from warmstart.results.predictions import Predictions

_HOME = {
    "ConfusionMatrix": "warmstart.results.confusion",
    "DataError": "warmstart.errors",
    "Predictions": "warmstart.results.predictions",
    "SettingError": "warmstart.errors",
    "WarmstartError": "warmstart.errors",
}

__all__ = ["ConfusionMatrix", "DataError", "Predictions", "SettingError", "WarmstartError"]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that torch loads only when needed.

    Raises:
        AttributeError: ``name`` is not public.
    """
    if name not in _HOME:
        raise AttributeError(f"module 'warmstart' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
