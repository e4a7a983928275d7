"""A model folder, or a published model by its name → its networks, built and filled by torch."""

import contextlib

import torch
from torch import nn

from warmstart.activations.frozen_part import frozen_backbone, resolve_device
from warmstart.activations.kept_graph import remember_model
from warmstart.backbones.card import Architecture, is_timm_name
from warmstart.backbones.network import ClassifierNetwork
from warmstart.errors import ModelFolderError
from warmstart.images.view import ViewRecipe
from warmstart.inference.assembly import frozen_settings, loaded_networks
from warmstart.inference.graph_memory import graph_store, model_name
from warmstart.inference.known_file import check_fits
from warmstart.inference.model_card import ModelCard
from warmstart.inference.model_folder import SavedModel
from warmstart.inference.network_member import NetworkMember
from warmstart.inference.predictor import Predictor
from warmstart.inference.whole_model import whole_model


def network_predictor(
    saved: SavedModel, device: str, arch: Architecture | None, custom_head: nn.Module | None
) -> Predictor:
    """What answers by networks that torch has built; arguments as of ``load_predictor``."""
    members = loaded_members(saved, resolve_device(device), arch, custom_head)
    check_fits(saved.known, members[0].frozen.card.shape[0], saved.folder)
    return Predictor(members, saved.card, saved.seen, saved.known)


def loaded_members(
    saved: SavedModel,
    place: torch.device,
    arch: Architecture | None = None,
    custom_head: nn.Module | None = None,
) -> list[NetworkMember]:
    """The networks of a model folder.

    Args:
        saved: What its card says.
        place: Where they run.
        arch: The function that built the first backbone, if it was one of the user's own.
        custom_head: Likewise, a module of the head's structure.

    Raises:
        ModelFolderError: it was saved with a head of the user's own, which is not given.
    """
    card = saved.card
    if card.head is None and custom_head is None:
        raise ModelFolderError(
            f"{saved.folder} was saved with a head of the user's own; a saved model contains no "
            "code.",
            expected="the same module again.",
            fix="load_predictor(folder, custom_head=YourHead())",
        )
    archs = [arch or found_architecture(card.arch)]
    archs += [found_architecture(member.arch) for member in card.members]
    networks = loaded_networks(saved, archs, custom_head)
    members = [
        member_of(network, each, place)
        for network, each in zip(networks, card.of_each, strict=True)
    ]
    is_known = arch is None and custom_head is None
    for number, member in enumerate(members if is_known else ()):
        remember(member, saved, number)
    return members


def remember(member: NetworkMember, saved: SavedModel, number: int) -> None:
    """Keep what the frozen part of a model was compiled from, so that torch is not needed again."""
    member.frozen.store = graph_store()
    _ = member.frozen.runner
    folder = member.frozen.graph_folder()
    name = model_name(saved.card, number, saved.weights_sha256)
    if folder is not None and name is not None:
        remember_model(folder, name)


def published_predictor(arch: str, device: str) -> Predictor:
    """A published model with its own classifier, on a device as of ``load_predictor``.

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
    return Predictor([member_of(network, card, resolve_device(device))], card)


def member_of(network: ClassifierNetwork, card: ModelCard, place: torch.device) -> NetworkMember:
    """A network as it answers: its body frozen."""
    frozen = frozen_backbone(network.to(place).eval(), frozen_settings(card), place)
    return NetworkMember(lambda: network, frozen, network.head, ViewRecipe(**card.recipe))


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
