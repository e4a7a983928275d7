"""Options of the commands that take no record."""

from pathlib import Path
from typing import Annotated

import typer

Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
CacheDir = Annotated[Path | None, typer.Option(help="Where activations are kept.")]
