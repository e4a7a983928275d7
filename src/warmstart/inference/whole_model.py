"""A published model as it is, with the classes that it was trained on: nothing is trained anew."""

import warnings
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import torch
from torch import nn

from warmstart.backbones.card import timm_card
from warmstart.backbones.network import ClassifierNetwork
from warmstart.backbones.weights import load_pretrained
from warmstart.errors import SettingError
from warmstart.images.resize import available_resizer
from warmstart.images.view import ViewRecipe
from warmstart.inference.model_card import ModelCard


def whole_model(arch: str) -> tuple[ClassifierNetwork, ModelCard]:
    """Body, pool and classifier with their pretrained weights, and what they expect.

    Args:
        arch: A timm name.

    Returns:
        The network, its own classifier as the head; and a card with the names of its classes.

    Raises:
        SettingError: it was published without a classifier.
    """
    import timm  # here: it takes seconds

    expected = timm_card(arch)
    with torch.random.fork_rng([]), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="The default weight initialization")
        model: Any = timm.create_model(arch)
    classifier = model.get_classifier()
    if not isinstance(classifier, nn.Module) or not model.num_classes:
        raise SettingError(
            f"{arch} has no classifier of its own.",
            expected="a model that was published with one, such as tf_efficientnet_lite0.",
            fix=f"train one on your classes: warmstart train FOLDER --arch {arch}",
        )
    source = load_pretrained(model, arch, None)
    classes = class_names(model)
    model.reset_classifier(0)  # from now on it ends with what the classifier takes
    card = ModelCard(
        arch=arch,
        classes=classes,
        is_multi_label=False,
        recipe=asdict(published_view(model.pretrained_cfg, expected.input_size or 224)),
        mean=expected.mean,
        std=expected.std,
        head=None,
        mode="",
        precision="auto",
        weights_from=source,
    )
    return ClassifierNetwork(model, nn.Identity(), classifier), card


def published_view(configuration: dict[str, Any], size: int) -> ViewRecipe:
    """The view by which the model's makers judged it."""
    is_squashed = configuration.get("crop_mode") == "squash"
    return ViewRecipe(
        size,
        configuration.get("interpolation") or "bicubic",
        1 / (configuration.get("crop_pct") or 0.875),
        "squash" if is_squashed else "center",
        resizer=available_resizer(),
    )


def class_names(model: Any) -> tuple[str, ...]:
    """What the outputs of a timm model stand for; numbers where nobody says."""
    from timm.data.imagenet_info import ImageNetInfo, infer_imagenet_subset

    subset = infer_imagenet_subset(model)
    if subset is None:
        published = model.pretrained_cfg.get("label_names") or ()
        numbers = [f"class {k}" for k in range(model.num_classes)]
        return tuple(published if len(published) == model.num_classes else numbers)
    info = ImageNetInfo(subset)
    words = [info.index_to_description(k) for k in range(model.num_classes)]
    return distinct(words, [info.index_to_label_name(k) for k in range(model.num_classes)])


def distinct(words: Sequence[str], codes: Sequence[str]) -> tuple[str, ...]:
    """The first of each class's synonyms; where two classes share it, with the class's code.

    ImageNet has two cranes, the bird and the machine.
    """
    short = [synonyms.partition(",")[0] for synonyms in words]
    counts = Counter(short)
    return tuple(
        name if counts[name] == 1 else f"{name} ({code})"
        for name, code in zip(short, codes, strict=True)
    )
