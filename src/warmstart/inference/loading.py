"""A model folder, or a published model by its name → a predictor."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.arguments import reads
from warmstart.backbones.card import Architecture
from warmstart.images.resize import SIMD, available_resizer
from warmstart.inference.arguments import READERS
from warmstart.inference.compiled_loading import compiled_predictor
from warmstart.inference.model_folder import read_model
from warmstart.inference.predictor import Predictor

if TYPE_CHECKING:
    from torch import nn


@reads(**READERS)
def load_predictor(
    folder: str | Path,
    *,
    device: str = "auto",
    arch: Architecture | None = None,
    custom_head: "nn.Module | None" = None,
) -> Predictor:
    """Load what ``learn.save(folder)`` wrote, or a published model as it is.

    Nothing in the folder is executed.

    Args:
        folder: The model folder; or, where nothing of that name is on disk, the timm name of an
            architecture, for its own pretrained classifier, such as ImageNet's 1,000 classes.
        device: "auto", "cpu", "cuda" or "mps".
        arch: The function that built the backbone, if it was one of your own: a saved model
            contains no code.
        custom_head: Likewise, a module of the head's structure.

    Returns:
        A predictor that gives, on the same machine and versions, the same bits as the learner; it
        warns where the numeric mode differs, and where another package resizes pictures.

        Where an earlier run has compiled the frozen part, and the head is logistic, torch is not
        loaded: the answers are the same to the bit.

    Example:
        >>> from warmstart import load_predictor
        >>> predictor = load_predictor(learn.save(folder / "model"))
        >>> predictor.classes == data.classes
        True
    """
    if not Path(folder).exists():
        from warmstart.inference.network_loading import published_predictor  # torch loads here

        return published_predictor(str(folder), device)
    saved = read_model(Path(folder))
    predictor = None
    if arch is None and custom_head is None:
        predictor = compiled_predictor(saved, device)
    if predictor is None:
        from warmstart.inference.network_loading import network_predictor  # torch loads here

        predictor = network_predictor(saved, device, arch, custom_head)
    for each, member in zip(saved.card.of_each, predictor.members, strict=True):
        if member.mode != each.mode:
            warnings.warn(
                f"the model was judged in numeric mode {each.mode}, and runs here in "
                f"{member.mode}: probabilities may differ in their last digits.",
                stacklevel=2,
            )
    if any(each.recipe.get("resizer") == SIMD for each in saved.card.of_each):
        warn_of_other_pixels()
    return predictor


def warn_of_other_pixels() -> None:
    """Say it where a model that was judged on pixels of SIMD instructions gets Pillow's."""
    if available_resizer(SIMD) != SIMD:
        warnings.warn(
            "the model was judged on pictures that SIMD instructions resized, and Pillow resizes "
            "them here: pixels differ by a few levels, so some answers may differ. "
            "Fix: pip install cykooz_resizer kornia-rs, where there is a wheel of both.",
            stacklevel=3,
        )
