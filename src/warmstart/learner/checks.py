"""What a learner makes sure of, and writes down, besides the workflow itself."""

import contextlib
from collections.abc import Sequence
from importlib import metadata

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.data.table import Exclusion
from warmstart.errors import DataError, SettingError, UnreadableImageError
from warmstart.results.history import EpochRecord


def without_unreadable(
    data: ImageClassifierData, failures: Sequence[UnreadableImageError]
) -> ImageClassifierData:
    """Leave those images out, and name them.

    Raises:
        DataError: a class has no training image left.
    """
    reasons = [Exclusion(error.name, f"cannot be read: {error.reason}") for error in failures]
    left = data.without(tuple(reasons))
    counts = left.table.counts()["train"]
    empty = [name for name in left.classes if not counts[name]]
    if empty:
        raise DataError(
            f"no training image of {', '.join(empty)} can be read.",
            expected="at least one readable image per class.",
            fix="add images of it, or remove the class.",
        )
    return left


def positive(value: float, name: str) -> float:
    """A number above zero.

    Raises:
        SettingError: it is not.
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = float("nan")
    if not 0 < number < float("inf"):
        raise SettingError(
            f"{name}={value!r} is no learning rate.",
            expected="one number above 0, such as 0.01.",
            fix=f"pass {name}=0.01, or {name}=learn.lr_find().suggestion.",
            flags=(f"--{name}", "0.01"),
        )
    return number


def silent(_record: EpochRecord) -> None:
    """Say nothing."""


def versions() -> dict[str, str]:
    """Versions of what can change a result."""
    names = (
        "warmstart", "torch", "timm", "torchvision", "openvino", "numpy", "pillow", "simplejpeg"
    )  # fmt: skip
    found = {}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
