"""Runs a frozen prefix over pixels: one runner, whether its outputs are stored or not."""

import os
from collections.abc import Iterable, Iterator
from typing import Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from warmstart.batches.rendering import PixelBlock
from warmstart.errors import CacheError


@runtime_checkable
class PrefixRunner(Protocol):
    """A pure function of pixels, with a name for its arithmetic.

    The result of a row depends on no other row of its batch: every batch has the same shape,
    padded with zeros where rows are wanting, so that the same kernels run.
    """

    @property
    def mode(self) -> str:
        """Runner, version, number type, instruction set: all that can change a bit."""

    @property
    def stored_dtype(self) -> str:
        """What outputs are rounded to, "float16" or "float32"."""

    @property
    def row_shape(self) -> tuple[int, ...]:
        """The shape of one row's output."""

    @property
    def batch(self) -> int:
        """The most rows that a block may have."""

    def run(self, blocks: Iterable[PixelBlock]) -> Iterator[tuple[PixelBlock, NDArray[np.generic]]]:
        """Outputs (B, …) of each block, in order, rounded to the stored dtype."""


def fewer_instructions() -> str:
    """What oneDNN, within torch and OpenVINO, was told to do without; "" where nobody did."""
    limits = [os.environ.get(f"{name}_MAX_CPU_ISA") for name in ("ONEDNN", "DNNL")]
    return "".join(f"-to-{limit}" for limit in limits if limit)


class PixelRunner:
    """The prefix of a network that trains as a whole: pixels stay as they are."""

    mode, stored_dtype, batch = "pixels", "uint8", 32

    def __init__(self, size: int) -> None:
        """Take pictures of one size."""
        self.row_shape: tuple[int, ...] = (size, size, 3)

    def run(self, blocks: Iterable[PixelBlock]) -> Iterator[tuple[PixelBlock, NDArray[np.generic]]]:
        """The pixels of each block, in order."""
        for block in blocks:
            empty = no_rows(self.row_shape, self.stored_dtype)
            yield block, block.pixels if len(block.rows) else empty


def padded(block: PixelBlock, batch: int) -> NDArray[np.uint8]:
    """The pixels of a block, with black images up to ``batch`` rows."""
    if len(block.rows) == batch:
        return block.pixels
    out = np.zeros((batch, *block.pixels.shape[1:]), np.uint8)
    out[: len(block.rows)] = block.pixels
    return out


def no_rows(row_shape: tuple[int, ...], dtype: str) -> NDArray[np.generic]:
    """The outputs of a block whose every image is unreadable."""
    return np.empty((0, *row_shape), dtype)


def rounded(values: NDArray[np.generic], dtype: str) -> NDArray[np.generic]:
    """Round to the stored dtype.

    Raises:
        CacheError: a value is not finite, or too large for half precision.
    """
    with np.errstate(over="ignore"):
        out = values.astype(dtype)
    if not np.isfinite(out).all():
        raise CacheError(
            f"the frozen part gives values that {dtype} cannot hold.",
            expected="finite activations.",
            fix='pass precision="f32" (--precision f32); if it stays, the weights are broken.',
        )
    return out
