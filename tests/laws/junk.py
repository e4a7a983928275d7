"""Throws junk at every argument of every public function, and prints what is no answer in words.

Run as a script, in an empty folder, so that nobody but the library itself checks arguments: under
pytest beartype would. A line is a door, its argument, the junk, and the raw error.
"""

import functools
import inspect
import os
import sys
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

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
    Recipe,
    WarmstartError,
    load_predictor,
    tfms_from_model,
)
from warmstart.images.augment import Augmentation

JUNK: list[Any] = [
    None, True, 0, -1, 10**400, 1e308, float("nan"), float("inf"), "", "x", "\0", "x" * 5000, b"x",
    [], [None], (1, 2), {}, {"x": 1}, object(), lambda _: None, slice(1, 2, 3), slice(None),
    np.array([1.0, 2.0, 3.0]), np.array(None), np.zeros((0, 0)), Path("nowhere"), Image, np.nan * 1j,
]  # fmt: skip
WITHIN = {  # called by the library itself, with objects that nobody writes by hand
    "ConvLearner.feeding_for", "ConvLearner.forget_answering", "ImageClassifierData.without",
    "History.add_step", "History.append", "History.extend", "Predictor.chances", "Predictor.rows",
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


TFMS = tfms_from_model(small, 16, aug_tfms="side_on", mean=HALF, std=HALF)
X = np.random.default_rng(0).integers(0, 256, (12, 20, 20, 3), np.uint8)
Y = np.arange(12) % 3
PAIRS: dict[str, Any] = {"trn": (X, Y), "val": (X[:6], Y[:6]), "tfms": TFMS}


def data() -> ImageClassifierData:
    """Three classes of noise."""
    return ImageClassifierData.from_arrays(**PAIRS, bs=4, quiet=True)


def learner() -> ConvLearner:
    """On a CPU, without a word."""
    return ConvLearner.pretrained(
        small, data(), pretrained=False, device="cpu", precision="f32", train_precision="f32",
        cache_dir="cache", quiet=True,
    )  # fmt: skip


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
    doors = []
    for name, function in inspect.getmembers(kind, inspect.isfunction):
        is_own = str(function.__module__).startswith("warmstart.")
        if is_own and f"{kind.__name__}.{name}" not in WITHIN and not name.startswith("_") and len(inspect.signature(function).parameters) > 1:
            doors.append(Door(f"{kind.__name__}.{name}", function, make, valid.get(name, {})))
    return doors


def doors() -> list[Door]:
    """All of them; folders and files are made for those that read some."""
    for split in ("train", "valid"):
        for label, pixels in zip("abab", X[:4], strict=True):
            place = Path("photos", split, label)
            place.mkdir(parents=True, exist_ok=True)
            Image.fromarray(pixels).save(place / f"{len(list(place.iterdir()))}.png")
    names = [path.relative_to("photos").as_posix() for path in sorted(Path("photos/train").rglob("*.png"))]
    Path("photos.csv").write_text("name,label\n" + "".join(f"{n},{n[6]}\n" for n in names))
    trained = learner()
    trained.fit(0.01, 1)
    trained.save("model")
    predictions = trained.predict("valid")
    frame = frame_of(names)
    predictor = trained.predictor()
    read = {"path": "photos", "tfms": TFMS, "quiet": True}
    table = {"folder": None} | read
    of = ImageClassifierData
    return [
        Door("tfms_from_model", tfms_from_model, None, {"arch": small, "sz": 16, "mean": HALF, "std": HALF}),
        Door("from_paths", of.from_paths, None, read),
        Door("from_csv", of.from_csv, None, table | {"csv_fname": "photos.csv"}),
        Door("from_df", of.from_df, None, table | {"df": frame}),
        Door("from_names", of.from_names, None, read | {"label_of": "/([ab])/"}),
        Door("from_arrays", of.from_arrays, None, PAIRS | {"quiet": True}),
        Door("pretrained", ConvLearner.pretrained, None,
             {"arch": small, "data": data(), "pretrained": False, "device": "cpu", "quiet": True,
              "cache_dir": "cache", "train_precision": "f32"}),
        Door("load_predictor", load_predictor, None, {"folder": "model", "arch": small, "device": "cpu"}),
        Door("Recipe", Recipe), Door("Augmentation", Augmentation),
        *methods(of, data),
        *methods(
            ConvLearner, learner, fit={"lrs": 0.01, "n_cycle": 1}, cross_validate={"k": 2, "lrs": 0.01},
            lr_find={"num_steps": 5}, save={"folder": "saved"}, report={"path": "report.html"},
            freeze_to={"where": -2}, put_head={"head": nn.Linear(12, 3), "card": None},
            put_weights={"tensors": trained.model.state_dict()}, set_data={"data": data()},
            set_unknown={"others": X}, calibrate={"out_of_fold": predictions},
            fit_thresholds={"out_of_fold": predictions}, feeding_for={"splits": ("train",)},
            content_hashes={"split": "train"}, forget_answering={"why": "x"},
        ),
        *methods(Predictor, lambda: predictor, predict={"pictures": X}, TTA={"pictures": X}),
        *methods(Recipe, Recipe, run={"learn": trained}),
        *methods(Predictions, lambda: predictions),
        *methods(ConfusionMatrix, predictions.confusion_matrix),
        *methods(History, lambda: trained.history.copy()),
        *methods(LRCurve, trained.lr_find),
        Door("HeadClassifier", fitted_head, None, {"cycle_len": 1}),
        Door("logistic", fitted_head, None, {"head": "logistic", "C": 1.0}),
    ]  # fmt: skip


@functools.wraps(HeadClassifier)
def fitted_head(**parameters: Any) -> HeadClassifier:
    """Parameters are checked in ``fit``, whose arrays scikit-learn checks in its own words."""
    return HeadClassifier(**parameters).fit(X[:, 0, 0].astype(np.float32), Y)


def frame_of(names: list[str]) -> Any:
    """A frame of file names and labels."""
    return pd.DataFrame({"name": names, "label": [name[6] for name in names]})


def complaints(door: Door) -> Iterator[str]:
    """Junk that gets neither an answer nor a refusal in words."""
    owner = None if door.make is None else door.make()
    for name in door.parameters:
        for junk in JUNK:
            try:
                door.call(owner, {name: junk})
            except WarmstartError:
                continue
            except Exception as error:
                told = f"{type(error).__name__}: {error}".replace("\n", " | ")
                yield f"{door.name}({name}={str(junk)[:40]!r}): {told[:200]}"
            owner = None if door.make is None else door.make()


def main() -> None:
    warnings.simplefilter("ignore")
    wanted = sys.argv[1:]
    for door in doors():
        if not wanted or door.name in wanted:
            for line in complaints(door):
                print(line, flush=True)
            print(f"done {door.name}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
