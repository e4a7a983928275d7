"""Options that several commands share, said once."""

from pathlib import Path
from typing import Annotated

import typer

Source = Annotated[
    Path, typer.Argument(help="A folder with train/ and valid/, or with one folder per class.")
]
Arch = Annotated[str, typer.Option(help="The backbone: a timm name.")]
Size = Annotated[int | None, typer.Option(help="Side of the pictures; default: the backbone's.")]
BatchSize = Annotated[int, typer.Option("--bs", help="Rows per training batch.")]
ValidPct = Annotated[
    float, typer.Option(help="Share that validates, where there is no valid folder.")
]
Seed = Annotated[int, typer.Option(help="What all random choices depend on.")]
Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
Precision = Annotated[str, typer.Option(help="Of the frozen part: auto, f32 or bf16.")]
Weights = Annotated[Path | None, typer.Option(help="A file with the backbone's weights.")]
Pretrained = Annotated[bool, typer.Option(help="Begin with pretrained weights.")]
Unreadable = Annotated[str, typer.Option(help="Images that cannot be read: raise or drop.")]
CacheDir = Annotated[Path | None, typer.Option(help="Where activations are kept.")]
Precompute = Annotated[bool, typer.Option(help="Keep the frozen part's outputs on disk.")]
