"""Options of the commands that take no record."""

from pathlib import Path
from typing import Annotated

import typer

Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
OnUnreadable = Annotated[
    str,
    typer.Option(help="Pictures that cannot be read: raise; use: what is left of damaged JPEGs."),
]
CacheDir = Annotated[Path | None, typer.Option(help="Where activations are kept.")]
