"""The same bits from the same seed on a GPU too, or the names of what cannot give them."""

import os
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

CUBLAS, CUBLAS_REPEATABLE = "CUBLAS_WORKSPACE_CONFIG", ":4096:8"
FILLS = "fill_uninitialized_memory"  # of torch.utils.deterministic, whose types do not have it
# What torch warns of, and the name of the operation in it, if there is one.
UNREPEATABLE = re.compile(r"(?:(\S+) does not have a deterministic|.*\bnon-?deterministic\b)", re.I)


@contextmanager
def repeatable_steps(*, wanted: bool) -> Iterator[Callable[[], tuple[str, ...]]]:
    """Let torch choose operations that give the same bits each time; then settings as before.

    On a CPU they do so anyway. Settings are those of the process: other threads are subject to
    them meanwhile.

    Args:
        wanted: Whether to; otherwise nothing is set.

    Yields:
        Gives names of operations that had no such form, since it was asked last.
    """
    found: set[str] = set()

    def taken() -> tuple[str, ...]:
        names = tuple(sorted(found))
        found.clear()
        return names

    if not wanted:
        yield taken
        return
    with kept_settings(), warnings.catch_warnings():
        os.environ.setdefault(CUBLAS, CUBLAS_REPEATABLE)
        torch.use_deterministic_algorithms(mode=True, warn_only=True)
        torch.backends.cudnn.deterministic, torch.backends.cudnn.benchmark = True, False
        setattr(torch.utils.deterministic, FILLS, False)
        warnings.filterwarnings("always", message=UNREPEATABLE.pattern)
        shown = warnings.showwarning

        def note(message: Warning | str, *details: Any, **more: Any) -> None:
            match = UNREPEATABLE.match(str(message))
            if match is None:
                shown(message, *details, **more)
            else:
                found.add(match[1] or str(message).partition(". ")[0])

        warnings.showwarning = note
        yield taken


def wants_determinism(module: nn.Module) -> bool:
    """Whether steps of a module may differ from one time to the next: on a GPU."""
    return any(parameter.device.type == "cuda" for parameter in module.parameters())


@contextmanager
def kept_settings() -> Iterator[None]:
    """Give the process its settings back, whatever is set meanwhile."""
    is_on = torch.are_deterministic_algorithms_enabled()
    only_warns = torch.is_deterministic_algorithms_warn_only_enabled()
    cudnn, fills = torch.backends.cudnn, getattr(torch.utils.deterministic, FILLS)
    of_cudnn, of_cublas = (cudnn.deterministic, cudnn.benchmark), os.environ.get(CUBLAS)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(mode=is_on, warn_only=only_warns)
        cudnn.deterministic, cudnn.benchmark = of_cudnn
        setattr(torch.utils.deterministic, FILLS, fills)
        if of_cublas is None:
            os.environ.pop(CUBLAS, None)
        else:
            os.environ[CUBLAS] = of_cublas
