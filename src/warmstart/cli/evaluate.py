"""`warmstart evaluate`: judge a saved model on labelled pictures."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warmstart.cli import options
from warmstart.cli.model_path import refuse_no_model
from warmstart.cli.paths import refuse_missing
from warmstart.cli.predict import Model
from warmstart.errors import DataError, UnreadableImagesError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


def evaluate(
    model: Model,
    folder: Annotated[
        Path,
        typer.Argument(metavar="FOLDER", help="One folder per class, or a folder with valid/."),
    ],
    split: Annotated[str, typer.Option(help="Which part, where the folder has parts.")] = "valid",
    device: options.Device = "auto",
) -> None:
    """Judge a model on labelled pictures.

    Raises:
        DataError: some pictures cannot be read.
    """
    refuse_no_model(model)
    refuse_missing(folder, expected="a folder with one folder per class.")
    from warmstart.cli.judge import tell
    from warmstart.inference.predictor import load_predictor  # torch loads here, not for --help
    from warmstart.results.predictions import Predictions

    predictor = load_predictor(model, device=device)
    paths, labels = labelled_pictures(folder, split, predictor.classes)
    try:
        found = predictor.predict(paths)
    except UnreadableImagesError as error:
        raise DataError(
            error.what, expected=error.expected, fix="delete or replace them."
        ) from error
    if predictor.card.is_multi_label:
        print("note: each picture is taken to have the label of its folder, and no other")
        labels = (labels[:, None] == range(len(predictor.classes))).astype(labels.dtype)
    tell(Predictions(found.rows, found.probabilities, labels, found.classes))


def labelled_pictures(
    folder: Path, split: str, classes: tuple[str, ...]
) -> tuple[list[Path], "NDArray[np.int64]"]:
    """Paths and labels of the pictures in class folders.

    Raises:
        DataError: there is no class folder, or one that the model does not know.
    """
    import numpy as np

    from warmstart.data.layout import visible_folders
    from warmstart.inference.pictures import files_at

    here = folder / split if (folder / split).is_dir() else folder
    expected = "folders of these names: " + ", ".join(classes) + "."
    if not here.is_dir():
        raise DataError(f"{here} is no folder.", expected=expected, fix=f"give {here.parent}.")
    found = visible_folders(here)
    strangers = [name for name in found if name not in classes]
    if strangers or not found:
        raise DataError(
            f"{here} has {len(strangers)} class(es) that the model does not know: "
            f"{', '.join(strangers)}."
            if strangers
            else f"{here} has no class folders.",
            expected=expected,
            fix="give the folder that holds one folder per class, and rename the others.",
        )
    paths: list[Path] = []
    labels: list[int] = []
    for name in found:
        files = files_at(here / name)
        paths += files
        labels += [classes.index(name)] * len(files)
    print(f"{len(paths)} pictures of {len(found)} classes in {here}")
    if here == folder:
        print("note: those that the model was trained on make the scores too good")
    return paths, np.array(labels, np.int64)
