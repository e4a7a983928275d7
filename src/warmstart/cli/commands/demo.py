"""`warmstart demo`: the whole job on real handwritten digits, from nothing."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.cli.commands import options
from warmstart.cli.run.config import RunConfig
from warmstart.cli.run.runner import new_run, run_to_result
from warmstart.cli.run.settings import TrainSettings
from warmstart.terminal.colour import show_lines


def demo_command(
    out: Annotated[Path, typer.Option(help="Where the digits and the run are written.")] = Path(
        "warmstart-demo"
    ),
    epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Train an MLP for so many epochs, instead of a logistic head."),
    ] = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """Train on scikit-learn's 1,797 handwritten digits, written as a folder of images."""
    digits = out / "digits"
    count = write_digits(digits)
    show_lines(
        f"{count} handwritten digits (8 x 8 pixels) as images in {digits}, one folder per class"
    )
    settings = TrainSettings(
        source=str(digits),
        size=96,
        head="auto" if epochs is None else "mlp",
        epochs=epochs,
        cache_dir=None if cache_dir is None else str(cache_dir),
    )
    run_to_result(RunConfig(settings), new_run(None, digits, home=out / "runs"))


def write_digits(folder: Path) -> int:
    """Write the digits as PNG files, one folder per class; those that are there already stay.

    Args:
        folder: Made if it is not there.

    Returns:
        The number of images.
    """
    from PIL import Image
    from sklearn.datasets import load_digits

    digits = load_digits()
    for i, (pixels, label) in enumerate(zip(digits.images, digits.target, strict=True)):
        path = folder / str(label) / f"{i:04d}.png"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            grey = (255 - pixels * (255 / 16)).round().astype("uint8")  # dark ink on white paper
            Image.fromarray(grey).resize((64, 64), Image.Resampling.BICUBIC).save(path)
    return len(digits.target)
