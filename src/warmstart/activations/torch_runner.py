"""The reference: torch runs a prefix."""

from collections.abc import Iterable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from warmstart.activations.runner import fewer_instructions, no_rows, padded, rounded
from warmstart.batches.rendering import PixelBlock


class TorchRunner:
    """The reference: torch, in float32 on a CPU, bfloat16 on a GPU that has it."""

    def __init__(
        self, prefix: nn.Module, row_shape: tuple[int, ...], device: torch.device, precision: str
    ) -> None:
        """Take a prefix in eval mode that maps (N, H, W, 3) uint8 to (N, …)."""
        self.prefix, self.row_shape, self.device = prefix.to(device).eval(), row_shape, device
        self.precision = precision
        self.batch = 8 if device.type == "cpu" else 64

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
        return f"torch-{torch.__version__}/{self.precision}/{name}/b{self.batch}"

    @property
    def stored_dtype(self) -> str:
        """Half precision has more digits than bfloat16, so rounding to it loses little."""
        return "float16" if self.precision == "bf16" else "float32"

    def run(self, blocks: Iterable[PixelBlock]) -> Iterator[tuple[PixelBlock, NDArray[np.generic]]]:
        """Outputs of each block, in order."""
        half = self.precision == "bf16"
        for block in blocks:
            if not len(block.rows):
                yield block, no_rows(self.row_shape, self.stored_dtype)
                continue
            pixels = torch.from_numpy(padded(block, self.batch)).to(self.device)
            with (
                torch.inference_mode(),
                torch.autocast(self.device.type, torch.bfloat16, enabled=half),
            ):
                outputs = self.prefix(pixels)[: len(block.rows)]
            yield block, rounded(outputs.float().cpu().numpy(), self.stored_dtype)
