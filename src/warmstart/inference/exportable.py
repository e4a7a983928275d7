"""What can be exported: a predictor, and a learner by its predictor."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from safetensors.torch import save

from warmstart.activations.frozen_part import frozen_backbone
from warmstart.arguments import flag, one_of, path, reads
from warmstart.files.committing import sha256_of
from warmstart.inference.assembly import frozen_settings
from warmstart.inference.checking import LabelledFiles, check_pictures
from warmstart.inference.member import NetworkMember
from warmstart.inference.model_card import ModelCard
from warmstart.inference.model_folder import joined_state
from warmstart.inference.pictures import Picture
from warmstart.metrics.known_features import KnownFeatures
from warmstart.results.predictions import Predictions

if TYPE_CHECKING:
    from warmstart.export.sidecar import ExportedModel
    from warmstart.export.writing_model import ExportResult

KINDS = ("onnx", "openvino", "torch", "hub")
EXPORT_READERS = {
    "file": path,
    "to": one_of(*KINDS, flag="--to"),
    "batch": flag,
    "int8": flag,
}


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


class Exportable:
    """Something whose answers can be had without Python."""

    @abstractmethod
    def _export_source(self) -> ExportSource:
        """What is exported."""

    @reads(**EXPORT_READERS)
    def export(
        self,
        file: str | Path,
        to: str = "onnx",
        *,
        batch: bool = False,
        int8: bool = False,
        check: Picture | Iterable[Picture] | None = None,
    ) -> "ExportResult":
        """Write the model for other programs: the same answer to the same photo, without Python.

        Whatever lies between a photo's pixels and the answer is inside: resizing, cropping,
        normalising, every network, the temperature, "unknown". It is compared with Python in single
        precision on pictures before it takes its place, and refused where a probability differs by
        more than 0.001. A JSON file beside it says what it is.

        Args:
            file: Where: a name in .onnx, .xml (OpenVINO) or .pt2 (torch); of a hub a folder.
            to: "onnx", "openvino", "torch"; or "hub", a folder as model hubs have them.
            batch: Take ``images`` (N, H, W, 3) of one size, instead of one ``image`` (H, W, 3).
            int8: Compute in 8 bits, of "onnx": smaller, and less exact; the loss is measured.
            check: Pictures to compare by, such as a folder; of those with labels the score is found
                too. None takes the validation rows of a learner, and generated ones otherwise.

        Returns:
            What was written and how it agrees; print it.

        Example:
            >>> result = learn.predictor().export(folder / "model.onnx", check=photos[:2])
            >>> result.agreement.largest_difference < 0.001
            True
        """
        return exported(self, Path(file), to, batch=batch, int8=int8, check=check)


def exported(
    asked: Exportable,
    place: Path,
    to: str,
    *,
    batch: bool = False,
    int8: bool = False,
    check: Any = None,
    own: LabelledFiles | None = None,
) -> "ExportResult":
    """What ``Exportable.export`` does; ``own`` are pictures to check by, where nobody names any."""
    from warmstart.export.hub_folder import write_hub
    from warmstart.export.writing_model import check_kind, write_exported

    check_kind(to, place, is_int8=int8)
    source = export_source(asked)
    model = exported_model(source)
    if to == "hub":
        return write_hub(model, place)
    recipes = [member.recipe for member in source.members]
    given = check_pictures(source.predict, recipes, source.card, check, own or source.own)
    return write_exported(model, to, place, given, is_batch=batch, is_int8=int8)


def export_source(source: Exportable) -> ExportSource:
    """What something exports."""
    return source._export_source()


def exact_members(members: Sequence[NetworkMember], card: ModelCard) -> tuple[NetworkMember, ...]:
    """The same networks on the CPU, computing in single precision."""
    place, found = torch.device("cpu"), []
    for member, each in zip(members, card.of_each, strict=True):
        network: Any = deepcopy(member.model).to(place).float().eval()
        settings = replace(frozen_settings(each), precision="f32")
        frozen = frozen_backbone(network, settings, place)
        found.append(NetworkMember(network, frozen, network.head, member.recipe))
    return tuple(found)


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
