"""`warmstart train`: precompute, find a rate, train the head, judge, save."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.backbones.card import EMBEDDED_ARCH
from warmstart.cli import options
from warmstart.cli.run_folder import new_run
from warmstart.cli.settings import TrainSettings, read_settings
from warmstart.errors import SettingError


def train(
    source: Annotated[
        Path | None,
        typer.Argument(
            metavar="FOLDER|CSV",
            help="A folder with train/ and valid/ or one folder per class, or a CSV file.",
        ),
    ] = None,
    arch: options.Arch = EMBEDDED_ARCH,
    size: options.Size = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of the head, one cosine cycle.")] = 4,
    lr: Annotated[float | None, typer.Option(help="Learning rate; default: found.")] = None,
    precompute: options.Precompute = True,
    bs: options.BatchSize = 64,
    valid_pct: options.ValidPct = 0.2,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    weights: options.Weights = None,
    pretrained: options.Pretrained = True,
    on_unreadable: options.Unreadable = "raise",
    folder: Annotated[str, typer.Option(help="CSV: where the images lie, beside it.")] = "",
    suffix: Annotated[str, typer.Option(help="CSV: what the names leave off, as .jpg.")] = "",
    split_column: Annotated[str | None, typer.Option(help="CSV: says train or valid.")] = None,
    group: Annotated[str | None, typer.Option(help="CSV: column that is never parted.")] = None,
    label_sep: Annotated[
        str | None, typer.Option(help="CSV: between the labels of an image that may have many.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; default: runs/…")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run's folder.")] = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """Train a classifier of the images in a folder or a CSV file.

    Raises:
        SettingError: neither a source nor a run to go on with was given.
    """
    if resume is not None:
        settings, run = read_settings(resume), resume
    elif source is None:
        raise SettingError(
            "there is nothing to train on.",
            expected="warmstart train FOLDER|CSV, or warmstart train --resume RUN.",
            fix="warmstart demo",
        )
    else:
        settings = TrainSettings(
            source=str(source),
            arch=arch,
            size=size,
            bs=bs,
            epochs=epochs,
            lr=lr,
            precompute=precompute,
            valid_pct=valid_pct,
            seed=seed,
            device=device,
            precision=precision,
            weights=None if weights is None else str(weights),
            pretrained=pretrained,
            on_unreadable=on_unreadable,
            folder=folder,
            suffix=suffix,
            split_column=split_column,
            group=group,
            label_sep=label_sep,
        )
        run = new_run(out, source)
    from warmstart.cli.steps import run_training  # numpy and Pillow load here, not for --help

    run_training(settings, run, cache_dir)
