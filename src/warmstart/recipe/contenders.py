"""Several backbones that see the same pictures, each read and decoded once."""

from collections.abc import Sequence
from dataclasses import replace

from warmstart.backbones.card import Architecture, backbone_card, name_of
from warmstart.batches.together import RenderedTogether
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import ModelTransforms, tfms_from_model


def data_for_each(
    data: ImageClassifierData, archs: Sequence[Architecture]
) -> list[ImageClassifierData]:
    """The same rows as each backbone sees them.

    Args:
        data: Its transforms say how: a size of their own is kept, that of their backbone becomes
            that of each.
        archs: The backbones, in the order in which they will ask for pictures.

    Returns:
        Of each. A picture is decoded when the first asks for it; the others find their view of it.
    """
    all_tfms = [transforms_like(data.tfms, arch) for arch in archs]
    together = RenderedTogether([tfms.recipe for tfms in all_tfms])
    return [
        replace(data, tfms=tfms, together=together, place=number)
        for number, tfms in enumerate(all_tfms)
    ]


def transforms_like(tfms: ModelTransforms, arch: Architecture) -> ModelTransforms:
    """Transforms for another backbone: its own numbers of pixels, all else as it is."""
    if name_of(arch) == tfms.card.name:
        return tfms
    card = backbone_card(arch)
    is_own_size = tfms.recipe.size == tfms.card.input_size
    made = tfms_from_model(
        arch,
        None if is_own_size else tfms.recipe.size,
        mean=None if card is not None else tfms.card.mean,
        std=None if card is not None else tfms.card.std,
    )
    recipe = replace(tfms.recipe, size=made.recipe.size, interpolation=made.recipe.interpolation)
    return replace(tfms, recipe=recipe, card=made.card)
