"""How the arguments of a learner's methods are read, by their names."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import nn

from warmstart.arguments import (
    Reader,
    each,
    flag,
    folder,
    instance_of,
    number_in,
    one_of,
    optional,
    path,
    real,
    refuse,
    seed,
    shortly,
    text,
    whole,
)
from warmstart.backbones.card import read_architecture
from warmstart.callbacks.announcer import places_of_callbacks
from warmstart.callbacks.events import Callback
from warmstart.classifier_data.arguments import check_outside_data
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.errors import SettingError
from warmstart.inference.averaging import VIEW_READERS
from warmstart.learner.layers import BN_MODES
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord
from warmstart.training.balance import WAYS
from warmstart.training.head import DROPOUTS, HIDDEN_SIZES
from warmstart.training.head_card import AnyHeadCard, HeadCard, LogisticHeadCard
from warmstart.training.settings import OPTIMISERS, PRECISIONS

CHOOSERS = ("held_back", "valid")
A_HEAD = instance_of(nn.Module, "nn.Linear(num_features, num_classes)")


def head_card(name: str, value: Any) -> AnyHeadCard | None:
    """What a head is built from; None for one of the user's own."""
    if value is not None and not isinstance(value, (HeadCard, LogisticHeadCard)):
        refuse(name, value, "the card of a standard head, or None", None)
    card: AnyHeadCard | None = value
    return card


def read_callbacks(name: str, value: Any) -> tuple[Callback, ...]:
    """Objects that can be told of a fit; one alone need not be in a list.

    Raises:
        SettingError: one is none.
    """
    several = (value,) if isinstance(value, Callback) else each(lambda _, item: item)(name, value)
    for item in several:
        if isinstance(item, type) or not isinstance(item, Callback):
            what = "a class: make one of it" if isinstance(item, type) else type(item).__name__
            raise SettingError(
                f"{name}={shortly(value)} has {what}.",
                expected="objects of subclasses of warmstart.callbacks.Callback.",
                fix='pass callbacks=[warmstart.callbacks.CSVLogger("log.csv")].',
            )
    return several


def auto_or_above_zero(name: str, value: Any) -> Any:
    """A number above 0, "auto" or None."""
    if value is None or (isinstance(value, str) and value == "auto"):
        return value
    return real(1.0, above=0)(name, value)


def group(_name: str, value: Any) -> Any:
    """A group's number as Python's own; whether there is such a one, the layers know."""
    number = number_in(value)
    return number if isinstance(number, int) else value


READERS: dict[str, Reader[Any]] = VIEW_READERS | {
    "arch": read_architecture,
    "data": instance_of(ImageClassifierData, "ImageClassifierData.from_paths(folder, tfms)"),
    "ps": DROPOUTS,
    "xtra_fc": HIDDEN_SIZES,
    "custom_head": A_HEAD,
    "opt": one_of(*OPTIMISERS),
    "weights": path,
    "pretrained": flag,
    "seed": seed,
    "precision": one_of("auto", "f32", "bf16"),
    "train_precision": one_of(*PRECISIONS),
    "cache_dir": folder,
    "num_groups": whole(2, example=3),
    "quiet": flag,
    "one_cycle": flag,
    "bn": one_of(*BN_MODES),
    "clip_norm": auto_or_above_zero,
    "balance": one_of("auto", *WAYS),
    "choose_on": one_of(*CHOOSERS),
    "checkpoint": folder,
    "callbacks": read_callbacks,
    "start_lr": real(1e-5, above=0),
    "end_lr": real(10.0, above=0),
    "num_steps": whole(2, 1_000_000, example=100),
    "max_rows": whole(0, example=2000),
    "k": whole(2, example=5),
    "view": whole(0),
    "where": group,
    "beta": real(1.0, above=0),
    "false_accept": real(0.05, above=0, below=1),
    "out_of_fold": instance_of(Predictions, "learn.cross_validate()"),
    "share": real(0.2, least=0, below=1),
    "metrics": optional(instance_of(Mapping, '{"accuracy": 0.9}')),
    "folder": folder,
    "path": path,
    "pictures": folder,
    "steps": each(instance_of(StepRecord, "Recipe().run(learn).steps")),
    "split": text,
}


def path_or_none(place: str | Path | None) -> Path | None:
    """A folder, if one is given."""
    return None if place is None else Path(place)


def checked_fit_places(
    data: ImageClassifierData, checkpoint: str | Path | None, callbacks: Sequence[Callback]
) -> Path | None:
    """The folder of a checkpoint, if one is given; no callback writes among the images (law 13)."""
    check_outside_data(data, checkpoint=checkpoint)
    for place in places_of_callbacks(callbacks):
        check_outside_data(data, callbacks=place)
    return path_or_none(checkpoint)
