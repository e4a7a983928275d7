"""Where compiled graphs of saved models are kept, and what a model's is called."""

from importlib import metadata
from pathlib import Path
from typing import Any

from warmstart.activations.kept_graph import model_key
from warmstart.activations.processor import cpu_precision, openvino_mode
from warmstart.data.output_paths import cache_folder
from warmstart.inference.model_card import ModelCard

BUILDERS = ("torch", "torchvision", "timm", "warmstart")  # whose code makes a network of weights


def graph_store(cache_dir: Path | None = None) -> Path:
    """Where rows and graphs lie."""
    return cache_folder(cache_dir) / "activations"


def model_name(card: ModelCard, number: int, weights_sha256: str) -> str | None:
    """What the frozen part of a saved network is remembered under.

    Args:
        card: Of the model.
        number: Of the network, from 0.
        weights_sha256: Of the model's file of weights.

    Returns:
        None where OpenVINO is not installed.
    """
    each = card.of_each[number]
    try:
        mode = openvino_mode(cpu_precision(each.precision))
    except ImportError:
        return None
    about: dict[str, Any] = {
        "weights": weights_sha256,
        "number": number,
        "arch": each.arch,
        "size": each.recipe["size"],
        "mean": each.mean,
        "std": each.std,
        "mode": mode,
        "versions": builder_versions(),
    }
    return model_key(about)


def builder_versions() -> list[str]:
    """Of the packages whose code makes a network of weights."""
    return [metadata.version(package) for package in BUILDERS]
