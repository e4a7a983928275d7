"""Throws junk at every argument of every public function, and prints what is no answer in words.

Run as a script, in an empty folder, so that nobody but the library itself checks arguments: under
pytest beartype would. A line is a door, its argument, the junk, and the raw error. A network that
was converted once, by torch in seconds, is not converted again: no junk reaches that far.
"""

import functools
import hashlib
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
import torch
from PIL import Image
from torch import Tensor, nn

from warmstart import (
    ConfusionMatrix,
    ConvLearner,
    HeadClassifier,
    History,
    ImageClassifierData,
    LRCurve,
    Predictions,
    Predictor,
    Race,
    Recipe,
    WarmstartError,
    load_predictor,
    tfms_from_model,
)
from warmstart.export import writing_model
from warmstart.export.classifier import PictureClassifier
from warmstart.export.program import traced_program
from warmstart.images.augment import Augmentation

JUNK: list[Any] = [
    None, True, -1, 10**400, float("nan"), float("inf"), "", "x", "\0", "x" * 5000, b"x", [],
    [None], (1, 2), {"x": 1}, object(), lambda _: None, slice(1, 2, 3), np.array([1.0, 2.0, 3.0]),
    np.array(None), Path("nowhere"),
]  # fmt: skip
WITHIN = {  # called by the library itself, with objects that nobody writes by hand
    "ImageClassifierData.without", "ImageClassifierData.using", "History.add_step",
    "History.append", "History.extend", "Predictor.probabilities", "Predictor.rows",
    "Predictor.rows_and_scores",
}  # fmt: skip
HALF = (0.5, 0.5, 0.5)


class Small(nn.Module):
    """A body of two stages."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.BatchNorm2d(4), nn.ReLU())
        self.stage = nn.Sequential(nn.Conv2d(4, 6, 3, 2, 1), nn.ReLU())

    def forward(self, pixels: Tensor) -> Tensor:
        out: Tensor = self.stage(self.stem(pixels))
        return out


def small() -> nn.Module:
    """A function of the user's own."""
    torch.manual_seed(0)
    return Small()


OWN: dict[str, Any] = {"arch": small, "sz": 16, "mean": HALF, "std": HALF}
TFMS = tfms_from_model(**OWN, aug_tfms="side_on")
LEARNER: dict[str, Any] = {
    "arch": small, "pretrained": False, "device": "cpu", "precision": "f32",
    "train_precision": "f32", "cache_dir": "cache", "quiet": True,
}  # fmt: skip
X = np.random.default_rng(0).integers(0, 256, (12, 20, 20, 3), np.uint8)
Y = np.arange(12) % 3
PAIRS: dict[str, Any] = {"trn": (X, Y), "val": (X[:6], Y[:6]), "tfms": TFMS}


def data() -> ImageClassifierData:
    """Three classes of noise."""
    return ImageClassifierData.from_arrays(**PAIRS, bs=4, quiet=True)


def learner() -> ConvLearner:
    """On a CPU, without a word."""
    return ConvLearner.pretrained(data=data(), **LEARNER)


@dataclass(frozen=True)
class Door:
    """What is called: ``make`` gives the object with the method, or is None for a function.

    ``valid`` are arguments that make sense.
    """

    name: str
    function: Callable[..., Any]
    make: Callable[[], Any] | None = None
    valid: dict[str, Any] = field(default_factory=dict)

    def call(self, owner: Any, changed: dict[str, Any]) -> None:
        """Call it."""
        function = self.function if owner is None else getattr(owner, self.name.split(".")[-1])
        function(**self.valid | changed)

    @property
    def parameters(self) -> list[str]:
        """The arguments, without the object itself."""
        return [name for name in inspect.signature(self.function).parameters if name != "self"]


def methods(kind: type, make: Callable[[], Any], **valid: dict[str, Any]) -> list[Door]:
    """A door for each public method of a class that takes arguments."""
    found = []
    for name, function in inspect.getmembers(kind, inspect.isfunction):
        door = Door(f"{kind.__name__}.{name}", function, make, valid.get(name, {}))
        is_own = str(function.__module__).startswith("warmstart.") and not name.startswith("_")
        if is_own and door.parameters and door.name not in WITHIN:
            found.append(door)
    return found


@functools.wraps(HeadClassifier)
def fitted_head(**parameters: Any) -> HeadClassifier:
    """Parameters are checked in ``fit``, whose arrays scikit-learn checks in its own words."""
    return HeadClassifier(**parameters).fit(X[:, 0, 0].astype(np.float32), Y)


def make_files() -> list[str]:
    """A folder "photos" with two parts, and "photos.csv" of the names in one, which it gives."""
    for split in ("train", "valid"):
        for row, label in enumerate("abab"):
            place = Path("photos", split, label)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(X[row]).save(place / f"{row}.png")
    names = [f"train/{label}/{row}.png" for row, label in enumerate("abab")]
    lines = [f"{name},{name[6]}" for name in names]
    Path("photos.csv").write_text("\n".join(["name,label", *lines]))
    return names


def doors() -> list[Door]:
    """All of them."""
    names = make_files()
    trained = learner()
    trained.fit(0.01, 1)
    trained.save("model")
    predictor, predictions = trained.predictor(), trained.predict("valid")
    read = {"path": "photos", "tfms": TFMS, "quiet": True}
    frame = pd.DataFrame({"name": names, "label": [name[6] for name in names]})
    of, rows = ImageClassifierData, {"out_of_fold": predictions}
    return [
        Door("tfms_from_model", tfms_from_model, None, OWN),
        Door("from_paths", of.from_paths, None, read),
        Door("from_csv", of.from_csv, None, read | {"folder": None, "csv_fname": "photos.csv"}),
        Door("from_df", of.from_df, None, read | {"folder": None, "df": frame}),
        Door("from_names", of.from_names, None, read | {"label_of": "/([ab])/"}),
        Door("from_arrays", of.from_arrays, None, PAIRS | {"quiet": True}),
        Door("pretrained", ConvLearner.pretrained, None, LEARNER | {"data": data()}),
        Door("load_predictor", load_predictor, None, {"folder": "model", "arch": small}),
        Door("HeadClassifier", fitted_head, None, {"cycle_len": 1}),
        Door("HeadClassifier, logistic", fitted_head, None, {"head": "logistic", "C": 1.0}),
        Door("Recipe", Recipe),
        Door("Race", Race),
        Door("Augmentation", Augmentation),
        *methods(of, data),
        *methods(
            ConvLearner, learner, fit={"lrs": 0.01, "n_cycle": 1}, lr_find={"num_steps": 5},
            cross_validate={"k": 2, "lrs": 0.01}, put_head={"head": nn.Linear(12, 3), "card": None},
            put_weights={"tensors": trained.model.state_dict()}, set_data={"data": data()},
            freeze_to={"where": -2}, set_unknown={"others": X}, calibrate=rows, fit_thresholds=rows,
            save={"folder": "saved"}, report={"path": "report.html"},
            content_hashes={"split": "train"}, load={"folder": "model"}, fine_tune={"epochs": 1},
            fit_one_cycle={"n_epoch": 1}, export={"file": "own.onnx"},
        ),
        *methods(Predictor, lambda: predictor, predict={"pictures": X}, TTA={"pictures": X},
                 evaluate={"source": "photos", "quiet": True}, export={"file": "its.onnx"}),
        *methods(Recipe, lambda: Recipe(last_step=1), run={"learn": trained}),
        *methods(Predictions, lambda: predictions),
        *methods(ConfusionMatrix, predictions.confusion_matrix),
        *methods(History, trained.history.copy),
        *methods(LRCurve, trained.lr_find),
    ]  # fmt: skip


def complaints(door: Door) -> Iterator[str]:
    """Junk that gets neither an answer nor a refusal in words."""
    owner = None if door.make is None else door.make()
    for name in door.parameters:
        for junk in JUNK:
            try:
                door.call(owner, {name: junk})
            except WarmstartError:
                continue
            except Exception as error:  # noqa: BLE001 - it is what is looked for
                told = f"{type(error).__name__}: {error}".replace("\n", " | ")
                yield f"{door.name}({name}={str(junk)[:40]!r}): {told[:200]}"
            owner = None if door.make is None else door.make()


@contextmanager
def converting_once() -> Iterator[None]:
    """Keep what torch traces and converts, by the module with its weights and by all arguments."""
    trace, convert = traced_program, torch.onnx.export
    programs: dict[tuple[str, ...], Any] = {}
    converted: dict[tuple[int, str], Any] = {}

    def traced_once(classifier: PictureClassifier, *, is_batch: bool) -> Any:
        sums = hashlib.sha256()
        for tensor in classifier.state_dict().values():
            sums.update(tensor.detach().numpy().tobytes())
        key = (repr(classifier), repr(vars(classifier)), sums.hexdigest(), str(is_batch))
        if key not in programs:
            programs[key] = trace(classifier, is_batch=is_batch)
        return programs[key]

    def converted_once(program: Any, **options: Any) -> Any:
        key = (id(program), repr(options))  # programs are kept, so no other gets its id
        if key not in converted:
            converted[key] = convert(program, **options)
        return converted[key]

    traced = mock.patch.object(writing_model, "traced_program", traced_once)
    with traced, mock.patch.object(torch.onnx, "export", converted_once):
        yield


def main() -> None:
    warnings.simplefilter("ignore")
    wanted = sys.argv[1:]
    with converting_once():
        for door in doors():
            if not wanted or door.name in wanted:
                for line in complaints(door):
                    print(line, flush=True)  # noqa: T201
                print(f"done {door.name}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    main()
