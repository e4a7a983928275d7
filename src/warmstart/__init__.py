"""Transfer learning for image classification.

The names below, and ``warmstart.callbacks``, are the whole public API; other modules are private.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from warmstart import callbacks as callbacks
    from warmstart.checkup.checkup import Checkup
    from warmstart.classifier_data.image_data import ImageClassifierData
    from warmstart.classifier_data.transforms import tfms_from_model
    from warmstart.comparison.compare import Comparison, compare_predictions
    from warmstart.errors import (
        CacheError,
        ClusterError,
        DataError,
        DivergedError,
        FileError,
        ModelFolderError,
        SettingError,
        TrainingError,
        UnreadableImageError,
        UnreadableImagesError,
        WarmstartError,
        WeightsError,
    )
    from warmstart.heads.classifier import HeadClassifier
    from warmstart.images.augment import transforms_basic, transforms_side_on, transforms_top_down
    from warmstart.inference.loading import load_predictor
    from warmstart.inference.predictor import Predictor
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.metrics.scores import Scores
    from warmstart.recipe.race import Race
    from warmstart.recipe.recipe import Recipe, RecipeResult
    from warmstart.results.confusion import ConfusionMatrix
    from warmstart.results.history import History
    from warmstart.results.lr_curve import LRCurve
    from warmstart.results.predictions import Predictions

    __version__: str

_HOME = {
    "CacheError": "warmstart.errors",
    "ClusterError": "warmstart.errors",
    "Checkup": "warmstart.checkup.checkup",
    "Comparison": "warmstart.comparison.compare",
    "ConfusionMatrix": "warmstart.results.confusion",
    "ConvLearner": "warmstart.learner.conv_learner",
    "DataError": "warmstart.errors",
    "DivergedError": "warmstart.errors",
    "FileError": "warmstart.errors",
    "HeadClassifier": "warmstart.heads.classifier",
    "History": "warmstart.results.history",
    "ImageClassifierData": "warmstart.classifier_data.image_data",
    "LRCurve": "warmstart.results.lr_curve",
    "ModelFolderError": "warmstart.errors",
    "Predictions": "warmstart.results.predictions",
    "Predictor": "warmstart.inference.predictor",
    "Race": "warmstart.recipe.race",
    "Recipe": "warmstart.recipe.recipe",
    "RecipeResult": "warmstart.recipe.recipe",
    "Scores": "warmstart.metrics.scores",
    "SettingError": "warmstart.errors",
    "TrainingError": "warmstart.errors",
    "UnreadableImageError": "warmstart.errors",
    "UnreadableImagesError": "warmstart.errors",
    "WarmstartError": "warmstart.errors",
    "WeightsError": "warmstart.errors",
    "compare_predictions": "warmstart.comparison.compare",
    "load_predictor": "warmstart.inference.loading",
    "tfms_from_model": "warmstart.classifier_data.transforms",
    "transforms_basic": "warmstart.images.augment",
    "transforms_side_on": "warmstart.images.augment",
    "transforms_top_down": "warmstart.images.augment",
}

__all__ = [
    "CacheError",
    "Checkup",
    "ClusterError",
    "Comparison",
    "ConfusionMatrix",
    "ConvLearner",
    "DataError",
    "DivergedError",
    "FileError",
    "HeadClassifier",
    "History",
    "ImageClassifierData",
    "LRCurve",
    "ModelFolderError",
    "Predictions",
    "Predictor",
    "Race",
    "Recipe",
    "RecipeResult",
    "Scores",
    "SettingError",
    "TrainingError",
    "UnreadableImageError",
    "UnreadableImagesError",
    "WarmstartError",
    "WeightsError",
    "compare_predictions",
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
        ImportError: it is a word of another library, in ``from warmstart import …``.
    """
    if name == "__version__":
        from importlib.metadata import version  # here: it takes as long as all else

        return version("warmstart")
    if name == "callbacks":
        import warmstart.callbacks as room  # which is a public name as a whole

        return room
    if name not in _HOME:
        from warmstart.words import MODULE, explain_attribute  # here: few ask for what is not there

        hint = None if name.startswith("_") else explain_attribute(MODULE, name)
        if hint and sys._getframe(1).f_code.co_name == "_handle_fromlist":
            raise ImportError(hint)  # "from warmstart import": Python would drop another's text
        raise AttributeError(hint or f"module 'warmstart' has no attribute {name!r}")
    if _HOME[name] in sys.modules:
        return getattr(sys.modules[_HOME[name]], name)
    from warmstart.terminal.waiting import waiting  # here: an error needs none of it

    with waiting(f"loading warmstart.{name}"):
        return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    """The public names, for whoever looks around; nothing is imported."""
    return [*__all__, "__version__", "callbacks"]
