"""Training steps by a compiled network: tried where it may pay for itself, measured, remembered.

torch.compile takes as long as very many steps do. What it gives rounds otherwise than what was
written, so whether it is used is part of how steps are computed: chosen once, and kept in the
checkpoint.
"""

import os
import time
import warnings
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from warmstart.training.precision import in_arithmetic, wait_for
from warmstart.training.settings import FitSettings
from warmstart.training.step import loss_parts, num_parts
from warmstart.training.step_choices import CompilingChoice, StepChoices, remembered
from warmstart.training.step_mode import StepMode

SETTING = "WARMSTART_COMPILE"  # "1" tries it for any fit, also on a CPU; "0" for none
BACKEND = "inductor"
OPTIONS: dict[str, str | int | bool | Callable[..., object]] = {
    "deterministic": True  # no kernel of a GPU is chosen by a clock: they add in different orders
}
GAIN = 1.05  # by which compiled steps must be faster
HOPED_SAVING = 0.25  # of a step's time, where nobody has measured
COMPILING_SECONDS = 60.0  # what a network such as resnet50 takes, both passes
NUM_WARMING, NUM_TIMED = 3, 5  # steps


class CompiledForward:
    """A module as a function that is compiled for the parts of a whole batch.

    Rows of another number, such as those of an epoch's last batch, pass as they did before: which
    way they take depends on their number alone. The module stays an ordinary one.
    """

    def __init__(self, module: nn.Module, batch_size: int, micro_rows: int) -> None:
        """Compile nothing yet; arguments as of ``step.update``."""
        parts = num_parts(batch_size, micro_rows)
        self.module, self.lengths = module, {batch_size // parts, -(-batch_size // parts)}

        def run(batch: Tensor) -> Tensor:
            logits: Tensor = module(batch)
            return logits

        # what was compiled is kept, and counted, by code object: with one of its own, a fit depends
        # on no fit before it in this process
        run.__code__ = run.__code__.replace()
        self.compiled = torch.compile(run, backend=BACKEND, dynamic=False, options=OPTIONS)

    def __call__(self, batch: Tensor) -> Tensor:
        """Inputs of rows → logits (B, K)."""
        logits: Tensor = (self.compiled if len(batch) in self.lengths else self.module)(batch)
        return logits


class CompiledSteps:
    """Whether the steps of one fit are compiled, and what then stands for its module."""

    def __init__(
        self, module: nn.Module, settings: FitSettings, choices: StepChoices | None = None
    ) -> None:
        """Compile nothing yet.

        Args:
            module: What is trained.
            settings: Of the fit.
            choices: Where choices are remembered; None measures each time.
        """
        self.module, self.settings, self.choices = module, settings, choices
        self.forward: Callable[[Tensor], Tensor] | None = None

    def chosen(self, mode: StepMode, batch: Tensor, wanted: Tensor, num_steps: int) -> StepMode:
        """The mode with a choice in it; no weight, buffer or random state moves.

        Args:
            mode: How steps are computed otherwise.
            batch: (B, …), the first of the fit.
            wanted: Targets of its rows.
            num_steps: Of all of the fit.
        """
        is_whole = len(batch) == self.settings.batch_size
        if not is_whole or mode.is_twice or not may_compile(batch.device):
            return mode
        plain = self.seconds(in_arithmetic(self.module, mode.precision), mode, batch, wanted)
        if not is_asked_for() and num_steps * plain * HOPED_SAVING < COMPILING_SECONDS:
            return mode
        of = mode.precision, mode.micro_rows, BACKEND
        file = None if self.choices is None else self.choices.file(batch, *of)
        kept = remembered(file, CompilingChoice, lambda: self.measured(mode, batch, wanted, plain))
        return replace(mode, is_compiled=kept.is_compiled, compiling=kept.compiling)

    def measured(
        self, mode: StepMode, batch: Tensor, wanted: Tensor, plain: float
    ) -> CompilingChoice:
        """The faster way; ``plain`` is how many seconds a step takes that is not compiled."""
        forward = self.compiled(mode)
        try:
            seconds = self.seconds(forward, mode, batch, wanted)
        except Exception as error:  # noqa: BLE001 (no compiler, an odd network, no memory)
            return CompilingChoice(is_compiled=False, compiling=failure_in_words(error))
        ratio = plain / seconds
        if ratio < GAIN:
            return CompilingChoice(
                is_compiled=False, compiling=f"not compiled: it would be {ratio:.2f} times as fast"
            )
        self.forward = forward
        return CompilingChoice(is_compiled=True, compiling=f"compiled: {ratio:.2f} times as fast")

    def ready(self, mode: StepMode, batch: Tensor, wanted: Tensor) -> StepMode:
        """The mode, its network compiled if it says so; another where that fails, with a warning.

        Args:
            mode: As it was chosen, here or in the process that wrote the checkpoint.
            batch: Rows of a step, of any number.
            wanted: Their targets.
        """
        if not mode.is_compiled or self.forward is not None:
            return mode
        whole = torch.arange(self.settings.batch_size, device=batch.device) % len(batch)
        forward = self.compiled(mode)
        try:
            self.seconds(forward, mode, batch[whole], wanted[whole.to(wanted.device)])
        except Exception as error:  # noqa: BLE001 (as above)
            compiling = failure_in_words(error)
            warnings.warn(
                f"steps of this fit were compiled before, and cannot be here ({compiling}): they "
                "go on as written, which rounds otherwise.",
                stacklevel=2,
            )
            return replace(mode, is_compiled=False, compiling=compiling)
        self.forward = forward
        return mode

    def compiled(self, mode: StepMode) -> Callable[[Tensor], Tensor]:
        """What stands for the module, in the arithmetic of a mode."""
        size = self.settings.batch_size
        return in_arithmetic(CompiledForward(self.module, size, mode.micro_rows), mode.precision)

    def seconds(
        self, forward: Callable[[Tensor], Tensor], mode: StepMode, batch: Tensor, wanted: Tensor
    ) -> float:
        """Seconds of both passes of a step, the shortest of some after a warm-up."""
        buffers = {name: tensor.clone() for name, tensor in self.module.named_buffers()}
        taken = []
        try:
            for _ in range(NUM_WARMING + NUM_TIMED):
                wait_for(batch.device)
                began = time.perf_counter()
                for part in loss_parts(forward, batch, wanted, self.settings, 0, mode.rows_of_part):
                    part.backward()  # type: ignore[no-untyped-call]
                wait_for(batch.device)
                taken.append(time.perf_counter() - began)
                self.module.zero_grad(set_to_none=True)
        finally:
            self.module.zero_grad(set_to_none=True)
            with torch.no_grad():
                for name, tensor in self.module.named_buffers():
                    tensor.copy_(buffers[name])
        return min(taken[NUM_WARMING:])


def may_compile(device: torch.device) -> bool:
    """Whether compiling is thought of: on a GPU unless forbidden, elsewhere if asked for."""
    is_forbidden = os.environ.get(SETTING, "") == "0"
    return not is_forbidden and (device.type == "cuda" or is_asked_for())


def is_asked_for() -> bool:
    """Whether somebody wants it tried however short the fit is."""
    return os.environ.get(SETTING, "") == "1"


def failure_in_words(error: Exception) -> str:
    """Why compiling failed, in a line."""
    cause = getattr(error, "inner_exception", error)  # torch tells of it after its own first line
    return f"not compiled: {type(cause).__name__}: {str(cause).strip().partition(chr(10))[0]}"
