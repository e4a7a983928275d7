"""A model folder whose frozen parts earlier runs have compiled → what answers without torch."""

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.kept_graph import graph_of_model, kept_runner
from warmstart.activations.processor import may_have_accelerator
from warmstart.files.tensors import Header
from warmstart.images.view import ViewRecipe
from warmstart.inference.compiled_member import CompiledMember
from warmstart.inference.graph_memory import graph_store, model_name
from warmstart.inference.known_file import check_fits
from warmstart.inference.model_folder import SavedModel, member_prefix
from warmstart.inference.predictor import Predictor
from warmstart.training.head_card import LogisticHeadCard, read_head_card
from warmstart.training.logistic_answers import LogisticAnswers

if TYPE_CHECKING:
    from warmstart.inference.network_member import NetworkMember


def compiled_predictor(saved: SavedModel, device: str) -> Predictor | None:
    """What answers with the graphs that earlier runs kept; None where it needs torch.

    Args:
        saved: What the folder says.
        device: As of ``load_predictor``.
    """
    if device not in {"auto", "cpu"} or (device == "auto" and may_have_accelerator()):
        return None
    members = []
    for number in range(len(saved.card.of_each)):
        member = compiled_member(saved, number)
        if member is None:
            return None
        members.append(member)
    check_fits(saved.known, members[0].runner.row_shape[0], saved.folder)
    load = partial(torch_members, saved)
    return Predictor(members, saved.card, saved.seen, saved.known, load)


def compiled_member(saved: SavedModel, number: int) -> CompiledMember | None:
    """One network of a model, from 0; None where its graph or its head needs torch."""
    card = saved.card.of_each[number]
    head_card = None if card.head is None else read_head_card(card.head)
    if not isinstance(head_card, LogisticHeadCard):
        return None
    name = model_name(saved.card, number, saved.weights_sha256)
    folder = None if name is None else graph_of_model(graph_store(), name)
    runner = None if folder is None else kept_runner(folder)
    if runner is None or runner.row_shape != (head_card.num_features,):
        return None
    head = head_of(saved, member_prefix(number), head_card)
    return None if head is None else CompiledMember(runner, head, ViewRecipe(**card.recipe))


def head_of(saved: SavedModel, prefix: str, card: LogisticHeadCard) -> LogisticAnswers | None:
    """The head in a file of weights; None where it does not fit its card, which torch explains."""
    content = saved.content()
    weight = tensor_in(content, saved.header, f"{prefix}head.1.weight")
    bias = tensor_in(content, saved.header, f"{prefix}head.1.bias")
    shapes = (card.num_classes, card.num_used), (card.num_classes,)
    if weight is None or bias is None or (weight.shape, bias.shape) != shapes:
        return None
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        return None
    return LogisticAnswers(card.parts, weight, bias)


def tensor_in(content: bytes, header: Header, name: str) -> NDArray[np.float32] | None:
    """One tensor of float32 in the content of a file; None where there is none of that name."""
    entry = header.tensors.get(name)
    if entry is None or entry.dtype != "F32":
        return None
    first, last = (header.start + offset for offset in entry.data_offsets)
    return np.frombuffer(content[first:last], np.dtype("<f4")).reshape(entry.shape)


def torch_members(saved: SavedModel) -> "list[NetworkMember]":
    """The same networks, built by torch."""
    from warmstart.activations.frozen_part import resolve_device  # torch loads here
    from warmstart.inference.network_loading import loaded_members

    return loaded_members(saved, resolve_device("cpu"))
