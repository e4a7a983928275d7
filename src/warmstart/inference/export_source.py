"""What an export is made of, and how a room of exports takes it."""

from collections.abc import Callable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save

from warmstart.activations.frozen_part import FrozenPart, frozen_backbone
from warmstart.files.committing import sha256_of
from warmstart.images.view import ViewRecipe
from warmstart.inference.assembly import frozen_settings
from warmstart.inference.checking import LabelledFiles, check_pictures
from warmstart.inference.model_card import ModelCard
from warmstart.inference.model_weights import joined_state
from warmstart.inference.network_member import NetworkMember
from warmstart.metrics.known_features import KnownFeatures
from warmstart.results.predictions import Predictions

if TYPE_CHECKING:
    from warmstart.export.sidecar import ExportedModel
    from warmstart.export.writing_model import ExportResult


@dataclass(frozen=True, eq=False)
class ExportSource:
    """What an export is made of: networks in single precision on the CPU, and what they say.

    ``own`` are the pictures that it is checked by where nobody names others.
    """

    members: Sequence[NetworkMember]
    card: ModelCard
    known: KnownFeatures | None
    predict: Callable[[Sequence[bytes]], Predictions]
    own: LabelledFiles | None = None


@dataclass(frozen=True)
class ExportOptions:
    """What ``Exportable.export`` may be told besides where and what for; ``ort`` is of "web"."""

    batch: bool = False
    int8: bool = False
    ort: Path | None = None


def exported(
    source_of: Callable[[], ExportSource],
    place: Path,
    to: str,
    options: ExportOptions = ExportOptions(),
    *,
    check: Any = None,
    own: LabelledFiles | None = None,
) -> "ExportResult":
    """What ``Exportable.export`` does.

    Args:
        source_of: Gives what is exported, once it is known that it can be written so.
        place: As of ``export``, and all below.
        to: What for.
        options: The rest.
        check: Pictures to compare by.
        own: Those that are taken where nobody names any.
    """
    from warmstart.export.hub_folder import write_hub
    from warmstart.export.web_folder import check_web, write_web
    from warmstart.export.writing_model import check_kind, write_exported

    batch, int8 = options.batch, options.int8
    check_kind(to, place, is_int8=int8)
    runtime = check_web(place, options.ort, is_batch=batch) if to == "web" else None
    source = source_of()
    model = exported_model(source)
    if to == "hub":
        return write_hub(model, place)
    recipes = [member.recipe for member in source.members]
    given = check_pictures(source.predict, recipes, source.card, check, own or source.own)
    if runtime is not None:
        return write_web(model, place, given, runtime, is_int8=int8)
    return write_exported(model, to, place, given, is_batch=batch, is_int8=int8)


def exact_members(members: Sequence[NetworkMember], card: ModelCard) -> tuple[NetworkMember, ...]:
    """The same networks on the CPU, computing in single precision."""
    place, found = torch.device("cpu"), []
    for member, each in zip(members, card.of_each, strict=True):
        network: Any = deepcopy(member.model).to(place).float().eval()
        settings = replace(frozen_settings(each), precision="f32")
        frozen = frozen_backbone(network, settings, place)
        found.append(exact_member(network, frozen, member.recipe))
    return tuple(found)


def exact_member(network: Any, frozen: FrozenPart, recipe: ViewRecipe) -> NetworkMember:
    """A network that was copied, as it answers."""
    return NetworkMember(lambda: network, frozen, network.head, recipe)


def exported_model(source: ExportSource) -> "ExportedModel":
    """What is written, as the room of exports takes it."""
    from warmstart.export.classifier import Answering, ExportedNetwork
    from warmstart.export.sidecar import ExportedModel

    card, networks = source.card, []
    for member, each in zip(source.members, card.of_each, strict=True):
        network: Any = member.model
        networks.append(ExportedNetwork(network, each.mean, each.std, member.recipe))
    tensors = joined_state([member.model.state_dict() for member in source.members])
    content = save({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()})
    return ExportedModel(
        tuple(networks),
        Answering(card.answering, card.is_multi_label, source.known),
        card.classes,
        asdict(card),
        sha256_of(content),
        card.versions,
    )
