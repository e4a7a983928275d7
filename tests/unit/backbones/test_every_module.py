"""One architecture of each of timm's modules: built without its classifier, pooled, and cut."""

import re
import warnings
from typing import Any

import pytest
import timm
import torch
from torch import nn

from warmstart.backbones.build import build_backbone, fit_to_size
from warmstart.backbones.card import timm_card
from warmstart.backbones.cut import StagedNetwork
from warmstart.backbones.pooling import output_shape, pool_for
from warmstart.backbones.weights import load_strictly
from warmstart.errors import SettingError

SMALL = (
    "test", "zepto", "atto", "femto", "pico", "nano", "xxtiny", "xxs", "xxs24", "xx", "tiny", "ti",
    "t", "t0", "t8", "xs", "small", "s", "s12", "050", "035", "m0", "b0", "002", "18", "seresnet18",
    "s0", "mini", "224",
)  # fmt: skip
POOLED = (  # cannot be built without pooling, or give several tensors then
    "coat_lite_tiny",
    "crossvit_tiny_240",
    "deit_tiny_distilled_patch16_224",
    "efficientvim_m1",
    "efficientvit_b0",
    "inception_next_atto",
    "pit_ti_distilled_224",
)
ODD = (  # what was found on the way
    "coatnet_0_224",  # a layer behind the pooling
    "efficientvim_m1_dist",  # two classifiers
    "gemma4_vit_167m",  # asks its values, so it can be frozen only whole
    "naflexvit_base_patch16_gap",
    "pit_ti_224",  # ends with its class token alone
    "tnt_s_legacy_patch16_224",  # inside, a tensor has an entry per patch of each row
    "twins_svt_small",  # defines its parts in another order than it runs them
    "volo_d1_224",  # an auxiliary classifier
)
TRAINED_POOLS = ("test_vit2", "test_vit3")  # a norm behind the mean; attention
NOT_PARTED = {"gemma4_vit_167m"}


def own_size(name: str) -> int:
    return timm_card(name).input_size or 224


def smallest(module: str) -> str:
    """By the words in the names, since to build all of them takes minutes."""

    def rank(name: str) -> int:
        words = re.split(r"[_\W]", name)
        return min((SMALL.index(word) for word in words if word in SMALL), default=len(SMALL))

    return min(timm.list_models(module=module), key=rank)


def some() -> list[str]:
    return sorted({*POOLED, *ODD, *TRAINED_POOLS})


def others() -> list[str]:
    return sorted({smallest(module) for module in timm.list_modules()} - {*some()})


def check_cuts(name: str) -> None:
    """Nothing is allocated: on the meta device tensors have shapes only."""
    size = own_size(name)
    with torch.device("meta"), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # timm's own, on numbers that a meta tensor lacks
        backbone = build_backbone(name, size).module.to("meta").eval()
        fit_to_size(backbone, size)
        shape = output_shape(backbone, size)
        assert pool_for(backbone, shape)(torch.zeros(3, *shape[1:])).shape[:-1] == (3,)
        load_strictly(backbone, timm.create_model(name).to("meta").state_dict(), "all of it", name)
        staged = StagedNetwork(backbone, size)
        if name in NOT_PARTED:
            with pytest.raises(SettingError, match="cannot be split into stages"):
                _ = staged.stages
            return
        listed = [parameter for stage in staged.stages for parameter in stage.parameters]
        assert sorted(listed) == sorted(name for name, _ in backbone.named_parameters())
        for cut in {1, len(staged.stages) // 2, len(staged.stages) - 1}:
            prefix, tail = staged.split(cut)
            between = prefix(torch.zeros(3, 3, size, size))
            assert len(between) == 3, f"what crosses at cut {cut} has other rows"
            assert tail(between).shape == (3, *shape[1:])


@pytest.mark.parametrize("name", some())
def test_odd_architectures_are_built_and_cut(name: str) -> None:
    check_cuts(name)


@pytest.mark.exhaustive
@pytest.mark.parametrize("name", others())
def test_an_architecture_of_each_module_is_built_and_cut(name: str) -> None:
    check_cuts(name)


@pytest.mark.filterwarnings("ignore:The default weight initialization:FutureWarning")
@pytest.mark.parametrize("name", [*POOLED, *TRAINED_POOLS])
def test_what_must_pool_gives_what_timm_calls_its_features(name: str) -> None:
    size = own_size(name)
    whole: Any = timm.create_model(name).eval()
    backbone = build_backbone(name, size).module.eval()
    load_strictly(backbone, whole.state_dict(), "all of it", name)
    x = torch.randn(1, 3, size, size, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        wanted = whole.forward_head(whole.forward_features(x), pre_logits=True)
        assert torch.equal(backbone(x), wanted)


def test_an_architecture_that_cannot_be_built_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuses(*_: object, **__: object) -> nn.Module:
        raise AssertionError

    monkeypatch.setattr(timm, "create_model", refuses)
    with pytest.raises(SettingError, match="timm cannot build resnet18 without its classifier"):
        build_backbone("resnet18", 64)
