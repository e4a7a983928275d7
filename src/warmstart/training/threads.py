"""How many threads torch computes with: a choice that changes bits, and is made once."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import torch


@contextmanager
def compute_threads(wanted: int | None) -> Iterator[None]:
    """Compute with as many threads as the fit began with, then as before.

    The count is applied and not only reported: another one would sum in another order, and the
    fit would not end with the bits that it would have had without the stop.
    """
    before = torch.get_num_threads()
    if wanted is not None and wanted != before:
        warnings.warn(
            f"this fit began with {wanted} compute threads and goes on with {wanted}, not "
            f"{before}, so that it ends with the same bits; a new fit would use all.",
            stacklevel=2,
        )
    with limited_threads(wanted):
        yield


@contextmanager
def limited_threads(wanted: int | None) -> Iterator[None]:
    """Compute with so many threads, None as many as before, then as before."""
    before = torch.get_num_threads()
    if wanted is None or wanted == before:
        yield
        return
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)
