"""`warmstart lr-find`: which rate to start with."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.backbones.card import EMBEDDED_ARCH
from warmstart.cli import options
from warmstart.cli.paths import data_folder, refuse_missing, refuse_within_data
from warmstart.cli.settings import TrainSettings
from warmstart.errors import SettingError

DRAWN = (".png", ".svg", ".pdf", ".jpg")


def lr_find(
    source: options.Source,
    arch: options.Arch = EMBEDDED_ARCH,
    size: options.Size = None,
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
    plot: Annotated[Path | None, typer.Option(help="Draw the curve into this file.")] = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """Try rates from small to large and say which one to start with."""
    refuse_missing(source, expected="a folder of images, or a CSV that names them.")
    if cache_dir is not None:
        refuse_within_data(cache_dir, "--cache-dir", data_folder(source, folder))
    if plot is not None:
        refuse_format(plot)
    settings = TrainSettings(
        source=str(source),
        arch=arch,
        size=size,
        bs=bs,
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
    )
    # numpy and Pillow load here, not for --help
    from warmstart.cli.steps import build_learner, load_data

    curve = build_learner(settings, load_data(settings), cache_dir).lr_find()
    if plot is not None:
        curve.plot(plot)
        print(f"curve in {plot}")
    print(f"suggestion: --lr {curve.suggestion:.2g}")


def refuse_format(plot: Path) -> None:
    """A file that no picture can be written to.

    Raises:
        SettingError: its suffix is not that of a picture.
    """
    if plot.suffix.lower() not in DRAWN:
        raise SettingError(
            f"--plot {plot} has the suffix {plot.suffix or 'of no format'}.",
            expected="a file that ends in " + ", ".join(DRAWN) + ".",
            fix=f"give {plot.with_suffix('.png')}.",
            flags=("--plot", str(plot.with_suffix(".png"))),
        )
