"""What `train` was asked for: one record, written to the run and read back by --resume."""

import json
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path

from warmstart.backbones.card import EMBEDDED_ARCH
from warmstart.errors import DataError

RECIPE = "recipe.toml"


@dataclass(frozen=True)
class TrainSettings:
    """Arguments of one training run; ``lr`` is None until it has been found."""

    source: str
    arch: str = EMBEDDED_ARCH
    size: int | None = None
    bs: int = 64
    epochs: int = 4
    lr: float | None = None
    precompute: bool = True
    valid_pct: float = 0.2
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    weights: str | None = None
    pretrained: bool = True
    on_unreadable: str = "raise"
    folder: str = ""
    suffix: str = ""
    split_column: str | None = None
    group: str | None = None
    label_sep: str | None = None

    def write(self, run: Path) -> None:
        """Write RUN/recipe.toml."""
        lines = ["# what `warmstart train --resume` goes on with", "[train]"]
        lines += [
            f"{name} = {json.dumps(value, ensure_ascii=False)}"
            for name, value in asdict(self).items()
            if value is not None
        ]
        temporary = run / f".{RECIPE}"
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        temporary.replace(run / RECIPE)


def read_settings(run: Path) -> TrainSettings:
    """Read RUN/recipe.toml.

    Raises:
        DataError: there is none.
    """
    file = run / RECIPE
    if not file.is_file():
        raise DataError(
            f"{run} is not the folder of a run: it has no {RECIPE}.",
            expected="a folder that `warmstart train` wrote.",
            fix="warmstart train FOLDER",
        )
    return TrainSettings(**tomllib.loads(file.read_text(encoding="utf-8"))["train"])
