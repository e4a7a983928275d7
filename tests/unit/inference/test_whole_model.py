"""A published model as it is: its classifier, its preprocessing, its classes."""

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file
from sklearn.datasets import load_sample_image

from warmstart import SettingError, load_predictor
from warmstart.errors import ModelFolderError
from warmstart.inference.whole_model import distinct, whole_model


def test_the_embedded_model_names_a_flower() -> None:
    """ImageNet's classes are in ImageNet's order: else this would be any other name."""
    predictor = load_predictor("tf_efficientnet_lite0")
    found = predictor.predict(load_sample_image("flower.jpg"))
    assert len(predictor.classes) == len(set(predictor.classes)) == 1000
    nearest = [predictor.classes[k] for k in (-found.probabilities[0]).argsort()[:5]]
    assert "daisy" in nearest


@pytest.mark.parametrize(
    "arch", ["resnet10t", "mobilenetv3_small_050", "convnext_atto", "vit_tiny_patch16_224"]
)
def test_parts_together_are_the_published_model(
    arch: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with torch.random.fork_rng([]):
        torch.manual_seed(1)
        whole = timm.create_model(arch).eval()
    save_file(whole.state_dict(), tmp_path / f"{arch}.safetensors")
    monkeypatch.setenv("WARMSTART_WEIGHTS", str(tmp_path))
    network, card = whole_model(arch)
    pictures = torch.randn(2, 3, 224, 224)
    with torch.inference_mode():
        assert torch.equal(network.eval()(pictures), whole(pictures))
    configuration = timm.get_pretrained_cfg(arch)
    assert configuration is not None
    assert card.recipe["pre_crop_scale"] == pytest.approx(1 / configuration.crop_pct)
    assert card.mean == configuration.mean
    assert card.weights_from == f"{arch}.safetensors"
    assert len(card.classes) == 1000


def test_two_classes_of_one_name_get_their_codes() -> None:
    words = ["crane, bird", "tench, Tinca tinca", "crane"]
    assert distinct(words, ["n1", "n2", "n3"]) == ("crane (n1)", "tench", "crane (n3)")


def test_a_model_without_classifier_says_so() -> None:
    with pytest.raises(SettingError, match="no classifier of its own"):
        whole_model("vit_small_patch14_dinov2")


@pytest.mark.parametrize("name", ["tf_eficientnet_lite0", "no/such/folder"])
def test_neither_a_folder_nor_a_name(name: str) -> None:
    with pytest.raises(ModelFolderError, match="neither a model folder nor"):
        load_predictor(name)


def test_what_is_on_disk_is_a_folder_whatever_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("resnet18").mkdir()
    with pytest.raises(ModelFolderError, match=r"resnet18 has no model\.json"):
        load_predictor("resnet18")
