"""Law 3: a network cut in two is the network, forward and in the gradients of its second half."""

from collections.abc import Callable

import pytest
import timm
import torch
import torchvision
from torch import Tensor, nn

from warmstart.backbones.build import build_backbone, fit_to_size
from warmstart.backbones.cut import StagedNetwork
from warmstart.errors import SettingError

FAMILIES = [
    ("resnet18", 64),
    ("resnet34", 64),
    ("resnet101", 64),
    ("resnext50_32x4d", 64),
    ("vgg11_bn", 64),
    ("densenet121", 64),
    ("inception_v3", 107),
    ("tf_efficientnet_lite0", 64),
    ("convnext_atto", 64),
    ("mobilenetv3_small_050", 64),
    ("regnety_002", 64),
    ("vit_tiny_patch16_224", 64),
    ("vit_small_patch14_dinov2", 56),
    ("vit_small_patch16_dinov3", 64),
    ("swin_tiny_patch4_window7_224", 224),
]
FACTORIES = [
    (torchvision.models.resnet18, 64),
    (torchvision.models.googlenet, 64),
    (torchvision.models.convnext_tiny, 64),
    (torchvision.models.swin_t, 64),
    (torchvision.models.efficientnet_b0, 64),
]


def randomise(module: nn.Module, seed: int = 0) -> None:
    """BatchNorm with statistics that a fresh network does not have: 0 and 1 hide faults."""
    generator = torch.Generator().manual_seed(seed)
    for part in module.modules():
        if isinstance(part, nn.BatchNorm2d):
            assert part.running_mean is not None
            assert part.running_var is not None
            part.running_mean.normal_(0, 0.3, generator=generator)
            part.running_var.uniform_(0.5, 2, generator=generator)


def pictures(size: int, num_rows: int = 2) -> Tensor:
    return torch.randn(num_rows, 3, size, size, generator=torch.Generator().manual_seed(1))


def check_halves(module: nn.Module, size: int) -> None:
    randomise(module)
    module.eval()
    staged = StagedNetwork(module, size)
    num_stages = len(staged.stages)
    assert num_stages >= 4
    x = pictures(size)
    whole: Tensor = module(x)
    module.zero_grad()
    whole.square().mean().backward()  # type: ignore[no-untyped-call]
    wanted = {n: p.grad.clone() for n, p in module.named_parameters() if p.grad is not None}
    for cut in sorted({1, num_stages // 2, num_stages - 1}):
        prefix, tail = staged.split(cut)
        with torch.no_grad():
            between = prefix(x)
        module.zero_grad()
        out: Tensor = tail(between)
        assert torch.equal(out, whole), f"forward, cut {cut}"
        out.square().mean().backward()  # type: ignore[no-untyped-call]
        later = {n for stage in staged.stages[cut:] for n in stage.parameters}
        assert later
        for name, parameter in module.named_parameters():
            if name in later and name in wanted:
                assert parameter.grad is not None, f"{name}, cut {cut}"
                assert torch.equal(parameter.grad, wanted[name]), f"{name}, cut {cut}"
            elif name not in later:
                assert parameter.grad is None or name not in dict(prefix.named_parameters())


@pytest.mark.parametrize(("name", "size"), FAMILIES)
def test_two_halves_are_the_network(name: str, size: int) -> None:
    body = build_backbone(name, size)
    fit_to_size(body.module, size)
    check_halves(body.module, size)


@pytest.mark.filterwarnings("ignore:The default weight initialization:FutureWarning")
@pytest.mark.parametrize(("factory", "size"), FACTORIES, ids=lambda f: getattr(f, "__name__", ""))
def test_two_halves_of_a_torchvision_body(factory: Callable[..., nn.Module], size: int) -> None:
    check_halves(build_backbone(factory, size).module, size)


class OwnNetwork(nn.Module):
    """What a user might write: plain layers, a sum over a shortcut, a view by batch size."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(3, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.pool1 = nn.MaxPool2d(2)
        self.conv2, self.norm2 = nn.Conv2d(8, 8, 3, padding=1), nn.BatchNorm2d(8)
        self.pool2 = nn.MaxPool2d(2)
        self.conv3 = nn.Conv2d(8, 16, 3, padding=1)
        self.pool3 = nn.AvgPool2d(2)
        self.linear = nn.Linear(16 * 16, 12)

    def forward(self, x: Tensor) -> Tensor:
        x = self.pool1(self.norm1(self.conv1(x)).relu())
        y = self.pool2(x + self.norm2(self.conv2(x)).relu())
        y = self.pool3(self.conv3(y).relu())
        out: Tensor = self.linear(y.view(x.shape[0], -1))
        return out


def test_two_halves_of_a_users_own_module() -> None:
    check_halves(OwnNetwork(), 32)


def test_the_number_of_rows_is_free() -> None:
    staged = StagedNetwork(OwnNetwork().eval(), 32)
    prefix, tail = staged.split(2)
    for num_rows in (1, 3, 5):
        x = pictures(32, num_rows)
        assert torch.equal(tail(prefix(x)), staged.module(x))


def test_the_tail_keeps_its_dropout_and_stochastic_depth() -> None:
    module = timm.create_model(
        "convnext_atto", num_classes=0, global_pool="", drop_path_rate=0.5
    ).eval()
    staged = StagedNetwork(module, 64)
    x = pictures(64)
    prefix, tail = staged.split(2)
    with torch.no_grad():
        between, plain = prefix(x), module(x)
    tail.train()
    torch.manual_seed(3)
    one = tail(between)
    torch.manual_seed(3)
    assert torch.equal(one, tail(between))
    assert not torch.equal(one, plain)
    module.train()
    module.get_submodule("stem").eval()
    module.get_submodule("stages.0").eval()
    torch.manual_seed(3)
    assert torch.equal(one, module(x))
    module.eval()
    tail.eval()
    assert torch.equal(tail(between), plain)


def test_halves_share_the_parameters_of_the_whole() -> None:
    module = build_backbone("resnet18", 64).module
    prefix, tail = StagedNetwork(module, 64).split(3)
    own = {id(parameter) for parameter in module.parameters()}
    parts = [id(parameter) for half in (prefix, tail) for parameter in half.parameters()]
    assert len(parts) == len(own)
    assert set(parts) == own
    names = {name for name, _ in module.named_parameters()}
    assert {name for name, _ in tail.named_parameters()} < names


def test_every_parameter_is_in_one_stage() -> None:
    for name, size in (("vit_tiny_patch16_224", 224), ("tf_efficientnet_lite0", 64)):
        module = build_backbone(name, size).module
        stages = StagedNetwork(module, size).stages
        listed = [parameter for stage in stages for parameter in stage.parameters]
        assert sorted(listed) == sorted(n for n, _ in module.named_parameters())


def test_stages_have_the_names_that_people_use() -> None:
    resnet = StagedNetwork(build_backbone("resnet18", 64).module, 64)
    assert [s.name for s in resnet.stages] == ["conv1", "layer1", "layer2", "layer3", "layer4"]
    lite = StagedNetwork(build_backbone("tf_efficientnet_lite0", 64).module, 64)
    middle = [f"blocks.{i}" for i in range(7)]
    assert [s.name for s in lite.stages] == ["conv_stem", *middle, "conv_head"]


def test_tracing_leaves_the_mode_of_every_module() -> None:
    module = build_backbone("resnet18", 64).module.train()
    module.get_submodule("layer1").eval()
    before = [part.training for part in module.modules()]
    assert StagedNetwork(module, 64).stages
    assert [part.training for part in module.modules()] == before


def test_cuts_at_both_ends() -> None:
    module = build_backbone("resnet18", 64).module.eval()
    staged = StagedNetwork(module, 64)
    x = pictures(64)
    for cut in (0, len(staged.stages)):
        prefix, tail = staged.split(cut)
        assert torch.equal(tail(prefix(x)), module(x))


def test_no_such_stage() -> None:
    staged = StagedNetwork(build_backbone("resnet18", 64).module, 64)
    with pytest.raises(SettingError, match="no stage 9") as error:
        staged.split(9)
    assert "3 layer3" in error.value.expected


class DependsOnValues(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.conv(x)
        return out if out.sum() > 0 else -out


def test_what_cannot_be_traced_says_so() -> None:
    with pytest.raises(SettingError, match="DependsOnValues cannot be split"):
        _ = StagedNetwork(DependsOnValues(), 32).stages
