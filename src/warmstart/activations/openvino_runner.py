"""Runs a prefix on a CPU with OpenVINO, several times as fast as torch does."""

import os
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from warmstart.activations.runner import fewer_instructions, no_rows, padded, rounded
from warmstart.batches.rendering import PixelBlock

BATCH = 4  # with one stream per core the fastest of 1, 2, 4, 8 and 16 (docs/experiments.md)


class OpenVinoRunner:
    """Blocks of rows through a compiled graph of one fixed batch shape."""

    batch = BATCH

    def __init__(self, compiled: Any, row_shape: tuple[int, ...], precision: str) -> None:
        """Wrap a graph that ``compile_graph`` made."""
        self._compiled, self.row_shape, self.precision = compiled, row_shape, precision

    @property
    def mode(self) -> str:
        """Runner, version, number type, instruction set, batch."""
        return openvino_mode(self.precision)

    @property
    def stored_dtype(self) -> str:
        """Half precision has more digits than bfloat16, so rounding to it loses little."""
        return stored_dtype(self.precision)

    def run(self, blocks: Iterable[PixelBlock]) -> Iterator[tuple[PixelBlock, NDArray[np.generic]]]:
        """Outputs of each block, in order; two requests per stream are always under way."""
        num_requests = int(self._compiled.get_property("NUM_STREAMS")) * 2
        free = [self._compiled.create_infer_request() for _ in range(num_requests)]
        waiting: deque[tuple[PixelBlock, Any]] = deque()
        for block in blocks:
            if not free:
                yield self._finish(waiting, free)
            request = free.pop()
            if len(block.rows):  # none, where every image of a block is unreadable
                request.start_async({0: padded(block, BATCH)}, share_inputs=False)
            waiting.append((block, request))
        while waiting:
            yield self._finish(waiting, free)

    def _finish(
        self, waiting: deque[tuple[PixelBlock, Any]], free: list[Any]
    ) -> tuple[PixelBlock, NDArray[np.generic]]:
        block, request = waiting.popleft()
        if not len(block.rows):
            free.append(request)
            return block, no_rows(self.row_shape, self.stored_dtype)
        request.wait()
        values = rounded(request.get_output_tensor(0).data[: len(block.rows)], self.stored_dtype)
        free.append(request)
        return block, values


def stored_dtype(precision: str) -> str:
    """float16 has more digits than bfloat16, so rounding to it loses little."""
    return "float16" if precision == "bf16" else "float32"


def fast_precision() -> str:
    """Say "bf16" where the processor multiplies it in hardware, else "f32"."""
    has = torch.cpu.get_capabilities()
    return "bf16" if has.get("avx512_bf16") or has.get("amx_bf16") else "f32"


def openvino_mode(precision: str) -> str:
    """All that can change a bit. One thread per stream, so the number of cores cannot."""
    import openvino

    has = torch.cpu.get_capabilities()
    names = ("amx_bf16", "amx_fp16", "avx512_bf16", "avx512_fp16", "avx512_f", "avx2", "fma3")
    instructions = "+".join(name for name in names if has.get(name)) or has["architecture"]
    return (
        f"openvino-{openvino.__version__}/{precision}/{instructions}{fewer_instructions()}/b{BATCH}"
    )


def compile_graph(prefix: nn.Module, size: int, precision: str) -> Any:
    """Translate a prefix and compile it for batches of (BATCH, size, size, 3) uint8.

    Args:
        prefix: In eval mode, (N, H, W, 3) uint8 → (N, …).
        size: Side of the pictures.
        precision: "bf16" or "f32".

    Returns:
        OpenVINO's compiled model, which has run once: some operations fail only then.

    An ImportError where OpenVINO is not available, and a RuntimeError where it cannot run the
    prefix, are left to whoever calls.
    """
    from warmstart.activations.openvino_graph import PRECISION, faithful_model

    num_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    settings = {
        PRECISION: precision,
        "NUM_STREAMS": num_cores,
        "INFERENCE_NUM_THREADS": num_cores,
        "ENABLE_CPU_PINNING": False,
    }
    return faithful_model(prefix, (BATCH, size, size, 3), settings)
