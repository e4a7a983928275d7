"""`warmstart lr-find`: which rate to start with."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.backbones.card import EMBEDDED_ARCH
from warmstart.cli import options
from warmstart.cli.settings import TrainSettings


def lr_find(
    source: options.Source,
    arch: options.Arch = EMBEDDED_ARCH,
    size: options.Size = None,
    bs: options.BatchSize = 64,
    seed: options.Seed = 0,
    plot: Annotated[Path | None, typer.Option(help="Draw the curve into this file.")] = None,
    weights: options.Weights = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """Try rates from small to large and say which one to start with."""
    from warmstart.cli.steps import (
        build_learner,
        load_data,
    )  # numpy and Pillow load here, not for --help

    settings = TrainSettings(
        source=str(source),
        arch=arch,
        size=size,
        bs=bs,
        seed=seed,
        weights=None if weights is None else str(weights),
    )
    curve = build_learner(settings, load_data(settings), cache_dir).lr_find()
    if plot is not None:
        curve.plot(plot)
        print(f"curve in {plot}")
    print(f"suggestion: --lr {curve.suggestion:.2g}")
