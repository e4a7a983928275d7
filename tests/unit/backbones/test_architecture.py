"""What may be called an architecture."""

import functools
from typing import Any

import pytest
import torchvision
from torch import nn

from warmstart.backbones.build import build_backbone
from warmstart.backbones.card import backbone_card, read_architecture
from warmstart.errors import SettingError


def own(width: int) -> nn.Module:
    return nn.Conv2d(3, width, 3)


class Own(nn.Conv2d):
    """A class that makes a body."""

    def __init__(self) -> None:
        super().__init__(3, 4, 3)


GOOD: list[Any] = [
    "resnet18", "resnet18.a1_in1k", "tf_efficientnet_lite0", torchvision.models.resnet18,
    lambda: nn.Conv2d(3, 4, 3), functools.partial(own, 4), Own,
]  # fmt: skip


@pytest.mark.parametrize("arch", GOOD)
def test_names_and_functions(arch: Any) -> None:
    assert read_architecture("arch", arch) == arch


@pytest.mark.parametrize(
    ("arch", "fix"),
    [
        ("resnet1000", "pass arch='resnet"),
        ("ResNet18", "pass arch='resnet18'"),
        ("resnet18.nonsense", "pass arch='resnet18'"),
        ("hf-hub:timm/resnet18", "pass arch="),
        ("", "pass arch="),
        (None, "pass arch="),
        (34, "pass arch="),
        (torchvision.models, "pass arch="),
        (own, "functools.partial"),
        (torchvision.models.resnet18(), "def backbone"),
    ],
)
def test_what_cannot_be_built_is_refused_with_what_can(arch: Any, fix: str) -> None:
    with pytest.raises(SettingError) as error:
        read_architecture("arch", arch)
    assert fix in error.value.fix


@pytest.mark.parametrize(
    "factory",
    [
        torchvision.models.ResNet,
        torchvision.models.detection.fasterrcnn_resnet50_fpn,
        torchvision.models.segmentation.fcn_resnet50,
        torchvision.models.video.r3d_18,
    ],
)
def test_what_of_torchvision_is_no_classifier_of_pictures(factory: Any) -> None:
    with pytest.raises(SettingError, match="no factory of torchvision's classifiers"):
        backbone_card(factory)


def test_an_unknown_name_is_refused_where_a_network_is_built() -> None:
    with pytest.raises(SettingError, match="resnet1000"):
        build_backbone("resnet1000", 64)
