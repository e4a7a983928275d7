"""A saved model into a learner: weights, head and rule of deciding, once all of it fits."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from warmstart.backbones.network import backbone_fingerprint
from warmstart.data.seen_images import SeenImages, keys_of
from warmstart.errors import ModelFolderError
from warmstart.inference.model_card import ModelCard
from warmstart.inference.model_folder import read_model
from warmstart.inference.model_weights import saved_tensors
from warmstart.learner.predicting import content_hashes
from warmstart.learner.replacing import put_head, put_weights
from warmstart.learner.state import LearnerState
from warmstart.terminal.colour import notify
from warmstart.training.head import build_head
from warmstart.training.head_card import read_head_card


def load_model(learn: LearnerState, folder: Path) -> None:
    """Take the weights, the head and the rule of deciding of a saved model; nothing is executed.

    Args:
        learn: The learner; it stays as it is where anything does not fit.
        folder: What ``learn.save`` wrote.
    """
    saved = read_model(folder)
    check_same_model(learn.card, learn.num_features, saved.card, folder)
    card, head = None, learn.network.head
    if saved.card.head is not None:
        card = read_head_card(saved.card.head)
        head = build_head(card)
    wanted = {
        name: tensor for name, tensor in learn.model.state_dict().items() if not is_of_head(name)
    } | {f"head.{name}": tensor for name, tensor in head.state_dict().items()}
    tensors = saved_tensors(saved, {name: tuple(each.shape) for name, each in wanted.items()})
    before = learn.first_backbone or backbone_fingerprint(learn.model)
    put_head(learn, head, card)
    put_weights(learn, tensors)
    if before != backbone_fingerprint(learn.model):
        learn.first_backbone = before  # it may have been trained on these rows
    learn.card = replace(learn.card, weights_from=saved.card.weights_from)
    learn.seen, learn.last_seen = saved.seen or SeenImages(), None
    if plain_view(learn.card.recipe) == plain_view(saved.card.recipe):
        learn.card = replace(learn.card, answering=saved.card.answering)
        learn.known = saved.known
    elif saved.card.answering.how:
        left = "; ".join(saved.card.answering.how)
        notify(f"the data shows images otherwise; left out is {left}.", quiet=learn.quiet)
    notify_judges(learn)


def plain_view(recipe: dict[str, Any]) -> dict[str, Any]:
    """What the plain view depends on; of a random crop it is the centre.

    But for who resizes: a fifth of a level on average does not spoil a temperature or a threshold,
    and models that older versions saved have to keep theirs.
    """
    crop = recipe["crop_type"]
    rest = {name: value for name, value in recipe.items() if name != "resizer"}
    return rest | {"crop_type": "center" if crop == "random" else crop}


def is_of_head(name: str) -> bool:
    """Whether a tensor belongs to the head."""
    return name.startswith("head.")


def check_same_model(own: ModelCard, num_features: int, saved: ModelCard, folder: Path) -> None:
    """See that a saved model is one of the learner's backbone, classes and pixels.

    Args:
        own: Of the learner.
        num_features: D of the row that enters the learner's head.
        saved: Of the saved model.
        folder: Where that lies.

    Raises:
        ModelFolderError: it is not.
    """
    pairs: dict[str, tuple[object, object]] = {
        "backbone": (own.name, saved.name),
        "classes": (own.classes, saved.classes),
        "labels": (labels_words(own), labels_words(saved)),
        "mean": (tuple(own.mean), tuple(saved.mean)),
        "std": (tuple(own.std), tuple(saved.std)),
        "head": (head_kind(own, saved), head_kind(saved, saved)),
    }
    if saved.head is not None:
        pairs["number of features"] = (num_features, read_head_card(saved.head).num_features)
    differ = [name for name, (ours, theirs) in pairs.items() if ours != theirs]
    if differ:
        ours, theirs = (value_words(value) for value in pairs[differ[0]])
        raise ModelFolderError(
            f"{folder} holds a model with another {' and '.join(differ)} than this learner: "
            f"{theirs} instead of {ours}.",
            expected="a model of the same backbone, classes and mean and std; the head comes with "
            "it, unless it is one of your own.",
            fix="make the learner from such data and such a backbone first; or, to predict only, "
            f"load_predictor({str(folder)!r}).",
        )


def head_kind(card: ModelCard, saved: ModelCard) -> str:
    """Whether a head is the user's own, where the saved one is: nothing else can build it."""
    if saved.head is not None:
        return "built from its card"
    return "one of your own" if card.head is None else "a standard one"


def labels_words(card: ModelCard) -> str:
    """How many classes an image may have."""
    return "any number of classes" if card.is_multi_label else "one class"


def value_words(value: object) -> str:
    """A value of a card in an error."""
    return ", ".join(map(str, value)) if isinstance(value, tuple) else str(value)


def notify_judges(learn: LearnerState) -> None:
    """Say whether validation rows have trained the model, and remember what they have chosen."""
    keys = keys_of(content_hashes(learn, "valid"))
    learn.chosen_on_valid = learn.seen.choices_of(keys)
    number = int(np.isin(keys, learn.seen.trained).sum())
    if number:
        notify(
            f"{number} of {len(keys)} validation images trained the loaded model, which flatters "
            "every score of them.",
            quiet=learn.quiet,
        )
