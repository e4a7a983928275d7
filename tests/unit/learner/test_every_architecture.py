"""A small architecture of each kind trains a step, frozen and unfrozen, is saved and answers."""

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest
import timm
import torch
import torchvision
from tests.unit.backbones.test_every_module import smallest
from torch import Tensor, nn

from warmstart import ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.activations import frozen_part
from warmstart.backbones.card import backbone_card, name_of
from warmstart.errors import SettingError

SIZES = (32, 64, 160)
TINY = sorted(timm.list_models("test_*"))
SAMPLE = ("test_efficientnet", "test_vit2")  # a map; timm's own pool, with a norm behind it
LARGE = {"deepseek_vit", "gemma4_vit", "mobilenetv5"}  # modules that have none under 160 million
FACTORIES = (
    "alexnet", "convnext_tiny", "densenet121", "efficientnet_b0", "efficientnet_v2_s", "googlenet",
    "inception_v3", "maxvit_t", "mnasnet0_5", "mobilenet_v2", "mobilenet_v3_small",
    "regnet_x_400mf", "resnet18", "resnext50_32x4d", "shufflenet_v2_x0_5", "squeezenet1_1",
    "swin_t", "vgg11", "vit_b_32", "wide_resnet50_2",
)  # fmt: skip


def squares(num_rows: int, seed: int) -> tuple[Any, list[str]]:
    """Grey noise, bright or dark."""
    random = np.random.default_rng(seed)
    pixels = random.integers(0, 128, (num_rows, 40, 40, 3)).astype(np.uint8)
    pixels[::2] += 120
    return pixels, ["light", "dark"] * (num_rows // 2)


def learner(arch: Any, size: int, cache: Path) -> ConvLearner:
    half = (0.5, 0.5, 0.5)
    tfms = tfms_from_model(arch, size, mean=half, std=half)
    data = ImageClassifierData.from_arrays(squares(6, 1), squares(4, 2), tfms, 4)
    return ConvLearner.pretrained(
        arch, data, True, pretrained=False, device="cpu", cache_dir=cache, quiet=True,
        train_precision="f32",  # else each learner measures
    )  # fmt: skip


def at_a_small_size(arch: Any, cache: Path) -> ConvLearner:
    """At the first size that the architecture takes; the others it refuses in words.

    Raises:
        SettingError: it is refused for another reason.
    """
    card = backbone_card(arch)
    assert card is not None
    for size in (*SIZES, card.input_size or 224):
        try:
            return learner(arch, size, cache)
        except SettingError as error:
            if f"does not take pictures of {size} pixels" not in error.what:
                raise
    pytest.fail(f"{name_of(arch)} takes no size")


def check_a_step(arch: Any, tmp_path: Path) -> None:
    """Every way in which a body can be cut, and what is saved answers the same."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "The default weight initialization", FutureWarning)
        warnings.filterwarnings("ignore", "OpenVINO ")
        learn = at_a_small_size(arch, tmp_path / "cache")
        before = {name: tensor.clone() for name, tensor in learn.model.state_dict().items()}
        for cut in (-1, -2, 0):
            learn.freeze_to(cut)
            learn.fit(0.01, 1)
        pictures = squares(4, 3)[0]
        found = learn.predictor().predict(pictures).probabilities
        learn.save(tmp_path / "model")
        saved = load_predictor(tmp_path / "model", device="cpu")
    assert np.isfinite(found).all()
    assert np.array_equal(saved.predict(pictures).probabilities, found)
    moved = [n for n, t in learn.model.state_dict().items() if not torch.equal(t, before[n])]
    assert any(name.startswith("head.") for name in moved)
    assert any(name.startswith("backbone.") for name in moved)


@pytest.mark.parametrize("arch", SAMPLE)
def test_a_tiny_timm_network_trains_a_step(arch: str, tmp_path: Path) -> None:
    check_a_step(arch, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.parametrize("arch", sorted({*TINY} - {*SAMPLE}))
def test_every_tiny_timm_network_trains_a_step(arch: str, tmp_path: Path) -> None:
    check_a_step(arch, tmp_path)


@pytest.fixture
def by_torch(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch runs what is frozen: OpenVINO takes a minute to compile some networks."""

    def missing(*_: object) -> NoReturn:
        raise ImportError

    monkeypatch.setattr(frozen_part, "compile_graph", missing)


@pytest.mark.exhaustive
@pytest.mark.usefixtures("by_torch")
@pytest.mark.parametrize("module", sorted({*timm.list_modules()} - LARGE))
def test_an_architecture_of_each_module_of_timm_trains_a_step(module: str, tmp_path: Path) -> None:
    check_a_step(smallest(module), tmp_path)


def test_a_torchvision_network_trains_a_step(tmp_path: Path) -> None:
    check_a_step(torchvision.models.resnet18, tmp_path)


@pytest.mark.exhaustive
@pytest.mark.usefixtures("by_torch")
@pytest.mark.parametrize("name", FACTORIES)
def test_one_of_each_torchvision_family_trains_a_step(name: str, tmp_path: Path) -> None:
    check_a_step(getattr(torchvision.models, name), tmp_path)


@pytest.mark.exhaustive
def test_no_torchvision_family_is_forgotten() -> None:
    """A family is a file of torchvision's; quantised and detecting ones are none of ours."""
    builders = [torchvision.models.get_model_builder(n) for n in
                torchvision.models.list_models(module=torchvision.models)]  # fmt: skip
    tried = {getattr(torchvision.models, name).__module__ for name in FACTORIES}
    assert tried == {builder.__module__ for builder in builders}


class PixelStem(nn.Module):
    """RepVGG's first block: beside a convolution of 3×3 one of single pixels, with a stride."""

    def __init__(self) -> None:
        super().__init__()
        self.wide, self.narrow = nn.Conv2d(3, 8, 3, 2, 1), nn.Conv2d(3, 8, 1, 2)
        self.last = nn.Conv2d(8, 8, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.last((self.wide(x) + self.narrow(x)).relu())
        return out


class FromTokens(nn.Module):
    """Tokens that are a map again, as in CoaT: how that lies in memory, the weights decide."""

    def __init__(self) -> None:
        super().__init__()
        self.patches, self.mix = nn.Conv2d(3, 32, 4, 4), nn.Linear(32, 32)
        self.last = nn.Conv2d(32, 32, 3, groups=2)

    def forward(self, x: Tensor) -> Tensor:
        tokens = self.mix(self.patches(x).flatten(2).transpose(1, 2))
        out: Tensor = self.last(tokens.transpose(1, 2).reshape(len(x), 32, 8, 8).contiguous())
        return out


@pytest.mark.usefixtures("by_torch")
@pytest.mark.filterwarnings("ignore:OpenVINO is not available here")
def test_torch_answers_the_same_once_saved(tmp_path: Path) -> None:
    """Training lays weights out otherwise than loading does."""
    learn = learner(FromTokens, 32, tmp_path / "cache")
    learn.unfreeze()
    learn.fit(0.01, 1)
    pictures = squares(40, 3)[0]
    found = learn.predictor().predict(pictures).probabilities
    learn.save(tmp_path / "model")
    saved = load_predictor(tmp_path / "model", arch=FromTokens, device="cpu")
    assert np.array_equal(saved.predict(pictures).probabilities, found)


class Stem(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.wide = nn.Conv2d(3, 8, 3, 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.wide(x).relu()
        return out


@pytest.mark.parametrize(("arch", "is_channels_last"), [(PixelStem, False), (Stem, True)])
def test_no_layout_in_which_torch_damages_memory(
    arch: Callable[[], nn.Module], is_channels_last: bool, tmp_path: Path
) -> None:
    """Its backward pass would end the process, if not at once, then later."""
    learn = learner(arch, 32, tmp_path)
    learn.unfreeze()
    seen = []

    def note(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        if torch.is_grad_enabled():  # else it is judged
            for tensor in (inputs[0], *module.parameters()):
                if tensor.ndim == 4:
                    seen.append(tensor.is_contiguous(memory_format=torch.channels_last))

    learn.model.backbone.get_submodule("wide").register_forward_pre_hook(note)
    learn.fit(0.01, 2)
    assert len(seen) == 8
    assert set(seen) == {is_channels_last}


class NamedHead(nn.Module):
    """Its last stage is called as the classifier is, as in SelecSLS."""

    def __init__(self) -> None:
        super().__init__()
        self.stem, self.middle, self.head = (
            nn.Sequential(nn.Conv2d(num_channels, 8, 3, 2), nn.ReLU()) for num_channels in (3, 8, 8)
        )

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.head(self.middle(self.stem(x)))
        return out


def test_a_stage_that_is_called_head_is_not_the_head(tmp_path: Path) -> None:
    learn = learner(NamedHead, 32, tmp_path)
    learn.freeze_to(-2)
    learn.fit((0.001, 0.01), 1)
    assert [group.name for group in learn.state.layers.groups] == [
        "stem–middle",
        "head stage",
        "head",
    ]
    trained = [name for name, p in learn.model.backbone.named_parameters() if p.requires_grad]
    assert trained == ["head.0.weight", "head.0.bias"]


def one_place_at_32_pixels() -> nn.Module:
    """One place is left of 32 pixels, four of 64."""
    return nn.Sequential(nn.Conv2d(3, 8, 3, 8, 1), nn.ReLU(), nn.Conv2d(8, 8, 3, 4, 1))


@pytest.mark.parametrize(("before", "after"), [(32, 64), (64, 32)])
def test_a_map_that_grows_from_one_place_or_shrinks_to_it_is_refused(
    before: int, after: int, tmp_path: Path
) -> None:
    """One place is not pooled, more are pooled twice: the head would not fit, or not once saved."""
    learn = learner(one_place_at_32_pixels, before, tmp_path)
    with pytest.raises(SettingError, match=f"pictures of {after} pixels"):
        learn.set_data(learner(one_place_at_32_pixels, after, tmp_path).data)
    learn.fit(0.01, 1)
    assert np.isfinite(learn.predict().probabilities).all()
