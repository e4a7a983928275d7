"""A small task that a small network can learn, and inputs that hand it out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.training.objective import Targets
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

NUM_FEATURES, NUM_CLASSES = 6, 3


@dataclass
class ToyInputs:
    """Rows from memory; whatever ``before_batch`` does happens before each training batch."""

    x: Tensor
    x_valid: Tensor
    valid_rows: int = 64
    seen: list[tuple[int, list[int]]] = field(default_factory=list)

    def train(
        self,
        batches: Sequence[NDArray[np.int64]],
        epoch: int,
        draws: Sequence[NDArray[np.int64]] | None = None,
    ) -> Iterator[Tensor]:
        for rows in batches:
            self.before_batch()
            self.seen.append((epoch, [int(row) for row in rows]))
            yield self.x[torch.from_numpy(rows)]

    def valid(self) -> Iterator[Tensor]:
        yield from torch.split(self.x_valid, self.valid_rows)

    def before_batch(self) -> None:
        pass


@dataclass
class ChoosingToyInputs(ToyInputs):
    """Also rows that choose."""

    x_choice: Tensor = field(default_factory=lambda: torch.empty(0))

    def choice(self) -> Iterator[Tensor]:
        yield from torch.split(self.x_choice, self.valid_rows)


def toy_tensors(
    num_train: int = 41, num_valid: int = 20, seed: int = 0
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Inputs and labels that train, inputs and labels that judge."""
    rng = np.random.default_rng(seed)
    x = torch.from_numpy(rng.normal(size=(num_train + num_valid, NUM_FEATURES)).astype(np.float32))
    y = x[:, :NUM_CLASSES].argmax(dim=1)
    return x[:num_train], y[:num_train], x[num_train:], y[num_train:]


def toy_data(num_train: int = 41, num_valid: int = 20, seed: int = 0) -> tuple[ToyInputs, Targets]:
    x, y, x_valid, y_valid = toy_tensors(num_train, num_valid, seed)
    return ToyInputs(x, x_valid), Targets(y, y_valid)


def toy_module(seed: int = 0, num_out: int = NUM_CLASSES) -> nn.Sequential:
    """BatchNorm with random buffers, dropout, two linear layers."""
    with torch.random.fork_rng([]):
        torch.manual_seed(seed)
        module = nn.Sequential(
            nn.BatchNorm1d(NUM_FEATURES),
            nn.Dropout(0.25),
            nn.Linear(NUM_FEATURES, 8),
            nn.ReLU(),
            nn.BatchNorm1d(8),
            nn.Linear(8, num_out),
        )
        for norm in (module[0], module[4]):
            assert isinstance(norm, nn.BatchNorm1d)
            assert norm.running_mean is not None
            assert norm.running_var is not None
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
    return module


def one_group(module: nn.Module) -> list[list[nn.Parameter]]:
    return [list(module.parameters())]


def toy_settings(lr: float = 0.05, epochs: int = 2, **changes: Any) -> FitSettings:
    plain = FitSettings((lr,), Schedule(1, epochs), batch_size=8)
    return replace(plain, **changes)


def same(first: nn.Module, second: nn.Module) -> bool:
    """Whether every parameter and buffer has the same bits."""
    one, two = first.state_dict(), second.state_dict()
    return one.keys() == two.keys() and all(torch.equal(one[name], two[name]) for name in one)
