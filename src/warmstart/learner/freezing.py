"""What is frozen, and what of it is kept: the functions that move the cut."""

import numpy as np

from warmstart.errors import SettingError
from warmstart.learner.state import LearnerState
from warmstart.terminal.colour import notify


def set_precompute(learn: LearnerState, value: object) -> None:
    """Say whether, and how many views of, the frozen part's outputs are kept."""
    learn.precompute = resolve_precompute(value)
    learn.keeps_pixels = learn.precompute is not False
    if learn.precompute is True and learn.data.source.varies:
        notify(
            "precompute=True trains on the plain view; aug_tfms has no effect. "
            "precompute=8 stores and trains on 8 augmented views.",
            quiet=learn.quiet,
        )


def resolve_precompute(value: object) -> bool | int:
    """False, True, or a number of views.

    Raises:
        SettingError: it is something else.
    """
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, (int, np.integer)) and value >= 1:
        return int(value)
    raise SettingError(
        f"precompute={value!r} has no meaning.",
        expected="False, True (the plain view of each image), or a number of augmented views.",
        fix="pass precompute=True.",
        flags=("--precompute",),
    )


def freeze_to(learn: LearnerState, where: int | str) -> None:
    """Freeze everything before a layer group or stage, and train the rest.

    Args:
        learn: The learner.
        where: A group's number, or the name of a stage.
    """
    cut_at(learn, where)
    if learn.layers.cut is not None:
        notify_stored_views(learn)


def unfreeze_backbone(learn: LearnerState) -> None:
    """Train everything; ``precompute=True`` becomes False where the data has an augmentation."""
    cut_at(learn, 0)
    if learn.precompute is True and learn.data.source.varies:
        learn.precompute = False  # pixels of rows that are evaluated stay stored
        notify(
            "unfreeze() sets precompute=False: the whole backbone trains, each epoch on new "
            "views of aug_tfms. precompute=8 after it stores and trains on 8 of them.",
            quiet=learn.quiet,
        )
    else:
        notify_stored_views(learn)


def cut_at(learn: LearnerState, where: int | str) -> None:
    """Move the cut; nothing is said."""
    learn.layers.cut = learn.layers.cut_before(where)
    learn.parts.forget(backbone_moved=False)


def notify_stored_views(learn: LearnerState) -> None:
    """Say which views a backbone trains on, where they are stored."""
    precompute = learn.precompute
    if precompute is not False and learn.data.source.varies:
        views = "the plain view" if precompute is True else f"{precompute} stored views"
        notify(
            f"precompute={precompute} stays: what trains does so on {views} of each image. "
            "learn.precompute = False trains on new views each epoch.",
            quiet=learn.quiet,
        )
