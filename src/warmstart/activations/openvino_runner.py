"""Runs a prefix on a CPU with OpenVINO, several times as fast as torch does."""

from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.runner import no_rows, padded, rounded
from warmstart.batches.rendering import PixelBlock

BATCH = 4  # with one stream per core the fastest of 1, 2, 4, 8 and 16 (docs/experiments.md)


class OpenVinoRunner:
    """Blocks of rows through a compiled graph of one fixed batch shape."""

    batch = BATCH

    def __init__(
        self, compiled: Any, row_shape: tuple[int, ...], precision: str, mode: str
    ) -> None:
        """Wrap a graph that ``compile_graph`` made.

        Args:
            compiled: OpenVINO's.
            row_shape: Of one row's output.
            precision: "bf16" or "f32".
            mode: From ``openvino_mode``: runner, version, number type, instruction set, batch.
        """
        self._compiled, self.row_shape = compiled, row_shape
        self.precision, self.mode = precision, mode

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
