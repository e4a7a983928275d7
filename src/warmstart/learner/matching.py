"""Do data, predictions and heads belong to a learner? What must agree is compared here."""

from collections.abc import Mapping
from typing import Protocol, runtime_checkable

from torch import Tensor, nn

from warmstart.backbones.build import fit_to_size
from warmstart.backbones.card import Architecture, BackboneCard, backbone_card, is_timm_name
from warmstart.backbones.pooling import num_pooled
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import ModelTransforms
from warmstart.errors import DataError, SettingError
from warmstart.results.predictions import Predictions


@runtime_checkable
class Named(Protocol):
    """What knows its classes, and whether an image may have many."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Names."""

    @property
    def is_multi_label(self) -> bool:
        """Whether an image may have any number of them."""


def check_transforms(arch: Architecture, tfms: ModelTransforms) -> None:
    """See that pixels are made for the backbone that is to see them.

    Where ``tfms`` were made for this very backbone, whatever their user chose is right; so is
    everything for a function of the user's own, of which nobody knows what its weights expect.

    Args:
        arch: The backbone.
        tfms: Of the data.
    """
    own = backbone_card(arch)
    if own is not None and own.name != tfms.card.name:
        check_same_pixels(own, tfms, f"the backbone is {own.name}")


def check_same_task(before: ImageClassifierData, after: ImageClassifierData) -> None:
    """See that a learner can go on with other data: size, views and rows may differ.

    Args:
        before: What it has learned from.
        after: What it is to go on with.

    Raises:
        DataError: it has other classes, or another kind of labels.
    """
    if before.table.is_multi_label != after.table.is_multi_label:
        kinds = ("one class", "any number of classes")
        raise DataError(
            f"an image of the new data has {kinds[after.table.is_multi_label]}.",
            expected=f"{kinds[before.table.is_multi_label]} per image, for which the learner was "
            "made.",
            fix="make a new learner: ConvLearner.pretrained(arch, data).",
        )
    if before.classes != after.classes:
        raise DataError(
            f"the new data has the classes {', '.join(after.classes)}.",
            expected=f"those that the head was made for: {', '.join(before.classes)}.",
            fix="make a new learner for other classes: ConvLearner.pretrained(arch, data).",
        )
    card = before.tfms.card
    check_same_pixels(card, after.tfms, f"the learner saw those of {card.name}")


def check_same_pixels(card: BackboneCard, tfms: ModelTransforms, whose: str) -> None:
    """See that transforms make the pixels that a card promises.

    Args:
        card: Of the backbone.
        tfms: Mean and deviation have to be the card's; where they are for a backbone of another
            name, filter and size too, unless somebody chose the size.
        whose: What the card is of, in words.

    Raises:
        SettingError: they make others.
    """
    pairs: dict[str, tuple[object, object]] = {
        "mean": (card.mean, tfms.card.mean),
        "std": (card.std, tfms.card.std),
    }
    if card.name != tfms.card.name:
        pairs["interpolation"] = (card.interpolation, tfms.recipe.interpolation)
        if tfms.recipe.size == tfms.card.input_size:  # else somebody chose the size
            pairs["size"] = (card.input_size, tfms.recipe.size)
    differ = [
        f"{name} {theirs} instead of {own}"
        for name, (own, theirs) in pairs.items()
        if own not in {None, theirs}
    ]
    if differ:
        raise SettingError(
            f"the data has transforms for {tfms.card.name}, and {whose}: {'; '.join(differ)}.",
            expected="pixels as the backbone's weights know them.",
            fix=f"make the data with tfms_from_model({as_code(card.name)}, {tfms.recipe.size}).",
        )


def fit_to_other_size(backbone: nn.Module, before: int, size: int) -> None:
    """Make a body take pictures of another size, of which it gives the head as many values.

    Args:
        backbone: Changed in place.
        before: The side of the pictures that it takes, in pixels.
        size: The new one.

    Raises:
        SettingError: it gives another number, as where its map shrinks to one place.
    """
    if size == before:
        return
    wanted = num_pooled(backbone, before)
    fit_to_size(backbone, size)
    found = num_pooled(backbone, size)
    if found != wanted:
        raise SettingError(
            f"{type(backbone).__name__} gives {found} values for pictures of {size} pixels, the "
            f"head takes {wanted}, as those of {before} pixels give.",
            expected="a size for which it gives as many.",
            fix="make a new learner for the other size: ConvLearner.pretrained(arch, data).",
        )


def as_code(backbone: str) -> str:
    """What to type for a backbone that a card names."""
    if backbone.startswith("torchvision."):
        return backbone.replace("torchvision.", "torchvision.models.")
    return repr(backbone) if is_timm_name(backbone) else backbone


def check_same_classes(model: Named, rows: Predictions, argument: str) -> None:
    """See that predictions are of a model with the same classes.

    Args:
        model: Whose they should be.
        rows: The predictions.
        argument: What they were passed as.

    Raises:
        SettingError: they are of a model with others, or with another kind of labels.
    """
    if model.classes != rows.classes or model.is_multi_label != rows.is_multi_label:
        many = " (any number per image)" if rows.is_multi_label else ""
        raise SettingError(
            f"{argument} has predictions of the classes {', '.join(rows.classes)}{many}.",
            expected=f"those of this model: {', '.join(model.classes)}.",
            fix=f"pass {argument}=learn.cross_validate().",
        )


def check_weight_shapes(tensors: object, own: Mapping[str, Tensor]) -> None:
    """See that weights are those of a network of this structure.

    Args:
        tensors: By name.
        own: The network's.

    Raises:
        SettingError: some are missing, left over, or of another shape.
    """
    given = tensors if isinstance(tensors, Mapping) else {}
    shapes = {name: getattr(tensor, "shape", None) for name, tensor in given.items()}
    wanted = {name: tensor.shape for name, tensor in own.items()}
    differ = [name for name in {**wanted, **shapes} if shapes.get(name) != wanted.get(name)]
    if differ:
        raise SettingError(
            f"{len(differ)} of the weights do not fit the network; the first: {differ[0]}.",
            expected=f"the {len(wanted)} tensors of learn.model.state_dict(), by their names.",
            fix="pass the state_dict() of a learner with the same backbone, head and classes.",
        )
