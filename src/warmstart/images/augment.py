"""How a view may differ from the plain one, by name or in numbers, and the draw of one view.

Reference: the presets are those of fastai 0.7 (transforms.py), with its parameters.

Differs from fastai 0.7: a draw depends on the seed, the file and the number of the view, not on
which thread came first; all geometry is one resampling.
"""

import hashlib
import json
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np

from warmstart.arguments import one_of, optional, read_fields, real, shortly, text
from warmstart.errors import SettingError
from warmstart.images.geometry import NUM_SYMMETRIES
from warmstart.images.light import Erasure, contrast_factor
from warmstart.images.policy import OPERATIONS, Operation, draw_operations

FLIPS = {"none": 1, "side_on": 2, "top_down": NUM_SYMMETRIES}  # how many symmetries are drawn from
OFTEN = 0.75  # share of views that are turned, and that are zoomed: fastai's
ERASED_AREA = (0.02, 1 / 3)  # of the view
ERASED_ASPECT = (0.3, 3.3)  # width / height


@dataclass(frozen=True)
class Augmentation:
    """How far views may differ from the plain one; the defaults change nothing.

    Args:
        name: For people; it changes no pixel.
        max_rotation_degrees: Of a turn either way, in [0, 180]; three of four views are turned.
        max_lighting: The largest shift of brightness, as a fraction of the full range, and of
            contrast, in [0, 1].
        flip: "none", "side_on" (left and right) or "top_down" (all eight symmetries of a square).
        max_zoom: The largest factor, in [1, 100]; three of four views are zoomed.
        erasing_probability: Of a rectangle of noise (random erasing), in [0, 1].
        policy: None, "rand_augment" or "trivial_augment".

    Raises:
        SettingError: a value cannot be drawn from.

    Example:
        >>> Augmentation("own", max_rotation_degrees=15, flip="side_on").max_zoom
        1.0
    """

    name: str = "none"
    max_rotation_degrees: float | int = 0
    max_lighting: float | int = 0
    flip: str = "none"
    max_zoom: float | int = 1
    erasing_probability: float | int = 0
    policy: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot be drawn from, with a SettingError."""
        read_fields(
            self,
            name=text,
            max_rotation_degrees=real(10, least=0, most=180),
            max_lighting=real(0.05, least=0, most=1),
            flip=one_of(*FLIPS),
            max_zoom=real(1.1, least=1, most=100),
            erasing_probability=real(0.5, least=0, most=1),
            policy=optional(one_of(*OPERATIONS)),
        )

    def card(self) -> str:
        """Everything here that changes a pixel, as one line of JSON; the name does not."""
        return card_of(self)


@cache
def card_of(augmentation: Augmentation) -> str:
    """The card, made once: every draw asks for it."""
    fields = asdict(augmentation)
    del fields["name"]
    return json.dumps(fields, sort_keys=True)


transforms_basic = Augmentation("basic", max_rotation_degrees=10, max_lighting=0.05)
transforms_side_on = Augmentation("side_on", 10, 0.05, flip="side_on")
transforms_top_down = Augmentation("top_down", 10, 0.05, flip="top_down")
PRESETS = (
    transforms_basic,
    transforms_side_on,
    transforms_top_down,
    *(Augmentation(policy, policy=policy) for policy in OPERATIONS),
)


@dataclass(frozen=True)
class Variation:
    """What one view gets; the defaults are the plain view.

    ``place`` is where a random crop lies: (0, 0) at the left and top, (1, 1) at the right and
    bottom. ``symmetry`` is a number for ``geometry.symmetry``.
    """

    place: tuple[float, float] = (0.5, 0.5)
    rotation_degrees: float = 0.0
    zoom: float = 1.0
    symmetry: int = 0
    brightness: float = 0.0
    contrast: float = 1.0
    operations: tuple[Operation, ...] = ()
    erasure: Erasure | None = None


def draw_variation(
    augmentation: Augmentation, view_seed: int, content_sha256: bytes, view: int
) -> Variation:
    """Draw one view: the same for the same arguments, in any thread, process or order.

    Args:
        augmentation: What to draw from.
        view_seed: The seed of all views.
        content_sha256: Hash of the file's bytes.
        view: The view's number, from 1.
    """
    parts = json.dumps([view_seed, content_sha256.hex(), view, augmentation.card()])
    digest = hashlib.sha256(parts.encode()).digest()
    random = np.random.default_rng(int.from_bytes(digest)).random

    def around_zero(bound: float | int) -> float:
        return (2 * random() - 1) * bound

    place = (random(), random())
    is_turned, is_zoomed = random() < OFTEN, random() < OFTEN
    degrees, zoom = around_zero(augmentation.max_rotation_degrees), random()
    return Variation(
        place,
        degrees if is_turned else 0.0,
        1 + zoom * (augmentation.max_zoom - 1) if is_zoomed else 1.0,
        int(random() * FLIPS[augmentation.flip]),
        around_zero(augmentation.max_lighting),
        contrast_factor(around_zero(augmentation.max_lighting)),
        draw_operations(augmentation.policy, random),
        draw_erasure(random(), random(), place=(random(), random()), seed=int(random() * 2**53))
        if random() < augmentation.erasing_probability
        else None,
    )


def draw_erasure(area: float, aspect: float, *, place: tuple[float, float], seed: int) -> Erasure:
    """A rectangle within the view, from numbers in [0, 1): evenly by area, and by log of aspect."""
    small, large = ERASED_AREA
    narrow, wide = np.log(ERASED_ASPECT)
    share = small + area * (large - small)
    ratio = float(np.exp(narrow + aspect * (wide - narrow)))
    width, height = min(1.0, (share * ratio) ** 0.5), min(1.0, (share / ratio) ** 0.5)
    return Erasure(place[0] * (1 - width), place[1] * (1 - height), width, height, seed)


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
