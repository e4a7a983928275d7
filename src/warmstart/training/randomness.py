"""Torch's random numbers, seeded for one step and then as they were."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Seed the processor's generator and the device's; the caller's state is untouched.

    ``torch.manual_seed`` would also seed every other device and leave it so.
    """
    if device.type == "cpu":
        with torch.random.fork_rng([]):
            torch.default_generator.manual_seed(seed)
            yield
        return
    room = torch.get_device_module(device)
    index = room.current_device() if device.index is None else device.index
    with torch.random.fork_rng([index], device_type=device.type), room.device(index):
        torch.default_generator.manual_seed(seed)
        room.manual_seed(seed)
        yield
