"""Every error this package raises on purpose.

The tree, with the built-in error that each one also is:

    WarmstartError
    ├── DataError (ValueError): the images or labels on disk
    │   ├── UnreadableImageError: one file cannot be decoded
    │   └── UnreadableImagesError: all of those in a data set
    ├── SettingError (ValueError): an argument or a config key
    ├── WeightsError (RuntimeError): pretrained weights are missing or not what they should be
    ├── ModelFolderError (ValueError): a saved model cannot be trusted or read
    ├── CacheError (RuntimeError): a stored activation
    └── TrainingError (RuntimeError): a fit cannot go on
"""

from collections.abc import Sequence


class WarmstartError(Exception):
    """Base class: ``except WarmstartError`` catches everything raised on purpose."""

    def __init__(self, what: str, *, expected: str, fix: str, flags: Sequence[str] = ()) -> None:
        """Keep the three parts apart, so that tests and the command line can read them.

        ``flags`` is the same fix for a shell, such as ("--on-unreadable", "drop").
        """
        super().__init__(f"{what}\nExpected: {expected}\nFix: {fix}")
        self.what, self.expected, self.fix, self.flags = what, expected, fix, tuple(flags)


class DataError(WarmstartError, ValueError):
    """The images or labels on disk are not what was asked for."""


class UnreadableImageError(DataError):
    """One image cannot be decoded; ``name`` and ``reason`` say which and why."""

    def __init__(self, name: str, reason: str) -> None:
        """Name the image and what the decoder said."""
        super().__init__(
            f"{name}: cannot be decoded ({reason}).",
            expected="a complete picture, such as a JPEG, PNG, WebP or TIFF.",
            fix="delete or replace it, or pass on_unreadable='drop' to leave such rows out.",
        )
        self.name, self.reason = name, reason


class UnreadableImagesError(DataError):
    """Some images of a data set cannot be decoded; ``errors`` lists every one."""

    def __init__(self, errors: Sequence[UnreadableImageError]) -> None:
        """List all of them at once: nobody wants to find them one run at a time."""
        lines = "\n".join(f"  {error.name}: {error.reason}" for error in errors)
        super().__init__(
            f"{len(errors)} image{'s' if len(errors) > 1 else ''} cannot be decoded:\n{lines}",
            expected="complete pictures, such as JPEG, PNG, WebP or TIFF.",
            fix="delete or replace them, or pass on_unreadable='drop' to leave those rows out.",
            flags=("--on-unreadable", "drop"),
        )
        self.errors = tuple(errors)


def reason_of(error: Exception) -> str:
    """What an error of somebody else's says, in one line; its kind, where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class SettingError(WarmstartError, ValueError):
    """An argument or a config key has a value it cannot have."""


class WeightsError(WarmstartError, RuntimeError):
    """Pretrained weights are missing, or are not what they should be."""


class ModelFolderError(WarmstartError, ValueError):
    """A saved model cannot be trusted or read."""


class CacheError(WarmstartError, RuntimeError):
    """A stored activation is not what its name says, or cannot be stored."""


class TrainingError(WarmstartError, RuntimeError):
    """A fit cannot go on, or its checkpoint belongs to another run."""
