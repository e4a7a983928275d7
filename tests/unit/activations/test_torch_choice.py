from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from warmstart.activations import torch_choice as torch_choice_module
from warmstart.activations.torch_choice import (
    COMPILE_FROM,
    Asked,
    TorchChoice,
    first_batch,
    measured_choice,
    pictures_a_second,
    run_of_mode,
    torch_choice,
)
from warmstart.activations.torch_runner import TorchRun, TorchRunner, network_of

ASKED = Asked("net", "pooled", 224, "a GPU", "bf16", num_rows=10)
MANY = Asked("net", "pooled", 224, "a GPU", "bf16", num_rows=COMPILE_FROM)
RATES = {"eager": 100.0, "compile": 180.0}


@pytest.fixture(autouse=True)
def nothing_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch_choice_module, "CHOSEN", {})


class Timed:
    """What times ways, and remembers which."""

    def __init__(self, fits: int = 256, broken: str = "") -> None:
        self.fits, self.broken = fits, broken
        self.calls: list[tuple[str, int]] = []

    def __call__(self, way: str, batch: int) -> float:
        self.calls.append((way, batch))
        if batch > self.fits:
            raise torch.OutOfMemoryError("CUDA out of memory")
        if way == self.broken:
            raise RuntimeError("no compiler")
        return RATES[way]


def test_it_is_measured_once_and_remembered(tmp_path: Path) -> None:
    first, second = Timed(), Timed()
    choice = torch_choice(ASKED, tmp_path, first)
    assert choice == TorchChoice("eager", 256, {"eager": 100.0})
    assert torch_choice(MANY, None, second) == choice  # the names of rows hold it
    torch_choice_module.CHOSEN.clear()  # another process
    assert torch_choice(MANY, tmp_path, second) == choice
    assert second.calls == []


def test_a_saved_model_runs_as_it_was_judged() -> None:
    run = TorchRun("compile", 64, "views")
    assert run_of_mode("torch-2.15/bf16/a GPU/b64/compile/views by x") == replace(run, views="")
    assert run_of_mode("openvino-2026/f32/avx2/b4") is None
    assert run_of_mode("") is None


@pytest.mark.parametrize(
    "text", ["", "{", '{"way": "magic", "batch": 256}', '{"way": "eager", "batch": 4}']
)
def test_a_damaged_memory_is_measured_again(tmp_path: Path, text: str) -> None:
    place = ASKED.file(tmp_path)
    place.write_text(text)
    assert torch_choice(ASKED, tmp_path, Timed()).batch == 256
    assert "eager" in place.read_text()


def test_compiling_is_tried_only_where_it_may_pay(monkeypatch: pytest.MonkeyPatch) -> None:
    assert measured_choice(MANY, Timed()).way == "compile"
    assert measured_choice(ASKED, Timed()).way == "eager"
    assert measured_choice(MANY, Timed(broken="compile")).way == "eager"
    monkeypatch.setenv("WARMSTART_COMPILE", "1")
    assert measured_choice(ASKED, Timed()).way == "compile"
    monkeypatch.setenv("WARMSTART_COMPILE", "0")
    assert measured_choice(MANY, Timed()).way == "eager"


def test_as_many_rows_at_once_as_there_is_memory_for() -> None:
    assert measured_choice(ASKED, Timed(fits=100)).batch == 64
    with pytest.raises(torch.OutOfMemoryError):
        measured_choice(ASKED, Timed(fits=4))
    assert [first_batch(size) for size in (32, 224, 256, 512, 4096)] == [256, 256, 256, 64, 8]


def small() -> nn.Module:
    return nn.Sequential(Scaled(), nn.Flatten(), nn.Linear(48, 5)).eval()


class Scaled(nn.Module):
    def forward(self, pixels: torch.Tensor) -> torch.Tensor:
        return pixels.permute(0, 3, 1, 2).float() / 255


def test_the_ways_are_timed_and_run_on_a_processor_too() -> None:
    measure = pictures_a_second(small(), (5,), 4, torch.device("cpu"), "f32")
    assert measure("eager", 8) > 0


def test_compiled_gives_what_eager_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    """With torch's compiler put aside: what is tested is that its result is used."""
    calls = []

    def compiled(module: nn.Module, *, dynamic: bool) -> Callable[[torch.Tensor], torch.Tensor]:
        assert dynamic is False
        return lambda pixels: calls.append(len(pixels)) or module(pixels)  # type: ignore[func-returns-value]

    monkeypatch.setattr(torch, "compile", compiled)
    prefix, pixels = small(), torch.full((8, 4, 4, 3), 9, dtype=torch.uint8)
    runs = [
        TorchRunner(prefix, (5,), torch.device("cpu"), "f32", TorchRun(way, 8)).outputs(pixels)
        for way in ("eager", "compile")
    ]
    assert torch.equal(*runs)
    assert calls == [8]
    assert network_of(lambda network, given: network(given), "eager", prefix)(pixels).shape == (
        8,
        5,
    )
