"""Which pretrained backbones are to be had without a network, and what each of them costs."""

import os
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from warmstart.backbones.card import is_timm_name, timm_card
from warmstart.backbones.embedded import PACKAGES, is_installed
from warmstart.backbones.weights import SUFFIXES

CACHED = "models--timm--"  # how the hub's cache calls the folder of a model of timm's
WEIGHT_FILES = ("model.safetensors", "pytorch_model.bin")


def available_backbones() -> tuple[str, ...]:
    """Timm's names of all backbones whose pretrained weights lie on this computer.

    Those of installed packages, of the folder WARMSTART_WEIGHTS, and of timm's own cache; each
    once, in that order. Weights that were tuned for something else than a classifier of pictures
    cannot be told apart by their names, and are among them.
    """
    installed = [arch for arch, package in PACKAGES.items() if is_installed(package)]
    return tuple(dict.fromkeys([*installed, *kept_names(), *cached_names()]))


def kept_names() -> Iterator[str]:
    """Architectures after which files in the folder WARMSTART_WEIGHTS are named."""
    folder = os.environ.get("WARMSTART_WEIGHTS")
    if folder and Path(folder).is_dir():
        for file in sorted(Path(folder).iterdir()):
            if file.suffix in SUFFIXES and is_timm_name(file.name.removesuffix(file.suffix)):
                yield file.name.removesuffix(file.suffix)


def cached_names() -> Iterator[str]:
    """Architectures whose weights timm has downloaded before."""
    from huggingface_hub import constants

    home = Path(constants.HF_HUB_CACHE)
    if not home.is_dir():
        return
    for folder in sorted(home.glob(f"{CACHED}*")):
        name = folder.name.removeprefix(CACHED)
        has_weights = any(any(folder.glob(f"snapshots/*/{file}")) for file in WEIGHT_FILES)
        if has_weights and is_timm_name(name):
            yield name


@lru_cache
def multiplications(arch: str, size: int | None = None) -> int:
    """What one picture costs: multiplications and additions, counted without any weights.

    Args:
        arch: timm's name.
        size: Side of the pictures; None is the backbone's own.
    """
    import timm  # here: it takes seconds

    side = size or timm_card(arch).input_size or 224
    with torch.device("meta"), FlopCounterMode(display=False) as counted, torch.no_grad():
        network: nn.Module = timm.create_model(arch, num_classes=0).eval()
        network(torch.empty(1, 3, side, side))
    return int(counted.get_total_flops())
