"""A model folder, or a published model by its name → a predictor."""

import contextlib
import warnings
from pathlib import Path

import torch
from torch import nn

from warmstart.activations.frozen_part import frozen_backbone, resolve_device
from warmstart.arguments import reads
from warmstart.backbones.card import Architecture, is_timm_name
from warmstart.backbones.network import ClassifierNetwork
from warmstart.errors import (
    ModelFolderError,
)
from warmstart.images.view import ViewRecipe
from warmstart.inference.assembly import frozen_settings, loaded_networks
from warmstart.inference.known_file import check_fits
from warmstart.inference.member import NetworkMember
from warmstart.inference.model_card import ModelCard
from warmstart.inference.model_folder import read_model
from warmstart.inference.predictor import READERS, Predictor
from warmstart.inference.whole_model import whole_model


@reads(**READERS)
def load_predictor(
    folder: str | Path,
    *,
    device: str = "auto",
    arch: Architecture | None = None,
    custom_head: nn.Module | None = None,
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
        warns where the numeric mode differs.

    Raises:
        ModelFolderError: the folder needs code that it does not contain, or other code.

    Example:
        >>> from warmstart import load_predictor
        >>> predictor = load_predictor(learn.save(folder / "model"))
        >>> predictor.classes == data.classes
        True
    """
    if not Path(folder).exists():
        return published_predictor(str(folder), resolve_device(device))
    saved = read_model(Path(folder))
    card = saved.card
    if card.head is None and custom_head is None:
        raise ModelFolderError(
            f"{folder} was saved with a head of the user's own; a saved model contains no code.",
            expected="the same module again.",
            fix="load_predictor(folder, custom_head=YourHead())",
        )
    archs = [arch or found_architecture(card.arch)]
    archs += [found_architecture(member.arch) for member in card.members]
    place = resolve_device(device)
    networks = loaded_networks(saved, archs, custom_head)
    members = [
        member_of(network, each, place)
        for network, each in zip(networks, card.of_each, strict=True)
    ]
    for each, member in zip(card.of_each, members, strict=True):
        if member.frozen.card.mode != each.mode:
            warnings.warn(
                f"the model was judged in numeric mode {each.mode}, and runs here in "
                f"{member.frozen.card.mode}: probabilities may differ in their last digits.",
                stacklevel=2,
            )
    check_fits(saved.known, members[0].frozen.card.shape[0], saved.folder)
    return Predictor(members, card, saved.seen, saved.known)


def published_predictor(arch: str, place: torch.device) -> Predictor:
    """A published model with its own classifier.

    Raises:
        ModelFolderError: there is no such model.
    """
    if not is_timm_name(arch):
        raise ModelFolderError(
            f"{arch} is neither a model folder nor an architecture that timm knows.",
            expected="a folder that learn.save() wrote, or a timm name.",
            fix='check the spelling; load_predictor("tf_efficientnet_lite0") needs no folder.',
        )
    network, card = whole_model(arch)
    return Predictor([member_of(network, card, place)], card)


def member_of(network: ClassifierNetwork, card: ModelCard, place: torch.device) -> NetworkMember:
    """A network as it answers: its body frozen."""
    frozen = frozen_backbone(network.to(place).eval(), frozen_settings(card), place)
    return NetworkMember(network, frozen, network.head, ViewRecipe(**card.recipe))


def found_architecture(name: str) -> Architecture:
    """What a card's name of an architecture stands for.

    Raises:
        ModelFolderError: it was a function of the user's own.
    """
    if name.startswith("torchvision."):
        import torchvision  # here: it takes seconds

        with contextlib.suppress(ValueError):
            factory: Architecture = torchvision.models.get_model_builder(name.partition(".")[2])
            return factory
    elif is_timm_name(name):
        return name
    raise ModelFolderError(
        f"the backbone {name!r} was built by a function of the user's own.",
        expected="the same function again; a saved model contains no code.",
        fix=f"load_predictor(folder, arch={name})",
    )
