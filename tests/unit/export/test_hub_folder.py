"""timm opens what is laid out for a hub, with nothing of ours."""

import json
from pathlib import Path
from typing import Any

import pytest
import timm
import torch
from safetensors.torch import load_file

from warmstart import ConvLearner, SettingError, load_predictor
from warmstart.training.head import build_head
from warmstart.training.head_card import read_head_card


def test_timm_opens_the_backbone_and_the_head_lies_beside_it(
    learner: ConvLearner, tmp_path: Path
) -> None:
    learner.export(tmp_path / "hub", "hub")
    model: Any = timm.create_model(f"local-dir:{tmp_path / 'hub'}", pretrained=True).eval()
    pictures = torch.randn(2, 3, 32, 32)
    network = learner.model.eval()
    with torch.no_grad():
        assert torch.equal(model(pictures), network.backbone(pictures))
    about = json.loads((tmp_path / "hub" / "warmstart.json").read_text())
    head = build_head(read_head_card(about["card"]["head"]))
    head.load_state_dict(load_file(tmp_path / "hub" / "head.safetensors"))
    with torch.no_grad():
        logits = head.eval()(network.pool(model(pictures)))
        assert torch.equal(logits, network(pictures))
    assert model.pretrained_cfg["input_size"][1:] == [32, 32]


def test_a_head_that_timm_has_is_in_timms_own_file(tmp_path: Path) -> None:
    predictor = load_predictor("tf_efficientnet_lite0", device="cpu")
    predictor.export(tmp_path / "hub", "hub")
    model: Any = timm.create_model(f"local-dir:{tmp_path / 'hub'}", pretrained=True).eval()
    pictures = torch.randn(1, 3, 64, 64)
    with torch.no_grad():
        assert torch.equal(model(pictures), predictor.model.eval()(pictures))
    assert model.num_classes == len(predictor.classes) == 1000
    assert not (tmp_path / "hub" / "head.safetensors").exists()


def test_the_card_of_a_hub_names_classes_and_where_weights_came_from(
    learner: ConvLearner, tmp_path: Path
) -> None:
    learner.export(tmp_path / "hub", "hub")
    text = (tmp_path / "hub" / "README.md").read_text()
    assert text.startswith("---\nlibrary_name: timm")
    assert "cat, dog" in text
    assert learner.card.weights_from in text


def test_a_backbone_that_is_not_timms_has_no_such_folder(tmp_path: Path) -> None:
    from dataclasses import replace

    predictor = load_predictor("tf_efficientnet_lite0", device="cpu")
    predictor.card = replace(predictor.card, arch="mine")
    with pytest.raises(SettingError, match="no architecture of timm"):
        predictor.export(tmp_path / "hub", "hub")
