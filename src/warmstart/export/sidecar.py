"""What an exported file says of itself: texts inside it, and a JSON file beside it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from warmstart.export.classifier import Answering, ExportedNetwork

EXPORT_FORMAT = "warmstart-export-1"
MEANINGS = {
    "probabilities": "of each class, calibrated",
    "unknown": "whether the answer is that no class fits",
    "known_score": "how like a training picture it is; below unknown_below the answer is unknown",
}


@dataclass(frozen=True, eq=False)
class ExportedModel:
    """What is written: networks and how they answer; ``card`` and ``versions`` as they are kept.

    ``weights_sha256`` is that of the model folder's file.
    """

    networks: tuple[ExportedNetwork, ...]
    answering: Answering
    classes: tuple[str, ...]
    card: Mapping[str, Any]
    weights_sha256: str
    versions: Mapping[str, str]

    @property
    def thresholds(self) -> tuple[float, ...] | None:
        """(K,) above which a class of a picture that may have many is called so; None if one."""
        if not self.answering.is_multi_label:
            return None
        fitted = self.answering.rule.thresholds
        return (0.5,) * len(self.classes) if fitted is None else fitted

    @property
    def decode_at_least(self) -> int:
        """Pixels of the short side that decoding at a fraction leaves, as Python does it."""
        return max(each.recipe.at_least() for each in self.networks)


def about_export(model: ExportedModel, kind: str, *, is_batch: bool) -> dict[str, Any]:
    """Everything but sums and agreement, which are known once the file is written."""
    name, shape = ("images", ["pictures"]) if is_batch else ("image", [])
    outputs = model.answering.outputs
    return {
        "format": EXPORT_FORMAT,
        "kind": kind,
        "input": {
            "name": name,
            "type": "uint8",
            "shape": [*shape, "height", "width", 3],
            "meaning": "RGB, upright, of any size; resizing and normalising are inside",
        },
        "outputs": {each: MEANINGS[each] for each in outputs},
        "classes": list(model.classes),
        "is_multi_label": model.answering.is_multi_label,
        "thresholds": model.thresholds,
        "unknown_below": model.answering.rule.unknown_below,
        "decode_at_least": model.decode_at_least,
        "weights_sha256": model.weights_sha256,
        "versions": dict(model.versions),
        "card": dict(model.card),
    }


def texts_of(about: Mapping[str, Any]) -> dict[str, str]:
    """The same as texts by name, for a format that carries such: what is no text is JSON."""
    return {
        f"warmstart.{name}": value if isinstance(value, str) else json_line(value)
        for name, value in about.items()
    }


def json_line(value: object) -> str:
    """JSON on one line."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
