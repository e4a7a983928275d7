"""What a store holds of a backbone beside its graph: files of notes, and its tensors."""

from dataclasses import dataclass
from pathlib import Path

from warmstart.activations.kept_graph import UNREADABLE
from warmstart.activations.quota import GRAPH_FOLDER
from warmstart.files.committing import read_committed
from warmstart.files.strict import convert
from warmstart.files.summed import read_summed
from warmstart.training.head_card import Parts

NOTES = "backbone-"  # how a file of notes begins
TENSORS = "backbone.safetensors"
MOST_TENSOR_BYTES = 8 << 30


@dataclass(frozen=True)
class BackboneNotes:
    """What is known of a plan's backbone beside its graph.

    ``source`` is where its weights came from, in words; ``feature_parts`` what its pooled row
    consists of; ``tensors_sha256`` names the file of its tensors.
    """

    source: str
    feature_parts: dict[str, Parts]
    tensors_sha256: str


def read_notes(place: Path) -> BackboneNotes:
    """A file of notes; errors are ``UNREADABLE``."""
    return convert(read_summed(place), BackboneNotes, str(place))


def read_tensors(folder: Path, notes: BackboneNotes) -> bytes:
    """The tensors that notes speak of, as safetensors; errors are ``UNREADABLE``."""
    return read_committed(folder, TENSORS, notes.tensors_sha256, MOST_TENSOR_BYTES)


def damaged_backbones(store: Path) -> tuple[int, list[Path]]:
    """How many backbones were noted, and files of theirs that are not as they were written."""
    places, damaged = sorted(store.glob(f"{GRAPH_FOLDER}*/{NOTES}*")), list[Path]()
    for place in places:
        wrong = place
        try:
            notes = read_notes(place)
            wrong = place.parent / TENSORS
            read_tensors(place.parent, notes)
        except UNREADABLE:
            damaged.append(wrong)
    return len(places), sorted(set(damaged))
