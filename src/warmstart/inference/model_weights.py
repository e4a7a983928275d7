"""The weights of a model folder: written with all that belongs to them, and read."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from safetensors.torch import load, save
from torch import Tensor

from warmstart.backbones.network import nonfinite_in_words
from warmstart.data.seen_images import SeenImages
from warmstart.errors import ModelFolderError
from warmstart.files.committing import commit, sha256_of
from warmstart.inference.known_file import KNOWN, check_has_known, known_file
from warmstart.inference.model_card import (
    CARD,
    COPY_AGAIN,
    WEIGHTS,
    CardFile,
    ModelCard,
    check_card,
)
from warmstart.inference.model_folder import SavedModel, check_heads, member_prefix
from warmstart.inference.seen_file import SEEN, seen_file
from warmstart.metrics.known_features import KnownFeatures


def saved_tensors(saved: SavedModel, shapes: Mapping[str, tuple[int, ...]]) -> dict[str, Tensor]:
    """The weights of a network with tensors of these shapes."""
    saved.check_shapes(shapes)
    tensors = load(saved.content())
    place = saved.folder / WEIGHTS
    check_finite(tensors, f"{place} holds", "a model whose weights are numbers.", COPY_AGAIN)
    return tensors


def write_model(
    folder: Path,
    card: ModelCard,
    tensors: Mapping[str, Tensor],
    seen: SeenImages,
    known: KnownFeatures | None = None,
) -> str:
    """Write all files, at once: whoever reads finds the old model or the new one.

    Args:
        folder: Made if it is not there.
        card: Everything but the weights.
        tensors: The network's state dict.
        seen: The pictures that it was trained on.
        known: What these look like to it, where that decides what is "unknown".

    Returns:
        The sha256 of the weights.
    """
    check_card(card, "the model")
    check_heads(card, "the model")
    check_has_known(card, "the model", has_known=known is not None)
    fix = "train again with a smaller rate; what was saved before is still there."
    check_finite(tensors, "the model has", "weights that are numbers.", fix)
    content = save({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()})
    keys, about_keys = seen_file(seen)
    parts, about_known = {WEIGHTS: content, SEEN: keys}, None
    if known is not None:
        parts[KNOWN], about_known = known_file(known)
    weights_sha256 = sha256_of(content)
    text = CardFile(card, weights_sha256, about_keys, about_known).to_json()
    removed = [] if known is not None else [KNOWN]  # of the model before
    commit(folder, parts, folder / CARD, text.encode(), removed=removed)
    return weights_sha256


def joined_state(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The tensors of several networks in one file; those of the first have their own names."""
    return {
        member_prefix(number) + name: tensor
        for number, state in enumerate(states)
        for name, tensor in state.items()
    }


def check_finite(tensors: Mapping[str, Tensor], whose: str, expected: str, fix: str) -> None:
    """See that weights are numbers.

    Args:
        tensors: By name.
        whose: How the error begins, such as "the model has".
        expected: And goes on,
        fix: and ends.

    Raises:
        ModelFolderError: NaN or infinity is among them.
    """
    wrong = nonfinite_in_words(tensors)
    if wrong:
        raise ModelFolderError(f"{whose} {wrong}.", expected=expected, fix=fix)
