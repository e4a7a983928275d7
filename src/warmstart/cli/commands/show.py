"""`warmstart show`: what the network will see."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.arguments import LARGEST_SEED
from warmstart.cli.commands.options import with_options
from warmstart.cli.commands.paths import check_drawable, check_exists, data_folder, is_pattern
from warmstart.cli.run.settings import DataSettings
from warmstart.data.output_paths import check_outside_folders
from warmstart.files.remote_reading import as_place
from warmstart.terminal.colour import show_lines


@with_options(DataSettings)
def show_command(
    settings: DataSettings,
    out: Annotated[Path, typer.Option(help="The picture to write.")] = Path("batch.png"),
    rows: Annotated[int, typer.Option(min=1, help="How many training images.")] = 4,
    views: Annotated[int, typer.Option(min=0, help="Augmented views of each.")] = 4,
    seed: Annotated[int, typer.Option(min=0, max=LARGEST_SEED, help="Which images.")] = 0,
) -> None:
    """Draw some training images as the network sees them, and say how much the crop loses."""
    source = as_place(settings.source)
    if not is_pattern(settings.source):
        check_exists(source, expected="a folder of images, or a CSV that names them.")
    check_drawable(out, "--out")
    check_outside_folders(out, "--out", [data_folder(source, settings.folder)])
    # numpy and Pillow load here, not for --help
    from warmstart.cli.run.loading import load_data

    data = load_data(settings)
    data.show_batch(out, num_rows=rows, num_views=views, seed=seed)
    show_lines(data.views_in_words())
    show_lines(f"picture in {out}")
