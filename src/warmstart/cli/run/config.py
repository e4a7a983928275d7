"""RUN/recipe.toml: what was asked for, what was found by measuring, and how it ended."""

import json
import time
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from warmstart.cli.run.settings import PATHS, TrainSettings
from warmstart.errors import DataError, FileError, reason_of
from warmstart.files.reading import read_text
from warmstart.files.remote_reading import as_place
from warmstart.files.strict import convert, plain_toml
from warmstart.files.writing import write_whole

BEGAN = ContextVar[float]("BEGAN")  # when the command did: --seconds counts from here
BEGAN.set(time.perf_counter())
RUNS = Path("runs")  # where runs lie, unless somebody says
RECIPE, PREDICTIONS = "recipe.toml", "predictions.csv"  # what makes a folder a run's,
CARD = "model.json"  # or a model's
# what a config without a head meant: it was written when there was only the MLP
BEFORE_HEADS = {"head": "mlp", "wd": 0.0}


@dataclass(frozen=True)
class RunConfig:
    """What --resume goes on with.

    ``chosen`` holds what was found by measuring, once: the rate, the numeric mode. ``result`` is
    empty until the run is finished.
    """

    asked: TrainSettings
    chosen: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)

    def with_chosen(self, **chosen: Any) -> "RunConfig":
        """The same config with more that was chosen."""
        return replace(self, chosen={**self.chosen, **chosen})

    @property
    def lr(self) -> float | None:
        """The rate, None if it is still to be found."""
        return self.asked.lr if self.asked.lr is not None else self.chosen.get("lr")

    @property
    def resizer(self) -> str | None:
        """Who resized when the run began, if it did: Pillow where it does not say; else None."""
        from warmstart.images.resize import PILLOW  # numpy and Pillow load here, not for --help

        recorded: str | None = self.chosen.get("resizer")
        return recorded or (PILLOW if "numeric_mode" in self.chosen else None)

    def mlp_fit(self, num_rows: int) -> dict[str, Any]:
        """How an MLP is trained on so many rows, as ``fit`` and ``cross_validate`` take it."""
        from warmstart.training.head_card import (  # torch loads here, if anywhere
            MLP_DECAY,
            mlp_epochs,
        )

        asked = self.asked
        return {
            "cycle_len": asked.epochs or mlp_epochs(num_rows, asked.bs),
            "wds": MLP_DECAY if asked.wd is None else asked.wd,
            "balance": asked.balance,
        }

    @property
    def anywhere(self) -> "RunConfig":
        """The same with absolute paths, so that a run can be gone on with from any folder."""
        given = {name: getattr(self.asked, name) for name in PATHS}
        places: dict[str, Any] = {
            name: str(as_place(place).expanduser().absolute())
            for name, place in given.items()
            if place is not None
        }
        return replace(self, asked=replace(self.asked, **places))

    def write(self, run: Path) -> None:
        """Write RUN/recipe.toml, whole or not at all."""
        parts = {
            "train": asdict(self.anywhere.asked),
            "chosen": dict(self.chosen),
            "result": dict(self.result),
        }
        lines = ["# what `warmstart train --resume` goes on with"]
        for title, values in parts.items():
            lines.append(f"\n[{title}]")
            lines += [
                f"{name} = {json.dumps(value, ensure_ascii=False)}"
                for name, value in values.items()
                if value is not None
            ]
        write_whole(run / RECIPE, "\n".join(lines) + "\n")


def read_config(run: Path) -> RunConfig:
    """Read RUN/recipe.toml.

    Raises:
        DataError: there is none, or it is none of ours.
    """
    file = run / RECIPE
    if not file.is_file():
        raise DataError(
            f"{run} is not the folder of a run: it has no {RECIPE}.",
            expected="a folder that `warmstart train` wrote.",
            fix="begin a run: warmstart train FOLDER",
        )
    try:
        parts = plain_toml(read_text(file), str(file))
        written = parts.get("train")
        if isinstance(written, dict) and "head" not in written:
            parts["train"] = BEFORE_HEADS | written
        found = convert(parts, ConfigFile, str(file))
    except (OSError, FileError) as error:
        raise DataError(
            f"{file} cannot be read: {reason_of(error)}",
            expected="the file as `warmstart train` wrote it, by this version of warmstart.",
            fix="begin a new run: warmstart train FOLDER",
        ) from error
    return RunConfig(found.train, found.chosen, found.result)


@dataclass(frozen=True)
class ConfigFile:
    """What RUN/recipe.toml says."""

    train: TrainSettings
    chosen: dict[str, Any] = field(default_factory=dict)
    result: dict[str, float] = field(default_factory=dict)
