"""Options that several commands share, said once."""

from pathlib import Path
from typing import Annotated

import typer

SOURCE_HELP = "A folder with train/ and valid/ or one folder per class, or a CSV file."
Source = Annotated[Path, typer.Argument(metavar="FOLDER|CSV", help=SOURCE_HELP)]
Arch = Annotated[str, typer.Option(help="The backbone: a timm name.")]
Size = Annotated[int | None, typer.Option(help="Side of the pictures; default: the backbone's.")]
BatchSize = Annotated[int, typer.Option("--bs", help="Rows per training batch.")]
ValidPct = Annotated[
    float, typer.Option(help="Share that validates, where there is no valid folder.")
]
SplitSeed = Annotated[int, typer.Option(help="What the draw of that share depends on.")]
Seed = Annotated[int, typer.Option(help="Of the head, the order of rows and dropout.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Precision = Annotated[str, typer.Option(help="Of the frozen part: auto, f32 or bf16.")]
Weights = Annotated[Path | None, typer.Option(help="A file with the backbone's weights.")]
Pretrained = Annotated[bool, typer.Option(help="Begin with pretrained weights.")]
Unreadable = Annotated[str, typer.Option(help="Images that cannot be read: raise or drop.")]
CacheDir = Annotated[Path | None, typer.Option(help="Where activations are kept.")]
Precompute = Annotated[bool, typer.Option(help="Keep the frozen part's outputs on disk.")]
TrainName = Annotated[str, typer.Option(help="Name of the training folder.")]
ValidName = Annotated[str, typer.Option(help="Name of the validation folder.")]
TestName = Annotated[str, typer.Option(help="Name of the test folder.")]
Folder = Annotated[str, typer.Option(help="CSV: where the images lie, beside it.")]
Suffix = Annotated[str, typer.Option(help="CSV: what the names leave off, as .jpg.")]
Header = Annotated[bool, typer.Option(help="CSV: the first line names the columns.")]
Delimiter = Annotated[str, typer.Option(help="CSV: what stands between cells.")]
LabelColumn = Annotated[
    str | None, typer.Option(help="CSV: the column of labels; default: the second.")
]
SplitColumn = Annotated[str | None, typer.Option(help="CSV: column that says train or valid.")]
Group = Annotated[str | None, typer.Option(help="CSV: column that is never parted.")]
LabelSep = Annotated[
    str | None, typer.Option(help="CSV: between the labels of an image that may have many.")
]
