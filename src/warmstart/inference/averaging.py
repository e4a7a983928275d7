"""One answer from several views of the same pictures."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import Reader, real, whole
from warmstart.images.augment import Augmentation, transforms_basic
from warmstart.terminal.colour import notify
from warmstart.terminal.waiting import waiting

VIEW_READERS: dict[str, Reader[Any]] = {
    "n_aug": whole(0, 100_000, example=4, flag="--tta"),
    "plain_weight": real(0.5, least=0, most=1),
}
TTA_DEFAULT = transforms_basic  # small turns and light are right for any picture, mirrors are not


def tta_augmentation(own: Augmentation | None, *, quiet: bool = False) -> Augmentation:
    """How the views to be averaged differ, where nobody says: as in training, else by default.

    Args:
        own: How training views differed; None if all were plain, or nobody knows.
        quiet: Do not say that it is the default.
    """
    if own is not None:
        return own
    told = f'the views of TTA differ by "{TTA_DEFAULT.name}": no augmentation was trained with'
    notify(told, quiet=quiet)
    return TTA_DEFAULT


def mean_over_views(
    probabilities: Callable[[int], NDArray[np.float64]], n_aug: int, plain_weight: float | None
) -> NDArray[np.float64]:
    """Probabilities averaged over the plain view and some augmented ones.

    Args:
        probabilities: A view's number → probabilities (N, K).
        n_aug: How many augmented views, from view 1 on.
        plain_weight: Share of the plain view in [0, 1]; None weighs all views alike.

    Returns:
        (N, K); the same bits wherever the views' own are.
    """
    shares = view_shares(range(n_aug + 1), plain_weight)
    parts = []
    with waiting("predicting", leads=n_aug > 0) as wait:
        for view, share in shares:
            wait.what = f"view {view + 1} of {n_aug + 1}" if n_aug else wait.what
            parts.append(share * probabilities(view))
    return np.asarray(np.sum(parts, axis=0))


def view_shares(views: Sequence[int], plain_weight: float | None) -> list[tuple[int, float]]:
    """Each view and how much it counts, the first one being the plain one."""
    num_others = len(views) - 1
    if plain_weight is None or num_others == 0:
        return [(view, 1 / len(views)) for view in views]
    shares = [plain_weight] + [(1 - plain_weight) / num_others] * num_others
    return list(zip(views, shares, strict=True))
