"""Augmentations by name, and in every form that people pass them in."""

from typing import Any

from warmstart.arguments import shortly
from warmstart.errors import SettingError
from warmstart.images.augment import (
    Augmentation,
    transforms_basic,
    transforms_side_on,
    transforms_top_down,
)
from warmstart.images.policy import OPERATIONS

PRESETS = (
    transforms_basic,
    transforms_side_on,
    transforms_top_down,
    *(Augmentation(policy, policy=policy) for policy in OPERATIONS),
)


def read_augmentation(name: str, value: Any) -> Augmentation | None:
    """How views differ; None where nothing is asked for.

    Args:
        name: What errors call the argument.
        value: An ``Augmentation``; the name of a preset, with or without "transforms_"; a list of
            one of these, as fastai 0.7 has them; or None, "none" or an empty list.

    Raises:
        SettingError: there is no such augmentation, or there are several.
    """
    if isinstance(value, (list, tuple)):
        several = list(dict.fromkeys(read_augmentation(name, item) for item in value))
        if len(several) > 1:
            raise SettingError(
                f"{name} has {len(several)} augmentations: {shortly(value)}.",
                expected="one; an Augmentation has every way in which views may differ.",
                fix=f'pass {name}=Augmentation("own", max_rotation_degrees=10, flip="side_on"), '
                "from warmstart.images.augment.",
            )
        return several[0] if several else None
    if value is None or isinstance(value, Augmentation):
        return value
    presets = {preset.name: preset for preset in PRESETS}
    if isinstance(value, str):
        word = value.strip().lower().replace("-", "_").removeprefix("transforms_")
        if word == "none":
            return None
        if word in presets:
            return presets[word]
    raise SettingError(
        f"{name}={shortly(value)} is unknown.",
        expected="one of: " + ", ".join(presets) + ", or an Augmentation.",
        fix=f'pass {name}="side_on".',
        flags=("--augment", "side_on"),
    )
