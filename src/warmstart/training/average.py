"""A running average of the weights."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn

from warmstart.training.state import copied, module_state, put_state


class WeightAverage:
    """Exponential average of parameters and of BatchNorm's statistics; counters are copied.

    After t updates the decay is min(``decay``, (1 + t) / (10 + t)), as in TensorFlow: else the
    starting weights, which a short fit has in mind to leave, would outweigh the others.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        """Begin with the weights as they are."""
        self.decay = decay
        self.tensors = copied(module_state(module))

    def update(self, module: nn.Module, num_updates: int) -> None:
        """Take in the weights after update ``num_updates``, counted from 1."""
        decay = min(self.decay, (1 + num_updates) / (10 + num_updates))
        with torch.no_grad():
            for name, tensor in module_state(module).items():
                if tensor.is_floating_point():
                    self.tensors[name].lerp_(tensor, 1 - decay)
                else:
                    self.tensors[name].copy_(tensor)

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from an average that was kept."""
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])


@contextmanager
def with_average(module: nn.Module, average: WeightAverage | None) -> Iterator[None]:
    """The module with its average as weights, and then with its own again."""
    if average is None:
        yield
        return
    own = copied(module_state(module))
    put_state(module, average.tensors)
    try:
        yield
    finally:
        put_state(module, own)
