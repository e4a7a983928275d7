"""The reference: torch runs a prefix."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.activations.ahead import in_thread
from warmstart.activations.runner import fewer_instructions, no_rows, padded, rounded
from warmstart.batches.rendering import PixelBlock
from warmstart.device_views.flat_pictures import to_device
from warmstart.device_views.pending import DeviceBlock

EAGER, COMPILE = "eager", "compile"
USUAL_BATCH = {"cpu": 8, "cuda": 256}  # rows at once, where nothing was measured
BLOCKS_UNDER_WAY = 2  # that a GPU works on while those before are taken over


@dataclass(frozen=True)
class TorchRun:
    """How torch runs a prefix: "eager" or "compile"; rows at once; whose views.

    All of it belongs to the numeric mode; ``views`` is the name of what makes plain views there.
    """

    way: str = EAGER
    batch: int = 0
    views: str = ""


class TorchRunner:
    """The reference: torch, in float32 on a CPU, bfloat16 on a GPU that has it."""

    def __init__(
        self,
        prefix: nn.Module,
        row_shape: tuple[int, ...],
        device: torch.device,
        precision: str,
        run: TorchRun | None = None,
    ) -> None:
        """Take a prefix in eval mode that maps (N, H, W, 3) uint8 to (N, …)."""
        self.prefix, self.row_shape, self.device = prefix.to(device).eval(), row_shape, device
        self.precision, self.how = precision, run or TorchRun()
        self.batch = self.how.batch or USUAL_BATCH.get(device.type, 64)
        self.outputs = network_of(self._forward, self.how.way, prefix)

    @property
    def mode(self) -> str:
        """Runner, version, number type, instruction set; on a CPU also the number of threads."""
        name = (
            f"{torch.backends.cpu.get_cpu_capability()}{fewer_instructions()}"
            f"x{torch.get_num_threads()}"
            if self.device.type == "cpu"
            else torch.cuda.get_device_name(self.device)
            if self.device.type == "cuda"
            else self.device.type
        )
        views = f"/{self.how.views}" if self.how.views else ""
        way = "" if self.device.type == "cpu" else f"/{self.how.way}"
        return f"torch-{torch.__version__}/{self.precision}/{name}/b{self.batch}{way}{views}"

    @property
    def stored_dtype(self) -> str:
        """Half precision has more digits than bfloat16, so rounding to it loses little."""
        return "float16" if self.precision == "bf16" else "float32"

    def run(self, blocks: Iterable[PixelBlock]) -> Iterator[tuple[PixelBlock, NDArray[np.generic]]]:
        """Outputs of each block, in order.

        Where a device makes the views or computes, the next blocks are made by another thread, on a
        stream of their own, and outputs are fetched while the blocks after them are computed.
        """
        self.lay_out()
        is_device = self.device.type == "cuda" or bool(self.how.views)
        under_way = BLOCKS_UNDER_WAY if is_device else 0
        waiting: deque[tuple[PixelBlock, Fetched | None]] = deque()
        made = in_thread(blocks, self.device) if is_device else iter(blocks)
        for block in made:
            waiting.append((block, self._begun(block) if len(block.rows) else None))
            if len(waiting) > under_way:
                yield self._ended(*waiting.popleft())
        while waiting:
            yield self._ended(*waiting.popleft())

    def lay_out(self) -> None:
        """Bring weights into the order that convolutions on a GPU are fast in.

        Before each run: parts of one network share weights, and each new part puts them back.
        """
        if self.device.type == "cuda":
            self.prefix.to(memory_format=torch.channels_last)

    def _begun(self, block: PixelBlock) -> "Fetched":
        outputs = self.outputs(pixels_on(block, self.batch, self.device))
        return Fetched(outputs[: len(block.rows)])

    def _ended(
        self, block: PixelBlock, fetched: "Fetched | None"
    ) -> tuple[PixelBlock, NDArray[np.generic]]:
        if fetched is None:
            return block, no_rows(self.row_shape, self.stored_dtype)
        return block, rounded(fetched.values(), self.stored_dtype)

    def _forward(self, network: Callable[[Tensor], Any], pixels: Tensor) -> Tensor:
        half = self.precision == "bf16"
        with (
            torch.inference_mode(),
            torch.autocast(self.device.type, torch.bfloat16, enabled=half),
        ):
            outputs: Tensor = network(pixels)
            return outputs.float().to(getattr(torch, self.stored_dtype))


def network_of(
    forward: Callable[[Callable[[Tensor], Any], Tensor], Tensor], way: str, prefix: nn.Module
) -> Callable[[Tensor], Tensor]:
    """Pixels → outputs, in one of the ways.

    Args:
        forward: What surrounds the prefix, or what stands for it: types, no gradients.
        way: "eager" or "compile".
        prefix: The prefix.
    """
    if way == COMPILE:
        compiled = torch.compile(prefix, dynamic=False)
        return lambda pixels: forward(compiled, pixels)
    return lambda pixels: forward(prefix, pixels)


class Fetched:
    """Values on their way from a device to the computer's memory."""

    def __init__(self, values: Tensor) -> None:
        """Begin; nothing waits."""
        self._event: torch.cuda.Event | None = None
        self._values = values
        if values.device.type == "cuda":
            self._values = torch.empty(values.shape, dtype=values.dtype, pin_memory=True)
            self._values.copy_(values, non_blocking=True)
            self._event = torch.cuda.current_stream(values.device).record_event()

    def values(self) -> NDArray[np.generic]:
        """The values, when they are there."""
        if self._event is not None:
            self._event.synchronize()
        found: NDArray[np.generic] = self._values.cpu().numpy()
        return found


def pixels_on(block: PixelBlock, batch: int, device: torch.device) -> Tensor:
    """The pixels of a block on a device, with black images up to ``batch`` rows."""
    if not isinstance(block, DeviceBlock):
        return to_device(torch.from_numpy(padded(block, batch)), device)
    pixels = block.on_device()
    if len(pixels) == batch:
        return pixels
    black = pixels.new_zeros((batch - len(pixels), *pixels.shape[1:]))
    return torch.cat([pixels, black])
