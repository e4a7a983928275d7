"""Whatever can change a stored value changes its name; what cannot, does not."""

import hashlib
from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from warmstart.activations.frozen_part import FrozenPart
from warmstart.activations.namespace import NamespaceCard, row_key
from warmstart.backbones.network import Normalise
from warmstart.images.view import ViewRecipe

CARD = NamespaceCard("tiny", "f" * 64, "pooled", "torch/f32", "float16", (4, 2))
OTHER = NamespaceCard("small", "e" * 64, "stage 3", "torch/bf16", "float32", (8,), 2)
CONTENT = hashlib.sha256(b"content").digest()
RECIPE = ViewRecipe(32)


@pytest.mark.parametrize("name", [field.name for field in fields(NamespaceCard)])
def test_every_part_of_a_card_changes_its_name(name: str) -> None:
    changed = replace(CARD, **{name: getattr(OTHER, name)})
    assert changed.identity != CARD.identity
    assert row_key(changed.identity, "view", CONTENT) != row_key(CARD.identity, "view", CONTENT)


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_other_bytes_have_another_name(one: bytes, two: bytes) -> None:
    keys = [row_key(CARD.identity, "v", hashlib.sha256(b).digest()) for b in (one, two)]
    assert (keys[0] == keys[1]) == (one == two)
    assert len(keys[0]) == 32


@given(st.text(max_size=20), st.text(max_size=20))
def test_another_view_has_another_name(one: str, two: str) -> None:
    keys = [row_key(CARD.identity, name, CONTENT) for name in (one, two)]
    assert (keys[0] == keys[1]) == (one == two)


@pytest.mark.parametrize(
    "change", [{"size": 33}, {"interpolation": "bilinear"}, {"pre_crop_scale": 1.0}]
)
def test_another_recipe_has_another_name(change: dict[str, int | str | float]) -> None:
    assert replace(RECIPE, **change).name() != RECIPE.name()  # type: ignore[arg-type]


def test_another_decoder_has_another_name(monkeypatch: pytest.MonkeyPatch) -> None:
    before = RECIPE.name()
    monkeypatch.setattr("warmstart.images.view.DECODER", "another/1")
    assert RECIPE.name() != before


def prefix(activation: type[nn.Module] = nn.ReLU) -> nn.Sequential:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        norm = nn.BatchNorm2d(4)
        norm.running_mean = torch.randn(4)
        normalise = Normalise((0.5, 0.5, 0.5), (0.2, 0.2, 0.2))
        return nn.Sequential(normalise, nn.Conv2d(3, 4, 3), norm, activation(), nn.Flatten())


def frozen(module: nn.Module, *, cut: str = "pooled", precision: str = "f32") -> FrozenPart:
    return FrozenPart(
        module,
        backbone="tiny",
        cut=cut,
        size=8,
        device=torch.device("cpu"),
        precision=precision,
    )


def key_of(part: FrozenPart) -> bytes:
    return part.keys(RECIPE.name(), [CONTENT])[0]


def nudge(tensor: torch.Tensor) -> None:
    """The smallest change that there is: the last bit of the last number."""
    flat = tensor.view(-1)
    with torch.no_grad():
        flat[-1:].copy_(torch.nextafter(flat[-1:], torch.tensor([torch.inf])))


CHANGES: dict[str, Callable[[Any], object]] = {
    "weight": lambda module: nudge(module[1].weight),
    "bias": lambda module: nudge(module[1].bias),
    "mean of BatchNorm": lambda module: nudge(module[2].running_mean),
    "variance of BatchNorm": lambda module: nudge(module[2].running_var),
    "scale of BatchNorm": lambda module: nudge(module[2].weight),
    "epsilon of BatchNorm": lambda module: setattr(module[2], "eps", 1e-3),
    "stride": lambda module: setattr(module[1], "stride", (2, 2)),
    "normalisation": lambda module: nudge(module[0].scale),
    "number type": lambda module: module.double(),
    "one layer more": lambda module: module.insert(4, nn.ReLU()),
}


def test_the_same_network_has_the_same_name() -> None:
    assert key_of(frozen(prefix())) == key_of(frozen(prefix()))


@pytest.mark.parametrize("change", CHANGES)
def test_any_change_of_the_network_changes_the_name(change: str) -> None:
    module = prefix()
    CHANGES[change](module)
    if change == "number type":  # it cannot run so, and its shape need not be known
        part = frozen(module)
        part.__dict__["row_shape"] = frozen(prefix()).row_shape
    else:
        part = frozen(module)
    assert key_of(part) != key_of(frozen(prefix()))


def test_another_activation_changes_the_name() -> None:
    assert key_of(frozen(prefix(nn.GELU))) != key_of(frozen(prefix()))


def test_another_cut_or_precision_changes_the_name() -> None:
    names = {
        key_of(frozen(prefix())),
        key_of(frozen(prefix(), cut="stage 4")),
        key_of(frozen(prefix(), precision="bf16")),
    }
    assert len(names) == 3


def test_training_mode_is_not_in_the_name_because_a_prefix_never_trains() -> None:
    module = prefix().train()
    assert key_of(frozen(module)) == key_of(frozen(prefix()))
    assert not any(part.training for part in module.modules())


class Twice(nn.Module):
    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * 2.0


def typed(code: str) -> type[nn.Module]:
    """A class that was typed into a prompt: it has no source to be read."""
    names: dict[str, Any] = {"nn": nn}
    text = f"class Twice(nn.Module):\n  def forward(self, x):\n    return {code}"
    exec(text, names)
    kind: type[nn.Module] = names["Twice"]
    return kind


def test_the_users_own_code_is_in_the_name() -> None:
    kinds = (Twice, typed("x * 2.0"), typed("x + x"))
    assert len({key_of(frozen(prefix(kind))) for kind in kinds}) == 3


def test_a_number_in_code_typed_into_a_prompt_is_in_the_name() -> None:
    two, three = (key_of(frozen(prefix(typed(code)))) for code in ("x * 2.0", "x * 3.0"))
    assert two != three


class Multiply(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features * self.factor


class Shift(nn.Module):
    amount: torch.Tensor

    def __init__(self, amount: float) -> None:
        super().__init__()
        self.register_buffer("amount", torch.tensor(amount), persistent=False)

    def forward(self, features: torch.Tensor) -> torch.Tensor:
        return features + self.amount


@pytest.mark.parametrize("kind", [Multiply, Shift])
def test_numbers_that_no_state_dict_holds_are_in_the_name(
    kind: Callable[[float], nn.Module],
) -> None:
    """A plain attribute, and a buffer that is not saved."""
    two, three = prefix(), prefix()
    two.append(kind(2.0))
    three.append(kind(3.0))
    assert key_of(frozen(two)) != key_of(frozen(three))
