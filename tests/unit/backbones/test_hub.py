from types import SimpleNamespace
from typing import Any

import pytest
import timm
import torch
from huggingface_hub import constants

from warmstart.backbones import weights
from warmstart.errors import WeightsError

STATE = {"conv.weight": torch.zeros(1)}


def hub(monkeypatch: pytest.MonkeyPatch, *, has_kept: bool, answers: bool) -> list[str]:
    """A hub, and a cache of it; what is asked is written down."""
    asked: list[str] = []

    def create_model(_arch: str, *, pretrained: bool) -> Any:
        assert pretrained
        asked.append("cache" if constants.HF_HUB_OFFLINE else "hub")
        if constants.HF_HUB_OFFLINE and not has_kept:
            raise FileNotFoundError("not in the cache")
        return SimpleNamespace(state_dict=lambda: STATE)

    def can_connect(_address: str) -> bool:
        asked.append("connection")
        return answers

    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    monkeypatch.setattr(timm, "create_model", create_model)
    monkeypatch.setattr(weights, "can_connect", can_connect)
    return asked


def test_weights_that_were_kept_are_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = hub(monkeypatch, has_kept=True, answers=True)
    assert weights.hub_weights("resnet18") == STATE
    assert asked == ["cache"]
    assert not constants.HF_HUB_OFFLINE


def test_the_hub_is_asked_for_weights_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = hub(monkeypatch, has_kept=False, answers=True)
    assert weights.hub_weights("resnet18") == STATE
    assert asked == ["cache", "connection", "hub"]


def test_a_hub_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = hub(monkeypatch, has_kept=False, answers=False)
    with pytest.raises(WeightsError, match="no pretrained weights of resnet18: not in the cache"):
        weights.hub_weights("resnet18")
    assert asked == ["cache", "connection"]
