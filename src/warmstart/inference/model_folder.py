"""A saved model: weights as safetensors, everything else as JSON. Nothing in it is executed."""

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from safetensors.torch import load, save
from torch import Tensor

from warmstart.data.durable import sync_folder
from warmstart.errors import ModelFolderError
from warmstart.inference.seen_pictures import SEEN, SeenPictures, read_seen
from warmstart.results.answering import PLAIN, Answering

FORMAT = "warmstart-model-1"
CARD, WEIGHTS = "model.json", "weights.safetensors"


@dataclass(frozen=True)
class ModelCard:
    """What a saved model says of itself.

    ``augmentation`` is how its training views varied, None if they did not, or if the folder was
    written before cards said so; ``view_seed`` is what they were drawn from.
    """

    arch: str
    classes: tuple[str, ...]
    is_multi_label: bool
    recipe: dict[str, Any]
    mean: tuple[float, ...]
    std: tuple[float, ...]
    head: dict[str, Any] | None
    mode: str
    precision: str
    weights_from: str
    augmentation: dict[str, Any] | None = None
    view_seed: int = 0
    metrics: dict[str, float] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)
    answering: Answering = PLAIN


@dataclass(frozen=True, eq=False)
class SavedModel:
    """What a model folder holds; ``seen`` is None where an older version wrote it."""

    card: ModelCard
    tensors: dict[str, Tensor]
    seen: SeenPictures | None


def write_model(
    folder: Path, card: ModelCard, tensors: dict[str, Tensor], seen: SeenPictures
) -> None:
    """Write the three files, the card last.

    Args:
        folder: Made if it is not there.
        card: Everything but the weights.
        tensors: The network's state dict.
        seen: The pictures that it was trained on.
    """
    folder.mkdir(parents=True, exist_ok=True)
    content = save({name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()})
    keys, about_keys = seen.to_file()
    entry = {
        "format": FORMAT,
        "weights_sha256": hashlib.sha256(content).hexdigest(),
        "seen_pictures": about_keys,
    } | asdict(card)
    write_whole(folder / WEIGHTS, content)
    write_whole(folder / SEEN, keys)
    write_whole(folder / CARD, json.dumps(entry, indent=1, ensure_ascii=False).encode())


def write_whole(path: Path, content: bytes) -> None:
    """Write, fsync, rename, and make the rename durable."""
    temporary = path.with_name(f".writing-{os.getpid()}-{path.name}")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
    sync_folder(path.parent)


def read_model(folder: Path) -> SavedModel:
    """Read and compare the checksums.

    Raises:
        ModelFolderError: it is not a model folder, or not as it was written.
    """
    expected = f"a folder that learn.save() wrote: {CARD} and {WEIGHTS}."
    if not (folder / CARD).is_file():
        pickles = [p.name for p in folder.glob("*") if p.suffix in {".pkl", ".pickle", ".pth"}]
        what = f"holds a pickle ({pickles[0]}), which is not read" if pickles else "has no " + CARD
        raise ModelFolderError(
            f"{folder} {what}.",
            expected=expected,
            fix="train one: warmstart train FOLDER --out RUN, then use RUN/model.",
        )
    try:
        entry = json.loads((folder / CARD).read_text(encoding="utf-8"))
        content = (folder / WEIGHTS).read_bytes()
    except (OSError, ValueError) as error:
        raise ModelFolderError(
            f"{folder} cannot be read ({error}).",
            expected=expected,
            fix="copy the folder again from where it was made.",
        ) from error
    if entry.pop("format", None) != FORMAT:
        raise ModelFolderError(
            f"{folder}: this version of warmstart does not know the format of {CARD}.",
            expected=FORMAT,
            fix="install the version that wrote it; its card says which.",
        )
    if hashlib.sha256(content).hexdigest() != entry.pop("weights_sha256", None):
        raise ModelFolderError(
            f"{folder / WEIGHTS} is not the file that was saved: its checksum differs.",
            expected="the sha256 in " + CARD + ".",
            fix="copy the folder again from where it was made.",
        )
    seen = read_seen(folder, entry.pop("seen_pictures", None))
    for name in ("classes", "mean", "std"):
        entry[name] = tuple(entry[name])
    entry["answering"] = read_answering(entry.get("answering", {}))
    return SavedModel(ModelCard(**entry), load(content), seen)


def read_answering(entry: dict[str, Any]) -> Answering:
    """What ``asdict`` and JSON made of an Answering; models of before have none."""
    lists = {name: tuple(entry[name]) for name in ("thresholds", "how") if entry.get(name)}
    return Answering(**(entry | lists | {"how": tuple(entry.get("how", ()))}))
