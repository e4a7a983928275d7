"""`warmstart train`: precompute, find a rate, train the head, judge, save."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.backbones.card import EMBEDDED_ARCH
from warmstart.cli import options
from warmstart.cli.paths import data_folder, refuse_missing, refuse_within_data
from warmstart.cli.recipe import Recipe
from warmstart.cli.resume import Context, resumed
from warmstart.cli.run_folder import new_run
from warmstart.cli.settings import TrainSettings
from warmstart.cli.stoppable import run_stoppable
from warmstart.errors import SettingError


def train(
    context: Context,
    source: Annotated[
        Path | None, typer.Argument(metavar="FOLDER|CSV", help=options.SOURCE_HELP)
    ] = None,
    arch: options.Arch = EMBEDDED_ARCH,
    size: options.Size = None,
    epochs: Annotated[int, typer.Option(min=1, help="Epochs of the head, one cosine cycle.")] = 4,
    lr: Annotated[float | None, typer.Option(help="Learning rate; default: found.")] = None,
    precompute: options.Precompute = True,
    bs: options.BatchSize = 64,
    valid_pct: options.ValidPct = 0.2,
    split_seed: options.SplitSeed = 42,
    seed: options.Seed = 0,
    device: options.Device = "auto",
    precision: options.Precision = "auto",
    weights: options.Weights = None,
    pretrained: options.Pretrained = True,
    on_unreadable: options.Unreadable = "raise",
    trn_name: options.TrainName = "train",
    val_name: options.ValidName = "valid",
    test_name: options.TestName = "test",
    folder: options.Folder = "",
    suffix: options.Suffix = "",
    header: options.Header = True,
    delimiter: options.Delimiter = ",",
    label_column: options.LabelColumn = None,
    split_column: options.SplitColumn = None,
    group: options.Group = None,
    label_sep: options.LabelSep = None,
    out: Annotated[Path | None, typer.Option(help="The run's folder; default: runs/…")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run's folder.")] = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """Train a classifier of the images in a folder or a CSV file.

    Raises:
        SettingError: neither a source nor a run to go on with was given.
    """
    if resume is not None:
        run_stoppable(resumed(resume, context), resume, cache_dir)
        return
    if source is None:
        raise SettingError(
            "there is nothing to train on.",
            expected="warmstart train FOLDER|CSV, or warmstart train --resume RUN.",
            fix="warmstart demo",
        )
    refuse_missing(source, expected="a folder of images, or a CSV that names them.")
    data = data_folder(source, folder)
    if cache_dir is not None:
        refuse_within_data(cache_dir, "--cache-dir", data)
    run = new_run(out, source, data=data)
    settings = TrainSettings(
        source=str(source),
        arch=arch,
        size=size,
        bs=bs,
        epochs=epochs,
        lr=lr,
        precompute=precompute,
        valid_pct=valid_pct,
        split_seed=split_seed,
        seed=seed,
        device=device,
        precision=precision,
        weights=None if weights is None else str(weights),
        pretrained=pretrained,
        on_unreadable=on_unreadable,
        trn_name=trn_name,
        val_name=val_name,
        test_name=test_name,
        folder=folder,
        suffix=suffix,
        header=header,
        delimiter=delimiter,
        label_column=label_column,
        split_column=split_column,
        group=group,
        label_sep=label_sep,
        cache_dir=None if cache_dir is None else str(cache_dir),
    )
    run_stoppable(Recipe(settings), run, cache_dir)
