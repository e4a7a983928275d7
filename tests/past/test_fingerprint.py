"""The fingerprint that names stored rows: users' stores stay warm while the house is rebuilt."""

from collections.abc import Callable
from functools import partial

import pytest
import torch
from torch import nn

from warmstart.activations.namespace import NamespaceCard, row_key
from warmstart.backbones.fingerprint import fingerprint
from warmstart.backbones.network import Normalise
from warmstart.backbones.pooling import ChannelsLastPool, ConcatPool, TokenPool
from warmstart.images.view import ViewRecipe

PINNED = {
    "concat": "28f62059920eef567a6eb65acc578a9347c216e6dbcfa454d52b1405bf31e0ac",
    "channels_last": "cd17d80c60a35548a20d7ca452090788de2d70ea05b4da601b2b178d6f14503f",
    "token": "6d44cfeca8605cd11b905dcc5f8fa2a0ed1f31b751535e0de0076b7cb768ff49",
}
ROW_KEY = "89e92e482e17412f40745fea9d385ae7aa113614e68c62058e7381daa5d6d69b"
POOLS: dict[str, Callable[[], nn.Module]] = {
    "concat": ConcatPool,
    "channels_last": ChannelsLastPool,
    "token": partial(TokenPool, 1),
}


@pytest.mark.parametrize("name", PINNED)
def test_a_prefix_has_the_fingerprint_that_it_had(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It names classes by module and name, and versions, which are made literal here."""
    monkeypatch.setattr("importlib.metadata.version", lambda package: f"{package}-1")
    body = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.ReLU())
    with torch.no_grad():
        for number, tensor in enumerate(body.state_dict().values()):
            tensor.copy_(torch.full_like(tensor, number))
    normalise = Normalise((0.5, 0.25, 0.125), (0.5, 0.5, 0.25))
    prefix = nn.Sequential(normalise, body, POOLS[name]()).eval()
    assert fingerprint(prefix) == PINNED[name]


def test_a_row_has_the_key_that_it_had() -> None:
    card = NamespaceCard(
        "resnet18", "0" * 64, "pooled", "openvino 2026.4.1 f32", "float16", (1024,)
    )
    recipe = ViewRecipe(size=224)
    assert row_key(card.identity, recipe.name(), bytes(32)).hex() == ROW_KEY
