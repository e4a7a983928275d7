"""Bodies of every kind: timm names, torchvision factories, functions of the user's own."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import torchvision
from safetensors.torch import save_file
from torch import Tensor, nn

from warmstart.backbones.build import build_backbone, fit_to_size
from warmstart.backbones.pooling import (
    ChannelsLastPool,
    ConcatPool,
    TokenPool,
    output_shape,
    pool_for,
)
from warmstart.backbones.weights import load_pretrained
from warmstart.errors import SettingError, WeightsError


@pytest.mark.parametrize(
    ("arch", "size", "pool", "width"),
    [
        ("resnet18", 64, ConcatPool, 1024),
        ("swin_tiny_patch4_window7_224", 224, ChannelsLastPool, 1536),
        ("vit_tiny_patch16_224", 64, TokenPool, 384),
        ("vit_small_patch16_dinov3", 64, TokenPool, 768),
        ("mixer_s32_224", 224, TokenPool, 1024),
    ],
)
def test_the_pool_fits_what_a_body_gives(
    arch: str, size: int, pool: type[nn.Module], width: int
) -> None:
    backbone = build_backbone(arch, size).module
    fit_to_size(backbone, size)
    shape = output_shape(backbone, size)
    found = pool_for(backbone, shape)
    assert isinstance(found, pool)
    assert found(torch.zeros(shape)).shape == (1, width)


def test_concat_pool_is_maximum_then_mean() -> None:
    features = torch.arange(24.0).view(1, 2, 3, 4)
    assert ConcatPool()(features).tolist() == [[11, 23, 5.5, 17.5]]
    assert ChannelsLastPool()(features.permute(0, 2, 3, 1)).tolist() == [[11, 23, 5.5, 17.5]]


def test_token_pool_leaves_prefix_tokens_out_of_the_mean() -> None:
    tokens = torch.tensor([[[1.0], [50.0], [2.0], [4.0]]])
    assert TokenPool(2)(tokens).tolist() == [[1, 3]]
    assert TokenPool(0)(tokens).tolist() == [[50, 14.25]]
    assert repr(TokenPool(1)) != repr(TokenPool(2))  # the fingerprint reads it


@pytest.mark.parametrize(
    ("factory", "size", "channels"),
    [
        (torchvision.models.resnet18, 64, 512),
        (torchvision.models.vgg11, 64, 512),
        (torchvision.models.densenet121, 64, 1024),
        (torchvision.models.mobilenet_v3_small, 64, 576),
        (torchvision.models.squeezenet1_1, 64, 512),
        (torchvision.models.swin_t, 64, 768),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_torchvision_bodies_end_before_the_pooling(
    factory: Callable[..., nn.Module], size: int, channels: int
) -> None:
    backbone = build_backbone(factory, size)
    assert backbone.name == f"torchvision.{factory.__name__}"
    shape = output_shape(backbone.module, size)
    assert len(shape) == 4
    assert shape[1] == channels
    assert shape[2] * shape[3] > 1


def test_a_torchvision_vit_gives_tokens() -> None:
    backbone = build_backbone(torchvision.models.vit_b_32, 224).module
    shape = output_shape(backbone, 224)
    assert shape == (1, 50, 768)
    pool = pool_for(backbone, shape)
    assert isinstance(pool, TokenPool)
    assert pool.num_prefix_tokens == 1


def test_torchvision_weights_from_a_file(tmp_path: Path) -> None:
    with torch.random.fork_rng([]):
        torch.manual_seed(5)
        whole = torchvision.models.resnet18().eval()
    save_file(whole.state_dict(), tmp_path / "w.safetensors")
    backbone = build_backbone(torchvision.models.resnet18, 64).module.eval()
    load_pretrained(backbone, torchvision.models.resnet18, tmp_path / "w.safetensors")
    x = torch.randn(2, 3, 64, 64)
    whole.fc = nn.Identity()
    assert torch.allclose(backbone(x).mean(dim=(2, 3)), whole(x), atol=1e-5)


class Vector(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(3, 5)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.linear(x.mean(dim=(2, 3)))
        return out


def test_a_function_of_the_users_own() -> None:
    backbone = build_backbone(Vector, 32)
    assert backbone.name == "Vector"
    shape = output_shape(backbone.module, 32)
    assert shape == (1, 5)
    assert isinstance(pool_for(backbone.module, shape), nn.Identity)


def test_weights_at_random_depend_on_the_seed_alone() -> None:
    one, two = (
        build_backbone("resnet18", 64, seed=1).module,
        build_backbone("resnet18", 64, seed=1).module,
    )
    other = build_backbone("resnet18", 64, seed=2).module
    state = torch.random.get_rng_state()
    for name, tensor in one.state_dict().items():
        assert torch.equal(tensor, two.state_dict()[name])
    assert not torch.equal(one.state_dict()["conv1.weight"], other.state_dict()["conv1.weight"])
    assert torch.equal(state, torch.random.get_rng_state())


def not_a_module() -> object:
    return "resnet18"


class Several(nn.Module):
    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return x, x


class FiveAxes(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x[:, :, None]


@pytest.mark.parametrize("factory", [Several, FiveAxes])
def test_outputs_that_cannot_be_pooled(factory: type[nn.Module]) -> None:
    backbone = build_backbone(factory, 32).module
    with pytest.raises(SettingError, match=factory.__name__):
        pool_for(backbone, output_shape(backbone, 32))


def test_a_function_that_returns_no_module() -> None:
    with pytest.raises(SettingError, match=r"not_a_module\(\) returns a str"):
        build_backbone(not_a_module, 32)


def test_a_size_that_does_not_fit() -> None:
    backbone = build_backbone("vit_tiny_patch16_224", 100).module
    with pytest.raises(SettingError, match="100 pixels"):
        output_shape(backbone, 100)


def test_a_size_that_a_transformer_cannot_be_set_to() -> None:
    backbone = build_backbone("swin_tiny_patch4_window7_224", 10).module
    with pytest.raises(SettingError, match="does not take pictures of 10 pixels") as error:
        fit_to_size(backbone, 10)
    assert error.value.flags == ("--size", "224")


def test_a_size_of_which_nothing_is_left() -> None:
    class Nothing(nn.Module):
        def forward(self, x: Tensor) -> Tensor:
            return x[:, :, 40:, 40:]

    with pytest.raises(SettingError, match="nothing is left of them"):
        output_shape(Nothing(), 32)


def test_no_weights_for_a_function() -> None:
    with pytest.raises(WeightsError, match="nothing says which weights"):
        load_pretrained(Vector(), Vector, None)
