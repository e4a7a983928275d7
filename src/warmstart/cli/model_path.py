"""The model folder that a shell user named."""

from pathlib import Path

from warmstart.cli.paths import refuse_missing
from warmstart.errors import ModelFolderError

CARD = "model.json"


def refuse_no_model(model: Path) -> None:
    """Check before torch is loaded that there is a model.

    Raises:
        ModelFolderError: it is a run's folder instead, or a file.
    """
    expected = f"the folder of a model, such as RUN/model, with {CARD} in it."
    refuse_missing(model, expected=expected)
    if (model / "model" / CARD).is_file() and not (model / CARD).is_file():
        raise ModelFolderError(
            f"{model} is a run; its model lies in {model / 'model'}.",
            expected=expected,
            fix=f"give {model / 'model'}.",
            flags=("=", str(model), str(model / "model")),
        )
    if model.is_file():
        raise ModelFolderError(
            f"{model} is a file; pickles and other single files are not read, because they may "
            "hold code.",
            expected=expected,
            fix="train one: warmstart train FOLDER --out RUN, then use RUN/model.",
        )
