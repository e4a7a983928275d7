"""What a model says of uploaded pictures: the answers of ``Predictor.predict``, as plain data."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.batches.rendering import View, pixels_of_view
from warmstart.errors import SettingError
from warmstart.images.image_file import thumbnail
from warmstart.inference.grad_cam import grad_cam
from warmstart.inference.picture_views import PictureViews
from warmstart.inference.pictures import Pictures
from warmstart.inference.predictor import Predictor
from warmstart.metrics.prediction_sets import sets_of
from warmstart.plots.pictures import overlaid
from warmstart.results.decision_rule import scores_behind_sets
from warmstart.results.predictions import Predictions

EXPLAINED_SIDE = 512  # pixels; no backbone sees more of a picture by default


@dataclass(frozen=True, eq=False)
class PictureViewed:
    """One picture as each network of a model sees it, and what was wrong with its file."""

    views: tuple[View, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ClassProbability:
    """A class, and how probable it is."""

    name: str
    probability: float


@dataclass(frozen=True)
class PictureAnswer:
    """What a model says of one picture.

    ``answer`` is what it is called: one name, "unknown", or any number of names where a picture may
    have many. ``classes`` are all of them, the likeliest first. ``prediction_set`` is None unless a
    confidence was asked for, ``known_score`` unless features decide what is "unknown".
    """

    answer: tuple[str, ...]
    is_unknown: bool
    classes: tuple[ClassProbability, ...]
    prediction_set: tuple[str, ...] | None
    known_score: float | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ModelAbout:
    """What a page or a program needs to know of a model before it asks.

    ``thresholds`` are those above which a class is named where a picture may have many, in the
    order of ``classes``; None where it has one.
    """

    name: str
    classes: tuple[str, ...]
    is_multi_label: bool
    thresholds: tuple[float, ...] | None
    has_unknown: bool
    has_sets: bool
    has_explanations: bool
    most_bytes: int
    version: str


def view_picture(predictor: Predictor, content: bytes, on_unreadable: str) -> PictureViewed:
    """Decode a picture for each network of a model; by any number of threads.

    Args:
        predictor: The model.
        content: The file's bytes.
        on_unreadable: "raise", or "use" for what is left of a damaged JPEG.
    """
    recipes = [member.recipe for member in predictor.members]
    views_on = [member.views_on for member in predictor.members]
    seen = PictureViews(Pictures(content), recipes, (), on_unreadable, views_on)
    views = tuple(seen.render(member, 0, 0) for member in range(len(recipes)))
    return PictureViewed(views, seen.notes)


def predict_viewed(predictor: Predictor, pictures: Sequence[PictureViewed]) -> list[Predictions]:
    """Each picture's predictions, of one row, with the bits that it gets alone.

    Args:
        predictor: The model; by one thread at a time.
        pictures: Those that go through the network together.
    """

    def render(member: int, position: int) -> View:
        return pictures[position].views[member]

    renders = [partial(render, member) for member in range(len(predictor.members))]
    found, scores = predictor.rows_and_scores(renders, len(pictures))
    card = predictor.card
    no_label = np.full((1, len(card.classes)) if card.is_multi_label else 1, -1)
    return [
        Predictions(
            ("image 0",),
            found[row : row + 1],
            no_label,
            card.classes,
            answering=card.answering,
            notes=picture.notes,
            known_scores=None if scores is None else scores[row : row + 1],
        )
        for row, picture in enumerate(pictures)
    ]


def picture_answer(
    predictions: Predictions, confidence: float | None, top: int | None
) -> PictureAnswer:
    """One row's predictions as plain data.

    Args:
        predictions: Of one row.
        confidence: Of the set of classes; None makes none.
        top: How many classes are told; None is all.
    """
    row = predictions.probabilities[0]
    order = np.argsort(-row, kind="stable")[:top]
    held, notes = set_of(predictions, confidence)
    known = predictions.known_scores
    return PictureAnswer(
        answer=predictions.answers[0],
        is_unknown=bool(predictions.is_unknown[0]),
        classes=tuple(ClassProbability(predictions.classes[k], float(row[k])) for k in order),
        prediction_set=None if held is None else tuple(predictions.classes[k] for k in held),
        known_score=None if known is None else float(known[0]),
        notes=(*predictions.notes, *notes),
    )


def set_of(
    predictions: Predictions, confidence: float | None
) -> tuple[list[int] | None, tuple[str, ...]]:
    """The classes in the set of one row, the likeliest first, and what is to be said of it."""
    if confidence is None:
        return None, ()
    found = scores_behind_sets(predictions.answering, is_multi_label=predictions.is_multi_label)
    row = predictions.probabilities[0]
    held = sets_of(predictions.probabilities, found, confidence)[0]
    notes: tuple[str, ...] = ()
    if confidence > found.highest_confidence:
        notes = (
            f"every class is in the set: the {found.num_rows} rows that sets rest on can promise "
            f"up to {found.highest_confidence:.4f}, not {confidence:g}",
        )
    return [int(k) for k in np.argsort(-row, kind="stable") if held[k]], notes


def can_explain(predictor: Predictor) -> bool:
    """Whether it can be drawn where the network looked."""
    return isinstance(predictor.model, ClassifierNetwork)


def explain_viewed(predictor: Predictor, picture: PictureViewed, class_number: int) -> bytes:
    """A JPEG of what the first network saw, coloured where it found what speaks for a class.

    Args:
        predictor: The model; by one thread at a time.
        picture: The picture.
        class_number: The class.

    Raises:
        SettingError: the network is none of which that can be told.
    """
    model, card = predictor.model, predictor.card
    if not isinstance(model, ClassifierNetwork):
        raise SettingError(
            "it cannot be told where this network looked: it comes with a head of its own.",
            expected="a model that warmstart trained.",
            fix="do not ask for it; the answer itself is right.",
        )
    pixels = pixels_of_view(picture.views[0]).copy()  # torch wants to be able to write
    (heat,) = grad_cam(model, Normalise(card.mean, card.std), pixels[None], [class_number])
    return thumbnail(overlaid(pixels, heat), EXPLAINED_SIDE)


def about_model(predictor: Predictor, most_bytes: int, version: str) -> ModelAbout:
    """What a page needs to know of a model.

    Args:
        predictor: The model.
        most_bytes: Of a picture's file.
        version: Of this package.
    """
    card = predictor.card
    thresholds = card.answering.thresholds or (0.5,) * len(card.classes)
    return ModelAbout(
        name=card.name,
        classes=card.classes,
        is_multi_label=card.is_multi_label,
        thresholds=thresholds if card.is_multi_label else None,
        has_unknown=card.answering.unknown_below is not None,
        has_sets=card.answering.sets is not None,
        has_explanations=can_explain(predictor),
        most_bytes=most_bytes,
        version=version,
    )
