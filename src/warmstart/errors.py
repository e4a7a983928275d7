"""Every error this package raises on purpose.

The tree, with the built-in error that each one also is:

    WarmstartError
    ├── DataError (ValueError): the images or labels on disk
    │   ├── UnreadableImageError: one file cannot be decoded
    │   └── UnreadableImagesError: all of those in a data set
    ├── FileError (ValueError): a file that is kept cannot be written, or is not what it should be
    ├── SettingError (ValueError): an argument or a config key
    ├── WeightsError (RuntimeError): pretrained weights are missing or not what they should be
    ├── ModelFolderError (ValueError): a saved model cannot be trusted or read
    ├── CacheError (RuntimeError): a stored activation
    ├── ClusterError (RuntimeError): workers that cannot be had, or die again and again
    └── TrainingError (RuntimeError): a fit cannot go on
        └── DivergedError: a loss, a weight or an answer is no finite number
"""

import re
from collections.abc import Sequence

OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
NUM_LISTED = 5  # of many, enough to see what they have in common


def printable(text: str) -> str:
    """Without signs that a terminal would obey, or that turn the direction of writing."""
    return OBEYED.sub(lambda sign: f"\\x{ord(sign[0]):02x}", text)


def first_few(items: Sequence[str]) -> str:
    """The first of ``items``, for an error or a note, and how many more there are.

    >>> first_few(["a.jpg", "b.jpg"]), first_few([str(n) for n in range(7)])
    ('a.jpg; b.jpg', '0; 1; 2; 3; 4; and 2 more')
    """
    more = len(items) - NUM_LISTED
    return "; ".join(items[:NUM_LISTED]) + (f"; and {more} more" if more > 0 else "")


class WarmstartError(Exception):
    """Base class: ``except WarmstartError`` catches everything raised on purpose.

    Example:
        >>> from warmstart import SettingError, WarmstartError
        >>> try:
        ...     raise SettingError("lr is -1.", expected="a number above 0.", fix="pass lr=0.01.")
        ... except WarmstartError as error:
        ...     print(error)
        lr is -1.
        Expected: a number above 0.
        Fix: pass lr=0.01.
    """

    def __init__(
        self,
        what: str,
        *,
        expected: str,
        fix: str,
        flags: Sequence[str] = (),
        details: Sequence[str] = (),
    ) -> None:
        """Keep the three parts apart, so that tests and the command line can read them.

        Each is one line, whatever the names in it hold.

        Args:
            what: What is wrong.
            expected: What should be.
            fix: What to do.
            flags: The same fix for a shell, such as ("--on-unreadable", "drop").
            details: More lines of what is wrong, one for each thing.
        """
        self.what = "\n".join(map(printable, (what, *details)))
        self.expected, self.fix, self.flags = printable(expected), printable(fix), tuple(flags)
        super().__init__(f"{self.what}\nExpected: {self.expected}\nFix: {self.fix}")


class DataError(WarmstartError, ValueError):
    """The images or labels on disk are not what was asked for.

    Example:
        >>> from warmstart import DataError, UnreadableImageError
        >>> isinstance(UnreadableImageError("a.jpg", "truncated"), (DataError, ValueError))
        True
    """


class UnreadableImageError(DataError):
    """One image cannot be decoded; ``name`` and ``reason`` say which and why.

    Example:
        >>> from warmstart import UnreadableImageError
        >>> print(UnreadableImageError("a.jpg", "image file is truncated").what)
        a.jpg: cannot be decoded (image file is truncated).
    """

    def __init__(self, name: str, reason: str) -> None:
        """Name the image and what the decoder said."""
        super().__init__(
            f"{name}: cannot be decoded ({reason}).",
            expected="a complete picture, such as a JPEG, PNG, WebP or TIFF.",
            fix="delete or replace it, or pass on_unreadable='drop' to leave such rows out, "
            "'use' to take what is left of a damaged JPEG.",
        )
        self.name, self.reason = name, reason


class UnreadableImagesError(DataError):
    """Some images of a data set cannot be decoded; ``errors`` lists every one.

    Example:
        >>> from warmstart import UnreadableImageError, UnreadableImagesError
        >>> several = UnreadableImagesError([UnreadableImageError("a.jpg", "empty")])
        >>> [error.name for error in several.errors]
        ['a.jpg']
        >>> print(several.what)
        1 image cannot be decoded:
          a.jpg: empty
    """

    def __init__(self, errors: Sequence[UnreadableImageError]) -> None:
        """List all of them at once: nobody wants to find them one run at a time."""
        super().__init__(
            f"{len(errors)} image{'s' if len(errors) > 1 else ''} cannot be decoded:",
            details=[f"  {error.name}: {error.reason}" for error in errors],
            expected="complete pictures, such as JPEG, PNG, WebP or TIFF.",
            fix="delete or replace them, or pass on_unreadable='drop' to leave those rows out, "
            "'use' to take what is left of damaged JPEGs.",
            flags=("--on-unreadable", "drop"),
        )
        self.errors = tuple(errors)


def reason_of(error: Exception) -> str:
    """What an error of somebody else's says, in one line; its kind, where it says nothing."""
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


class SettingError(WarmstartError, ValueError):
    """An argument or a config key has a value it cannot have.

    Example:
        >>> import numpy as np
        >>> from warmstart import ConfusionMatrix, SettingError
        >>> matrix = ConfusionMatrix(np.array([[8, 2], [1, 9]]), ("cat", "dog"))
        >>> try:
        ...     matrix.most_confused(at_least=0)
        ... except SettingError as error:
        ...     print(error)
        at_least=0 has no meaning.
        Expected: a whole number of at least 1.
        Fix: pass at_least=1.
    """


class FileError(WarmstartError, ValueError):
    """A file cannot be written, or is not what it should be: damaged, of another kind or size.

    Example:
        >>> from warmstart import FileError, History
        >>> try:
        ...     History.from_jsonl("")
        ... except FileError as error:
        ...     print(error.what)
        the history has no line of steps, so that it is not whole.
    """


class WeightsError(WarmstartError, RuntimeError):
    """Pretrained weights are missing, or are not what they should be.

    Example:
        >>> from warmstart import WarmstartError, WeightsError
        >>> issubclass(WeightsError, WarmstartError), issubclass(WeightsError, RuntimeError)
        (True, True)
    """


class ModelFolderError(WarmstartError, ValueError):
    """A saved model cannot be trusted or read.

    Example:
        >>> from warmstart import ModelFolderError, load_predictor
        >>> try:
        ...     load_predictor("no_such_folder")
        ... except ModelFolderError as error:
        ...     print(error.expected)
        a folder that learn.save() wrote, or a timm name.
    """


class CacheError(WarmstartError, RuntimeError):
    """A stored activation is not what its name says, or cannot be stored.

    Example:
        >>> from warmstart import CacheError, WarmstartError
        >>> issubclass(CacheError, WarmstartError), issubclass(CacheError, RuntimeError)
        (True, True)
    """


class ClusterError(WarmstartError, RuntimeError):
    """Workers on this computer or others cannot be reached, or die again and again.

    Example:
        >>> from warmstart import ClusterError, WarmstartError
        >>> issubclass(ClusterError, WarmstartError), issubclass(ClusterError, RuntimeError)
        (True, True)
    """


class TrainingError(WarmstartError, RuntimeError):
    """A fit cannot go on, or its checkpoint belongs to another run.

    Example:
        >>> from warmstart import TrainingError, WarmstartError
        >>> issubclass(TrainingError, WarmstartError), issubclass(TrainingError, RuntimeError)
        (True, True)
    """


class DivergedError(TrainingError):
    """A loss, a weight or an answer is no finite number; the last good weights are in place.

    Example:
        >>> from warmstart import DivergedError, TrainingError
        >>> issubclass(DivergedError, TrainingError)
        True
    """
