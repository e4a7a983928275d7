"""MODEL|ARCH: the folder of a model that a shell user named, or a published one."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warmstart.cli.commands.paths import check_exists, nearest
from warmstart.cli.run.config import CARD
from warmstart.errors import ModelFolderError

if TYPE_CHECKING:
    from warmstart.inference.model_card import ModelCard

ModelOrName = Annotated[
    Path,
    typer.Argument(
        metavar="MODEL|ARCH",
        help="A model folder, such as RUN/model; or a timm name, for ImageNet's classes.",
    ),
]


def model_at(path: Path) -> Path | None:
    """The model folder that a path is, or that lies in it."""
    return next((place for place in (path, path / "model") if (place / CARD).is_file()), None)


def is_published(model: Path) -> bool:
    """Whether a model is no folder but the name of an architecture that comes with a classifier.

    What is on disk is a folder, whatever its name.

    Raises:
        ModelFolderError: it is neither, though it looks like a name.
    """
    if model.exists() or model.is_symlink():
        return False
    from warmstart.backbones.card import is_timm_name, near_timm_names

    if is_timm_name(str(model)):
        return True
    if len(model.parts) > 1 or nearest(model, model_at) is not None:
        return False  # the misspelled path of a folder, as ``check_is_model`` will say
    close = near_timm_names(str(model))
    raise ModelFolderError(
        f"{model} is neither a folder here nor an architecture that timm knows.",
        expected=f"the folder of a model, such as RUN/model, with {CARD} in it; or a name such as "
        + ", ".join(close)
        + ".",
        fix=f"give {close[0]}, or train a model: warmstart train FOLDER --out RUN",
        flags=("=", str(model), close[0]),
    )


def check_is_model(model: Path) -> None:
    """Check before torch is loaded that there is a model.

    Raises:
        ModelFolderError: it is a run's folder instead, or a file.
    """
    expected = f"the folder of a model, such as RUN/model, with {CARD} in it."
    check_exists(model, expected=expected, would_do=model_at)
    if (model / "model" / CARD).is_file() and not (model / CARD).is_file():
        raise ModelFolderError(
            f"{model} is a run; its model lies in {model / 'model'}.",
            expected=expected,
            fix=f"give {model / 'model'}.",
            flags=("=", str(model), str(model / "model")),
        )
    if model.is_file():
        within = model_at(model.parent)
        raise ModelFolderError(
            f"{model} is a file; pickles and other single files are not read, because they may "
            "hold code.",
            expected=expected,
            fix="train one: warmstart train FOLDER --out RUN, then use RUN/model.",
            flags=() if within is None else ("=", str(model), str(within)),
        )


def check_confidence(confidence: float | None, card: "ModelCard") -> None:
    """See, before a picture is read, that a model can make sets of a confidence."""
    if confidence is None:
        return
    from warmstart.results.decision_rule import scores_behind_sets
    from warmstart.results.predictions import READ_CONFIDENCE

    READ_CONFIDENCE("confidence", confidence)
    scores_behind_sets(card.answering, is_multi_label=card.is_multi_label)
