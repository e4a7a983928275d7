"""What a learner makes sure of, and writes down, besides the workflow itself."""

import contextlib
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.arguments import number_in, shortly
from warmstart.backbones.card import Architecture, name_of
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.data.table import SPLITS, Exclusion, ImageTable
from warmstart.errors import DataError, SettingError, UnreadableImageError
from warmstart.inference.model_card import ModelCard
from warmstart.learner.held_back import SHARE, HeldBack
from warmstart.learner.layers import TrainablePart
from warmstart.results.history import EpochRecord, History
from warmstart.terminal.notes import note
from warmstart.training.balance import resolve_balance, unevenness
from warmstart.training.optimiser import per_group

# With stored statistics BatchNorm does not tame a large step (benchmarks/bn_after_thawing.py).
CLIP_NORM = 1.0
LOWER = 10  # what slice(high) divides the rates of earlier groups by, as in fastai 2
QUOTE = "'"


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


def using_damaged(
    data: ImageClassifierData, failures: Sequence[UnreadableImageError]
) -> ImageClassifierData:
    """Use what is left of those images, and name them."""
    return data.using(tuple(Exclusion(error.name, error.reason) for error in failures))


def rates(lrs: object, names: Sequence[str]) -> tuple[float, ...]:
    """One positive rate per layer group."""
    if isinstance(lrs, slice):
        return spread_rates(lrs, len(names))
    is_one = isinstance(lrs, (int, float, str)) or np.shape(np.asarray(lrs, object)) == ()
    numbers = (positive(lrs, "lr"),) * len(names) if is_one else per_group(lrs, names)
    return tuple(positive(number, "lr") for number in numbers)


def spread_rates(lrs: slice, num_groups: int) -> tuple[float, ...]:
    """Rates as fastai 2 reads a slice.

    Args:
        lrs: slice(low, high) is from the first group's rate to the last's in equal ratios;
            slice(high) is the last group's, of which all others have a tenth.
        num_groups: Layer groups that train; one alone has the last's rate.

    Raises:
        SettingError: it has no end, or a step.

    Reference:
        fastai 2, ``Optimizer._set_hyper`` and ``even_mults``.
    """
    if lrs.stop is None or lrs.step is not None:
        raise SettingError(
            f"lr={lrs} has no last rate." if lrs.stop is None else f"lr={lrs} has a step.",
            expected="slice(high), or slice(low, high).",
            fix="pass lr=slice(1e-5, 1e-3).",
        )
    high = positive(lrs.stop, "lr")
    if lrs.start is None:
        return (*(high / LOWER for _ in range(num_groups - 1)), high)
    low = positive(lrs.start, "lr")
    steps = range(num_groups - 1, -1, -1)  # from the last: its rate is the one that was written
    return tuple(high * (low / high) ** (step / max(1, num_groups - 1)) for step in steps)


def existing_rows(
    table: ImageTable, split: object, held_back: HeldBack | None = None
) -> NDArray[np.int64]:
    """Rows of a split (N,), of which there is one at least.

    Args:
        table: Whose.
        split: "train", "valid", "test"; or "held_back", where ``held_back`` is given.
        held_back: Which training rows do not train.

    Raises:
        SettingError: there is none.
    """
    found = {name: table.rows(name) for name in SPLITS}
    if held_back is not None:
        found["held_back"] = held_back.parted(table)[1]
    if not isinstance(split, str) or not len(found.get(split, ())):
        here = [name for name, rows in found.items() if len(rows)]
        can_hold = split in set(found) - set(SPLITS) if isinstance(split, str) else False
        raise SettingError(
            f"there is no {shortly(split).strip(QUOTE)} row.",
            expected="one of: " + ", ".join(here) + ".",
            fix=f"learn.hold_back({SHARE}), before learn.fit"
            if can_hold
            else f'pass "{"valid" if "valid" in here else here[0]}".',
        )
    return found[split]


def tell_plain_views(quiet: bool) -> None:
    """Say what ``precompute=True`` leaves out."""
    note(
        "precompute=True trains on the plain view; aug_tfms has no effect. "
        "precompute=8 stores and trains on 8 augmented views.",
        quiet=quiet,
    )


def tell_precompute_off(quiet: bool) -> None:
    """Say what ``unfreeze`` has set."""
    note(
        "unfreeze() sets precompute=False: the whole body trains, each epoch on new "
        "views of aug_tfms. precompute=8 after it stores and trains on 8 of them.",
        quiet=quiet,
    )


def tell_stored_views(precompute: bool | int, quiet: bool) -> None:
    """Say which views a body trains on, where they are stored."""
    if precompute is not False:
        views = "the plain view" if precompute is True else f"{precompute} stored views"
        note(
            f"precompute={precompute} stays: what trains does so on {views} of each image. "
            "learn.precompute = False trains on new views each epoch.",
            quiet=quiet,
        )


def told_balance(balance: object, targets: Tensor, *, quiet: bool) -> str | None:
    """What a fit does about uneven classes; what "auto" has chosen is said."""
    chosen = resolve_balance(balance, targets)
    if balance == "auto" and not quiet:
        note(
            f"the classes are uneven by a factor of {unevenness(targets):.2f}; "
            f"balance is {chosen or 'none'}.",
            quiet=quiet,
        )
    return chosen


def told_clip_norm(clip_norm: float | str | None, module: nn.Module, *, quiet: bool) -> Any:
    """What gradients are clipped to; that "auto" clips them is said."""
    if clip_norm != "auto":
        return clip_norm
    if not (isinstance(module, TrainablePart) and module.stored_norms()):
        return None
    note(
        f"gradients are clipped to a norm of {CLIP_NORM:g}, because BatchNorm keeps its "
        "stored statistics; clip_norm=None leaves them as they are.",
        quiet=quiet,
    )
    return CLIP_NORM


def positive(value: Any, name: str) -> float:
    """A number above zero.

    Raises:
        SettingError: it is not.
    """
    number = number_in(value)
    if number is None or number <= 0:
        raise SettingError(
            f"{name}={shortly(value)} is no learning rate.",
            expected="one number above 0, such as 0.01.",
            fix=f"pass {name}=0.01, or {name}=learn.lr_find().suggestion.",
            flags=(f"--{name}", "0.01"),
        )
    return float(number)


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
    data: ImageClassifierData,
    arch: Architecture,
    head: dict[str, Any] | None,
    precision: str,
    weights_from: str,
) -> ModelCard:
    """What a model says of itself before it has learned anything."""
    return ModelCard(
        arch=name_of(arch),
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
