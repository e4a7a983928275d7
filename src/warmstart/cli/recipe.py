"""RUN/recipe.toml: what was asked for, what was found by measuring, and how it ended."""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from warmstart.cli.paths import RECIPE
from warmstart.cli.settings import PATHS, TrainSettings
from warmstart.errors import DataError

# what a recipe without a head meant: it was written when there was only the MLP
BEFORE_HEADS = {"head": "mlp", "wd": 0.0}


@dataclass(frozen=True)
class Recipe:
    """What --resume goes on with.

    ``chosen`` holds what was found by measuring, once: the rate, the numeric mode. ``result`` is
    empty until the run is finished.
    """

    asked: TrainSettings
    chosen: Mapping[str, Any] = field(default_factory=dict)
    result: Mapping[str, Any] = field(default_factory=dict)

    def choosing(self, **chosen: Any) -> "Recipe":
        """The same recipe with more that was chosen."""
        return replace(self, chosen={**self.chosen, **chosen})

    @property
    def lr(self) -> float | None:
        """The rate, None if it is still to be found."""
        return self.asked.lr if self.asked.lr is not None else self.chosen.get("lr")

    def mlp_fit(self, num_rows: int) -> dict[str, Any]:
        """How an MLP is trained on so many rows, as ``fit`` and ``cross_validate`` take it."""
        from warmstart.training.head import MLP_DECAY, mlp_epochs  # torch loads here, if anywhere

        asked = self.asked
        return {
            "cycle_len": asked.epochs or mlp_epochs(num_rows, asked.bs),
            "wds": MLP_DECAY if asked.wd is None else asked.wd,
            "balance": asked.balance,
        }

    def write(self, run: Path) -> None:
        """Write RUN/recipe.toml, whole or not at all."""
        asked = asdict(self.asked)
        for name in PATHS:  # a run can be gone on with from any folder
            if asked[name] is not None:
                asked[name] = str(Path(asked[name]).expanduser().absolute())
        parts = {"train": asked, "chosen": dict(self.chosen), "result": dict(self.result)}
        lines = ["# what `warmstart train --resume` goes on with"]
        for title, values in parts.items():
            lines.append(f"\n[{title}]")
            lines += [
                f"{name} = {json.dumps(value, ensure_ascii=False)}"
                for name, value in values.items()
                if value is not None
            ]
        run.mkdir(parents=True, exist_ok=True)
        temporary = run / f".{RECIPE}"
        temporary.write_text("\n".join(lines) + "\n", encoding="utf-8")
        temporary.replace(run / RECIPE)


def read_recipe(run: Path) -> Recipe:
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
        parts = tomllib.loads(file.read_text(encoding="utf-8"))
        written = parts["train"]
        asked = TrainSettings(**(written if "head" in written else BEFORE_HEADS | written))
        return Recipe(asked, parts.get("chosen", {}), parts.get("result", {}))
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(
            f"{file} cannot be read ({error}).",
            expected="the file as `warmstart train` wrote it, by this version of warmstart.",
            fix="begin a new run: warmstart train FOLDER",
        ) from error
