"""Random numbers: a seed for each purpose, and the caller's own left as they are."""

import hashlib
import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
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


def derive(seed: int, *path: int | str) -> int:
    """A 63-bit seed for one purpose, so that no two purposes share random numbers."""
    text = "/".join(str(part) for part in (seed, *path))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


@contextmanager
def kept_random_state() -> Iterator[None]:
    """Give Python, numpy and torch their random states back, whatever a module has drawn."""
    for_python, for_numpy = random.getstate(), np.random.get_state()  # noqa: NPY002
    try:
        with torch.random.fork_rng([]):
            yield
    finally:
        random.setstate(for_python)
        np.random.set_state(for_numpy)  # noqa: NPY002
