"""What a learner makes sure of, and writes down, besides the workflow itself."""

import contextlib
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from typing import Any

import numpy as np
from torch import Tensor, nn

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.data.table import SPLITS, Exclusion, ImageTable
from warmstart.errors import DataError, SettingError, UnreadableImageError
from warmstart.inference.model_folder import ModelCard
from warmstart.learner.layers import TrainablePart
from warmstart.results.history import EpochRecord, History
from warmstart.training.balance import chosen_balance, unevenness
from warmstart.training.groups import per_group

# With stored statistics BatchNorm does not tame a large step (benchmarks/bn_after_thawing.py).
CLIP_NORM = 1.0


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


def rates(lrs: object, names: Sequence[str]) -> tuple[float, ...]:
    """One positive rate per layer group."""
    is_one = isinstance(lrs, (int, float, str)) or np.shape(np.asarray(lrs, object)) == ()
    numbers = (positive(lrs, "lr"),) * len(names) if is_one else per_group(lrs, names)
    return tuple(positive(number, "lr") for number in numbers)


def existing_rows(table: ImageTable, split: str) -> None:
    """See that a split has rows.

    Raises:
        SettingError: it has none.
    """
    if split not in SPLITS or len(table.rows(split)) == 0:
        here = [name for name in SPLITS if len(table.rows(name))]
        raise SettingError(
            f"there is no {split} row.",
            expected="one of: " + ", ".join(here) + ".",
            fix=f'learn.predict("{here[0]}")',
        )


def same_classes(before: Sequence[str], after: Sequence[str]) -> None:
    """See that other data has the classes that the head was made for.

    Raises:
        DataError: it has others, or in another order.
    """
    if tuple(before) != tuple(after):
        raise DataError(
            f"the new data has the classes {', '.join(after)}.",
            expected=f"those that the head was made for: {', '.join(before)}.",
            fix="make a new learner for other classes.",
        )


def tell_plain_views(quiet: bool) -> None:
    """Say what ``precompute=True`` leaves out."""
    if not quiet:
        print(  # noqa: T201 - the learner's words to its user
            "note: precompute=True trains on the plain view; aug_tfms has no effect. "
            "precompute=8 stores and trains on 8 augmented views.",
            file=sys.stderr,
        )


def tell_precompute_off(quiet: bool) -> None:
    """Say what ``unfreeze`` has set."""
    if not quiet:
        print(  # noqa: T201 - the learner's words to its user
            "note: unfreeze() sets precompute=False: the whole body trains, each epoch on new "
            "views of aug_tfms. precompute=8 after it stores and trains on 8 of them.",
            file=sys.stderr,
        )


def tell_stored_views(precompute: bool | int, quiet: bool) -> None:
    """Say which views a body trains on, where they are stored."""
    if precompute is not False and not quiet:
        views = "the plain view" if precompute is True else f"{precompute} stored views"
        print(  # noqa: T201 - the learner's words to its user
            f"note: precompute={precompute} stays: what trains does so on {views} of each image. "
            "learn.precompute = False trains on new views each epoch.",
            file=sys.stderr,
        )


def told_balance(balance: object, targets: Tensor, *, quiet: bool) -> str | None:
    """What a fit does about uneven classes; what "auto" has chosen is said."""
    chosen = chosen_balance(balance, targets)
    if balance == "auto" and not quiet:
        print(  # noqa: T201 - the learner's words to its user
            f"note: the classes are uneven by a factor of {unevenness(targets):.2f}; "
            f"balance is {chosen or 'none'}.",
            file=sys.stderr,
        )
    return chosen


def told_clip_norm(clip_norm: float | str | None, module: nn.Module, *, quiet: bool) -> Any:
    """What gradients are clipped to; that "auto" clips them is said."""
    if clip_norm != "auto":
        return clip_norm
    if not (isinstance(module, TrainablePart) and module.stored_norms()):
        return None
    if not quiet:
        print(  # noqa: T201 - the learner's words to its user
            f"note: gradients are clipped to a norm of {CLIP_NORM:g}, because BatchNorm keeps its "
            "stored statistics; clip_norm=None leaves them as they are.",
            file=sys.stderr,
        )
    return CLIP_NORM


def positive(value: Any, name: str) -> float:
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


def silent(_told: EpochRecord | History) -> None:
    """Say nothing."""


def versions() -> dict[str, str]:
    """Versions of what can change a result."""
    names = (
        "warmstart", "torch", "timm", "torchvision", "openvino", "numpy", "pillow"
    )  # fmt: skip
    found = {}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found


def new_card(
    data: ImageClassifierData, head: dict[str, Any] | None, precision: str, weights_from: str
) -> ModelCard:
    """What a model says of itself before it has learned anything."""
    return ModelCard(
        arch=data.tfms.card.name,
        classes=data.classes,
        is_multi_label=data.table.is_multi_label,
        head=head,
        mode="",
        precision=precision,
        weights_from=weights_from,
        versions=versions(),
        **seen_through(data.tfms),
    )


def seen_through(tfms: ModelTransforms) -> dict[str, Any]:
    """What a model's card says of how pictures become what the network sees."""
    return {
        "recipe": asdict(tfms.recipe),
        "mean": tfms.card.mean,
        "std": tfms.card.std,
        "augmentation": None if tfms.augmentation is None else asdict(tfms.augmentation),
        "view_seed": tfms.view_seed,
    }
