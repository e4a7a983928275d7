"""How the arguments of a learner's methods are read, by their names."""

from collections.abc import Iterable, Mapping
from typing import Any

from torch import nn

from warmstart.arguments import (
    Reader,
    each,
    flag,
    instance_of,
    one_of,
    optional,
    path,
    real,
    seed,
    text,
    whole,
)
from warmstart.backbones.card import read_architecture
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.learner.layers import BN_MODES
from warmstart.results.predictions import Predictions
from warmstart.training.balance import WAYS
from warmstart.training.settings import OPTIMISERS, PRECISIONS

CHOOSERS = ("held_back", "valid")
SHARE_OF_INPUTS = real(0.5, least=0, below=1)
SIZES = each(whole(1, 1_000_000, example=512))
A_HEAD = instance_of(nn.Module, "nn.Linear(num_features, num_classes)")


def dropouts(name: str, value: Any) -> float | tuple[float, ...]:
    """A share for all layers, or one for each."""
    is_one = isinstance(value, str) or not isinstance(value, Iterable)
    return SHARE_OF_INPUTS(name, value) if is_one else each(SHARE_OF_INPUTS)(name, value)


def auto_or_above_zero(name: str, value: Any) -> Any:
    """A number above 0, "auto" or None."""
    if value is None or (isinstance(value, str) and value == "auto"):
        return value
    return real(1.0, above=0)(name, value)


READERS: dict[str, Reader[Any]] = {
    "arch": read_architecture,
    "data": instance_of(ImageClassifierData, "ImageClassifierData.from_paths(folder, tfms)"),
    "ps": dropouts,
    "xtra_fc": SIZES,
    "custom_head": A_HEAD,
    "head_module": A_HEAD,
    "opt": one_of(*OPTIMISERS),
    "weights": path,
    "pretrained": flag,
    "seed": seed,
    "device": text,
    "precision": one_of("auto", "f32", "bf16"),
    "train_precision": one_of(*PRECISIONS),
    "cache_dir": path,
    "num_groups": whole(2, example=3),
    "quiet": flag,
    "one_cycle": flag,
    "bn": one_of(*BN_MODES),
    "clip_norm": auto_or_above_zero,
    "balance": one_of("auto", *WAYS),
    "choose_on": one_of(*CHOOSERS),
    "checkpoint": path,
    "tensorboard": path,
    "start_lr": real(1e-5, above=0),
    "end_lr": real(10.0, above=0),
    "num_steps": whole(2, 1_000_000, example=100),
    "max_rows": whole(0, example=2000),
    "k": whole(2, example=5),
    "n_aug": whole(0, 100_000, example=4, flag="--tta"),
    "plain_weight": real(0.5, least=0, most=1),
    "view": whole(0),
    "beta": real(1.0, above=0),
    "false_accept": real(0.05, above=0, below=1),
    "out_of_fold": instance_of(Predictions, "learn.cross_validate()"),
    "share": real(0.2, least=0, below=1),
    "metrics": optional(instance_of(Mapping, '{"accuracy": 0.9}')),
    "folder": path,
    "path": path,
    "pictures": path,
    "split": text,
}
