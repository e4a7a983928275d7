"""Which runner a frozen part gets, and that its stored rows are named after the one it got."""

import subprocess
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from warmstart import ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.activations import frozen_part
from warmstart.activations.frozen_part import FrozenPart, resolve_precision
from warmstart.activations.table_activations import TableActivations
from warmstart.backbones.card import Architecture
from warmstart.batches.rendering import PixelBlock
from warmstart.errors import SettingError
from warmstart.terminal.progress import no_progress

SIZE = 32
CPU = torch.device("cpu")
PIXELS = np.random.default_rng(0).integers(0, 256, (8, SIZE, SIZE, 3), np.uint8)


class Convertible(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3)

    def forward(self, pixels: Tensor) -> Tensor:
        x = pixels.permute(0, 3, 1, 2).float() / 255
        out: Tensor = self.conv(x).mean(dim=(2, 3))
        return out


class SingularValues(nn.Module):
    """Neither the recorder nor OpenVINO's converter knows what they are."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 3, 2)
        self.norm = nn.BatchNorm2d(4)

    def forward(self, x: Tensor) -> Tensor:
        x = self.norm(self.conv(x))
        values: Tensor = torch.linalg.svdvals(x.flatten(2).float())
        return x + values[:, :, None, None] / 100


class OnPixels(nn.Module):
    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, pixels: Tensor) -> Tensor:
        out: Tensor = self.network(pixels.permute(0, 3, 1, 2).float() / 255)
        return out


def frozen(prefix: nn.Module, **more: object) -> FrozenPart:
    options: dict[str, object] = {"backbone": "small", "cut": "pooled", "size": SIZE} | more
    return FrozenPart(prefix, device=CPU, precision="f32", **options)  # type: ignore[arg-type]


def values_of(part: FrozenPart) -> np.ndarray[tuple[int, ...], np.dtype[np.generic]]:
    block = PixelBlock(np.arange(4), PIXELS[:4], ())
    ((_, values),) = part.runner.run([block])
    return values


def refusing(*_: object) -> object:
    raise RuntimeError("Exception from src/inference/src/cpp/core.cpp:117:\nbad combination\n\n")


def missing(*_: object) -> object:
    raise ImportError("No module named 'openvino'")


def test_openvino_runs_what_it_can() -> None:
    part = frozen(Convertible())
    assert part.card.mode == part.runner.mode
    assert part.card.mode.startswith("openvino-")


@pytest.mark.parametrize(
    ("fails", "says"),
    [
        (refusing, r"OpenVINO cannot run small \(bad combination\). Torch computes instead"),
        (missing, r"not available here \(No module named 'openvino'\).*pip install .*openvino"),
    ],
)
def test_torch_runs_what_openvino_does_not(
    fails: object, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(frozen_part, "compile_graph", fails)
    prefix = Convertible().eval()
    part = frozen(prefix)
    with pytest.warns(UserWarning, match=says):
        assert part.card.mode.startswith("torch-")
    assert part.card.mode == part.runner.mode
    with torch.inference_mode():
        wanted = prefix(torch.from_numpy(PIXELS[:4])).numpy()
    assert np.abs(values_of(part).astype(np.float32) - wanted).max() < 1e-5


def test_an_operation_that_nobody_can_translate() -> None:
    part = frozen(OnPixels(SingularValues()))
    with pytest.warns(UserWarning, match="No conversion rule found for operations: .*svd"):
        assert part.card.mode.startswith("torch-")


def test_a_wrong_translation_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    from warmstart.activations import openvino_graph
    from warmstart.activations.openvino_ops import TRANSLATIONS

    def is_wrong(x: object, axes: object, *_: object) -> object:
        return TRANSLATIONS["amax"](x, axes)

    monkeypatch.setitem(TRANSLATIONS, "mean", is_wrong)
    assert frozen(Convertible()).card.mode.startswith("openvino-")  # by the converter
    monkeypatch.setattr(openvino_graph, "converted", openvino_graph.recorded)
    with pytest.warns(UserWarning, match="values differ from those of torch"):
        assert frozen(Convertible()).card.mode.startswith("torch-")


def test_a_fault_of_the_networks_own_is_not_openvinos() -> None:
    class Broken(nn.Module):
        def forward(self, pixels: Tensor) -> Tensor:
            raise RuntimeError("my own fault")

    with pytest.raises(RuntimeError, match="my own fault"):
        _ = frozen(Broken()).runner


def test_what_was_tried_in_vain_is_not_tried_or_said_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tried = []

    def noting(*given: object) -> object:
        tried.append(given)
        return refusing()

    monkeypatch.setattr(frozen_part, "compile_graph", noting)
    torch_cuts: dict[str, str] = {}
    with pytest.warns(UserWarning, match="cannot run"):
        _ = frozen(Convertible(), torch_cuts=torch_cuts).runner
    for cut, num_tries in (("pooled", 1), ("before layer2", 2)):  # warnings are errors here
        part = frozen(Convertible(), torch_cuts=torch_cuts, cut=cut)
        assert part.runner.mode.startswith("torch-")
        assert len(tried) == num_tries


def test_what_has_run_here_before_is_named_without_compiling(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = Convertible()
    first = TableActivations(frozen(prefix), tmp_path, no_progress)
    first._namespace()
    monkeypatch.setattr(frozen_part, "compile_graph", refusing)
    again = TableActivations(frozen(prefix), tmp_path, no_progress)
    assert again.frozen.card == first.frozen.card


def test_fewer_instructions_are_another_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    modes = {frozen(Convertible()).card.mode}
    monkeypatch.setenv("ONEDNN_MAX_CPU_ISA", "SSE41")
    modes.add(frozen(Convertible()).card.mode)
    assert len(modes) == 2


class Remembers(nn.Module):
    """Like LeViT: in eval mode it keeps what it made of its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))
        self.kept: Tensor | None = None

    def train(self, mode: bool = True) -> "Remembers":
        self.kept = None if mode else self.kept
        return super().train(mode)

    def forward(self, pixels: Tensor) -> Tensor:
        if self.kept is None or self.training:
            self.kept = self.weight.detach() * 2
        return pixels.float().mean(dim=(1, 2)) * self.kept


def test_weights_that_moved_are_seen_by_modules_that_remember() -> None:
    prefix = Remembers()
    before = values_of(frozen(prefix)).astype(np.float32)
    with torch.no_grad():
        prefix.weight.mul_(3)
    assert np.allclose(values_of(frozen(prefix)).astype(np.float32), 3 * before)


def squares(num_rows: int, seed: int) -> tuple[list[np.ndarray], list[str]]:
    random = np.random.default_rng(seed)
    labels = ["dark" if row % 2 else "light" for row in range(num_rows)]
    pixels = random.integers(0, 128, (num_rows, SIZE, SIZE, 3)).astype(np.uint8)
    pixels[::2] += 120
    return list(pixels), labels


def trained(cache: Path, arch: Architecture, precision: str = "auto") -> ConvLearner:
    """Frozen, then partly, then as a whole: every kind of frozen part there is."""
    half = (0.5, 0.5, 0.5)
    tfms = tfms_from_model(arch, SIZE, mean=half, std=half)
    data = ImageClassifierData.from_arrays(squares(12, 1), squares(6, 2), tfms, 4)
    learn = ConvLearner.pretrained(
        arch, data, True, pretrained=False, device="cpu", cache_dir=cache, quiet=True,
        train_precision="f32", precision=precision,
    )  # fmt: skip
    for cut in (-1, -2, 0):
        learn.freeze_to(cut)
        learn.fit(0.01, 1)
    return learn


@pytest.mark.parametrize("precision", ["f32", "bf16"])
def test_a_learner_whose_network_openvino_cannot_run(tmp_path: Path, precision: str) -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        learn = trained(tmp_path / "cache", SingularValues, precision)
        found = learn.predictor().predict(squares(6, 2)[0])
        learn.save(tmp_path / "model")
        again = load_predictor(tmp_path / "model", arch=SingularValues, device="cpu")
    ours = [str(warning.message) for warning in said if "OpenVINO" in str(warning.message)]
    assert len(ours) == 2, ours  # once by the learner, once by what was loaded
    assert not [w for w in said if "was judged in" in str(w.message)]
    assert learn.numeric_mode == again.card.mode
    assert again.card.mode.startswith("torch-")
    assert f"/{precision}/" in again.card.mode
    assert np.array_equal(found.probabilities, again.predict(squares(6, 2)[0]).probabilities)


WITHOUT = """
import sys
sys.modules["openvino"] = None
sys.modules["openvino.opset14"] = None
import warnings
warnings.simplefilter("ignore", FutureWarning)
import importlib.util, pathlib
here = pathlib.Path(sys.argv[1])
spec = importlib.util.spec_from_file_location("these_tests", sys.argv[2])
these = importlib.util.module_from_spec(spec)
spec.loader.exec_module(these)
learn = these.trained(here / "cache", "test_resnet")
learn.save(here / "model")
print(learn.numeric_mode)
"""


def test_a_computer_without_openvino(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT, str(tmp_path), __file__],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("torch-")
    assert done.stderr.count("OpenVINO is not available here") == 1
    with pytest.warns(UserWarning, match="was judged in numeric mode torch-.* runs here in open"):
        predictor = load_predictor(tmp_path / "model", device="cpu")
    assert np.isfinite(predictor.predict(squares(6, 2)[0]).probabilities).all()


@pytest.mark.parametrize("told", ["f32", "bf16"])
def test_everybody_may_be_told_one_number_type(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("WARMSTART_PRECISION", told)
    assert resolve_precision("auto", CPU) == told
    assert resolve_precision("f32", CPU) == "f32"
    monkeypatch.setenv("WARMSTART_PRECISION", "fp8")
    with pytest.raises(SettingError, match="fp8"):
        resolve_precision("auto", CPU)
