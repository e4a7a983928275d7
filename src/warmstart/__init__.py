"""Transfer learning for image classification.

The names below are the whole public API; every other module is private.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warmstart.classifier_data.image_data import ImageClassifierData
    from warmstart.classifier_data.transforms import tfms_from_model
    from warmstart.errors import DataError, SettingError, WarmstartError
    from warmstart.heads.classifier import HeadClassifier
    from warmstart.images.augment import (
        transforms_basic,
        transforms_side_on,
        transforms_top_down,
    )
    from warmstart.inference.predictor import Predictor, load_predictor
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.recipe.recipe import Recipe
    from warmstart.results.confusion import ConfusionMatrix
    from warmstart.results.history import History
    from warmstart.results.lr_curve import LRCurve
    from warmstart.results.predictions import Predictions

_HOME = {
    "ConfusionMatrix": "warmstart.results.confusion",
    "ConvLearner": "warmstart.learner.conv_learner",
    "DataError": "warmstart.errors",
    "HeadClassifier": "warmstart.heads.classifier",
    "History": "warmstart.results.history",
    "ImageClassifierData": "warmstart.classifier_data.image_data",
    "load_predictor": "warmstart.inference.predictor",
    "LRCurve": "warmstart.results.lr_curve",
    "Predictions": "warmstart.results.predictions",
    "Predictor": "warmstart.inference.predictor",
    "Recipe": "warmstart.recipe.recipe",
    "SettingError": "warmstart.errors",
    "tfms_from_model": "warmstart.classifier_data.transforms",
    "transforms_basic": "warmstart.images.augment",
    "transforms_side_on": "warmstart.images.augment",
    "transforms_top_down": "warmstart.images.augment",
    "WarmstartError": "warmstart.errors",
}

__all__ = [
    "ConfusionMatrix",
    "ConvLearner",
    "DataError",
    "HeadClassifier",
    "History",
    "ImageClassifierData",
    "LRCurve",
    "Predictions",
    "Predictor",
    "Recipe",
    "SettingError",
    "WarmstartError",
    "load_predictor",
    "tfms_from_model",
    "transforms_basic",
    "transforms_side_on",
    "transforms_top_down",
]


def __getattr__(name: str) -> object:
    """Import a public name when it is first used, so that torch loads only when needed.

    Raises:
        AttributeError: ``name`` is not public.
    """
    if name not in _HOME:
        raise AttributeError(f"module 'warmstart' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
