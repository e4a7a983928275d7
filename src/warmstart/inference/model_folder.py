"""What a model folder says, read without torch: safetensors and JSON. Nothing in it is executed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from warmstart.data.seen_images import SeenImages
from warmstart.errors import FileError, ModelFolderError, WarmstartError
from warmstart.files.committing import committed_place, read_committed
from warmstart.files.tensors import Header, read_header
from warmstart.inference.known_file import read_known
from warmstart.inference.model_card import (
    CARD,
    COPY_AGAIN,
    EXPECTED,
    WEIGHTS,
    ModelCard,
    read_card,
    refuse_unreadable,
)
from warmstart.inference.seen_file import read_seen
from warmstart.metrics.known_features import KnownFeatures
from warmstart.training.head_card import read_head_card


@dataclass(frozen=True, eq=False)
class SavedModel:
    """What a model folder holds; ``seen`` is None where an older version wrote it.

    ``known`` is what decides by features what is "unknown", None where they do not decide.
    ``header`` has the shapes of the weights, which are read only when they are asked for.
    """

    folder: Path
    card: ModelCard
    weights_sha256: str
    header: Header
    seen: SeenImages | None
    known: KnownFeatures | None

    def content(self) -> bytes:
        """The file of weights, which is the one that was saved."""
        try:
            return read_committed(self.folder, WEIGHTS, self.weights_sha256, self.header.num_bytes)
        except (OSError, FileError) as error:
            refuse_unreadable(self.folder / WEIGHTS, error)

    def check_shapes(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """See that the weights are those of a network, before anything is allocated for them.

        Raises:
            ModelFolderError: tensors are missing, left over, or of another shape.
        """
        own = self.header.shapes
        wrong = sorted(
            name for name in own.keys() | shapes.keys() if own.get(name) != shapes.get(name)
        )
        if wrong:
            has, needs = (found.get(wrong[0], "no such tensor") for found in (own, shapes))
            raise ModelFolderError(
                f"{self.folder} holds weights of another structure than {self.card.name} has here: "
                f"{len(wrong)} tensors differ, {wrong[0]!r} first ({has} instead of {needs}).",
                expected="the versions in its card: "
                + ", ".join(f"{name} {version}" for name, version in self.card.versions.items()),
                fix=f"pip install timm=={self.card.versions.get('timm', '1.0.31')}",
            )


def member_prefix(number: int) -> str:
    """How the names of a network's tensors begin in the file; numbers are from 0."""
    return f"members.{number}." if number else ""


def read_model(folder: Path) -> SavedModel:
    """Read what a model folder says, but for the weights."""
    found = read_card(folder)
    check_heads(found.card, str(folder / CARD))
    try:
        header = read_header(committed_place(folder, WEIGHTS, found.weights_sha256))
    except (OSError, FileError) as error:
        refuse_unreadable(folder / WEIGHTS, error)
    return SavedModel(
        folder,
        found.card,
        found.weights_sha256,
        header,
        read_seen(folder, found.seen),
        read_known(folder, found.card, found.known),
    )


def check_heads(card: ModelCard, name: str) -> None:
    """See that the heads that a card describes can be built.

    Raises:
        ModelFolderError: one cannot; or it is the user's own, and not the only one.
    """
    if card.members and any(each.head is None for each in card.of_each):
        raise ModelFolderError(
            f"{name}: a network of several has a head of the user's own.",
            expected=EXPECTED,
            fix=COPY_AGAIN,
        )
    for each in card.of_each:
        check_head(each, name)


def check_head(card: ModelCard, name: str) -> None:
    """See that the head that a card describes can be built, and has an output for each class.

    Raises:
        ModelFolderError: it cannot, or has not.
    """
    if card.head is None:
        return
    try:
        num_outputs = read_head_card(card.head).num_classes
    except WarmstartError as error:
        raise ModelFolderError(
            f"{name}: {error.what}", expected=EXPECTED, fix=COPY_AGAIN
        ) from error
    if num_outputs != len(card.classes):
        raise ModelFolderError(
            f"{name}: the head has {num_outputs} outputs, and there are {len(card.classes)} "
            "classes.",
            expected="an output for each class.",
            fix=COPY_AGAIN,
        )
