"""Grad-CAM where the answer is known: a mean pool and a linear head make it the plain CAM."""

from typing import Any

import numpy as np
import pytest
import timm
import torch
from torch import Tensor, nn

from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.backbones.pooling import ChannelsLastPool, ConcatPool, TokenPool, pool_for
from warmstart.errors import SettingError
from warmstart.inference.grad_cam import grad_cam

PLAIN = Normalise((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))


class MeanPool(nn.Module):
    def forward(self, features: Tensor) -> Tensor:
        return features.mean(dim=(2, 3))


class Tokens(nn.Module):
    """A class token that knows nothing, then the map's places in reading order."""

    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, pictures: Tensor) -> Tensor:
        patches = self.body(pictures).flatten(2).transpose(1, 2)
        return torch.cat([torch.zeros_like(patches[:, :1]), patches], dim=1)


class ChannelsLast(nn.Module):
    def __init__(self, body: nn.Module) -> None:
        super().__init__()
        self.body = body

    def forward(self, pictures: Tensor) -> Tensor:
        out: Tensor = self.body(pictures)
        return out.permute(0, 2, 3, 1)


class MeanOfPlaces(ChannelsLastPool):
    def forward(self, features: Tensor) -> Tensor:
        return features.mean(dim=(1, 2))


class MeanOfPatches(TokenPool):
    def forward(self, tokens: Tensor) -> Tensor:
        return tokens[:, self.num_prefix_tokens :].mean(dim=1)


def body(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    return nn.Sequential(nn.Conv2d(3, 6, 4, 4), nn.Tanh())


def pixels(number: int = 3, side: int = 20) -> Any:
    return np.random.default_rng(0).integers(0, 256, (number, side, side, 3), dtype=np.uint8)


def class_activation_map(network: ClassifierNetwork, pictures: Any, classes: list[int]) -> Any:
    """Zhou et al. (2016): the class's weights over the channels of the last map."""
    maps = body_map(network, pictures)
    head = network.head
    assert isinstance(head, nn.Linear)
    heat = np.einsum("nchw,nc->nhw", maps, head.weight.detach().numpy()[classes])
    heat = np.maximum(heat, 0)
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-30)


def body_map(network: ClassifierNetwork, pictures: Any) -> Any:
    inner = network.backbone.body if hasattr(network.backbone, "body") else network.backbone
    with torch.no_grad():
        return inner(PLAIN(torch.from_numpy(pictures))).numpy()  # type: ignore[operator]


@pytest.mark.parametrize(
    ("wrap", "pool"),
    [
        (lambda inner: inner, MeanPool()),
        (Tokens, MeanOfPatches(1)),
        (ChannelsLast, MeanOfPlaces()),
    ],
    ids=["map", "tokens", "channels last"],
)
def test_a_mean_pool_and_a_linear_head_give_the_class_activation_map(wrap: Any, pool: Any) -> None:
    network = ClassifierNetwork(wrap(body()), pool, nn.Linear(6, 4))
    classes = [3, 0, 2]
    found = grad_cam(network, PLAIN, pixels(), classes)
    assert found.shape == (3, 5, 5)
    np.testing.assert_allclose(found, class_activation_map(network, pixels(), classes), atol=1e-5)
    assert sorted(found.max(axis=(1, 2))) == [0, 1, 1]  # nothing speaks for one of the classes


def test_another_class_and_another_place_give_another_map() -> None:
    """One bright corner, one channel that sees it, one class that asks for that channel."""
    inner = nn.Conv2d(3, 2, 4, 4, bias=False)
    with torch.no_grad():
        inner.weight.zero_()
        inner.weight[0] = 1.0
    head = nn.Linear(2, 2, bias=False)
    with torch.no_grad():
        head.weight.copy_(torch.tensor([[1.0, 0.0], [-1.0, 0.0]]))
    network = ClassifierNetwork(inner, MeanPool(), head)
    picture = np.zeros((1, 16, 16, 3), np.uint8)
    picture[0, :4, 12:] = 200
    corner = np.zeros((4, 4))
    corner[0, 3] = 1
    np.testing.assert_array_equal(grad_cam(network, PLAIN, picture, [0])[0], corner)
    np.testing.assert_array_equal(grad_cam(network, PLAIN, picture, [1])[0], np.zeros((4, 4)))


def test_a_nonlinear_head_against_finite_differences() -> None:
    torch.manual_seed(1)
    head = nn.Sequential(nn.Linear(12, 5), nn.Tanh(), nn.Linear(5, 3)).double()
    network = ClassifierNetwork(body(), ConcatPool(), head).double()
    features = body_map(ClassifierNetwork(body(), nn.Identity(), nn.Identity()), pixels(1))
    step = 1e-5
    base = torch.from_numpy(features).double()

    def logit(values: Tensor) -> float:
        with torch.no_grad():
            return float(head(network.pool(values))[0, 1])

    slopes = np.zeros(features.shape)
    for place in np.ndindex(*features.shape):
        nudge = torch.zeros_like(base)
        nudge[place] = step
        slopes[place] = (logit(base + nudge) - logit(base - nudge)) / (2 * step)
    heat = np.maximum((slopes.mean(axis=(2, 3), keepdims=True) * features).sum(axis=1), 0)
    found = grad_cam(network, PLAIN.double(), pixels(1), [1])
    np.testing.assert_allclose(found, heat / heat.max(), atol=1e-4)
    PLAIN.float()


def test_blocks_do_not_matter_and_the_network_is_left_as_it_was() -> None:
    network = ClassifierNetwork(body(), MeanPool(), nn.Linear(6, 4)).train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    classes = [i % 4 for i in range(20)]
    together = grad_cam(network, PLAIN, pixels(20), classes)
    one_by_one = [grad_cam(network, PLAIN, pixels(20)[i : i + 1], classes[i : i + 1])
                  for i in range(20)]  # fmt: skip
    np.testing.assert_allclose(together, np.concatenate(one_by_one), atol=1e-5)
    assert network.training
    assert all(parameter.grad is None for parameter in network.parameters())
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())
    assert grad_cam(network, PLAIN, pixels(20)[:0], []).shape[0] == 0


def test_a_transformer_s_patches_are_the_map() -> None:
    torch.manual_seed(0)
    vit = timm.create_model(
        "vit_tiny_patch16_224", img_size=64, num_classes=0, global_pool="", depth=2
    )
    network = ClassifierNetwork(vit, pool_for(vit, (1, 17, 192)), nn.Linear(384, 3))
    found = grad_cam(network, PLAIN, pixels(2, 64), [0, 2])
    assert found.shape == (2, 4, 4)
    assert found.max() == 1


@pytest.mark.parametrize(
    ("inner", "pool"),
    [
        (nn.Sequential(body(), nn.AdaptiveAvgPool2d(1), nn.Flatten()), nn.Identity()),
        (nn.Sequential(body(), nn.AdaptiveAvgPool2d(1)), nn.Flatten()),
    ],
    ids=["vector", "one place"],
)
def test_what_has_no_places_says_so(inner: nn.Module, pool: nn.Module) -> None:
    network = ClassifierNetwork(inner, pool, nn.Linear(6, 2))
    with pytest.raises(SettingError, match="no places"):
        grad_cam(network, PLAIN, pixels(1), [0])
