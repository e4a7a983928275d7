"""How steps are computed: chosen once, before the first, and kept in the checkpoint."""

from dataclasses import dataclass

from torch import Tensor, nn

from warmstart.training.memory import HasHead, TwiceInParts, batch_parts
from warmstart.training.precision import faster_precision, has_bf16, in_arithmetic, num_passes
from warmstart.training.settings import FitSettings
from warmstart.training.step_choices import PrecisionChoice, StepChoices, remembered

FEWEST_TIMED = 8  # enough to tell where steps are slow: there the ratio is that of whole batches
MOST_TIMED = 1 / 20  # of all rows of a fit on a CPU, to find out what makes it faster


@dataclass(frozen=True)
class StepMode:
    """The number type of a step, and how many rows of its batch pass at a time, 0 all of them.

    ``is_twice``: the head has the whole batch, and the parts before it are computed twice.
    ``is_compiled``: by ``compiled_steps``; ``compiling`` says what came of trying, "" where nobody
    did.
    """

    precision: str = "f32"
    micro_rows: int = 0
    is_twice: bool = False
    is_compiled: bool = False
    compiling: str = ""

    def as_passed(self, module: nn.Module) -> nn.Module:
        """The module, or what stands for it and keeps fewer activations."""
        is_twice = self.is_twice and isinstance(module, HasHead)
        return TwiceInParts(module, self.micro_rows) if is_twice else module

    @property
    def rows_of_part(self) -> int:
        """How many rows pass through the whole module at a time, 0 all."""
        return 0 if self.is_twice else self.micro_rows


def choose_step_mode(
    module: nn.Module,
    batch: Tensor,
    wanted: Tensor,
    settings: FitSettings,
    num_rows: int,
    choices: StepChoices | None = None,
) -> StepMode:
    """How to compute steps on batches like this one; no weight, buffer or random state moves.

    Where the hardware has no bfloat16 it is emulated, a hundred times as slowly: that need not be
    measured.

    Args:
        module: What is trained, in training mode.
        batch: (B, …), the first of the fit.
        wanted: Targets of its rows.
        settings: Whose ``precision`` says which type, or that it is open.
        num_rows: How many rows pass in all of the fit.
        choices: Where the faster number type is remembered; None measures each time.
    """
    precision = "f32" if settings.precision == "auto" else settings.precision
    parts = batch_parts(module, batch, in_arithmetic(module, precision))
    if settings.precision == "auto" and has_bf16(batch.device):
        at_a_time = parts.rows or len(batch)
        tried = num_rows_timed(at_a_time, num_rows, is_slow=batch.device.type == "cpu")
        precision = remembered(
            None if choices is None else choices.file(batch, at_a_time, "number type"),
            PrecisionChoice,
            lambda: PrecisionChoice(faster_precision(module, batch[:tried], wanted[:tried])),
        ).precision
        if precision == "bf16":
            parts = batch_parts(module, batch, in_arithmetic(module, precision))
    return StepMode(precision, parts.rows, parts.is_twice)


def num_rows_timed(at_a_time: int, num_rows: int, *, is_slow: bool) -> int:
    """Rows of a pass that is timed: as many as a step's, but few where it would take long.

    Args:
        at_a_time: Rows that pass together in a step.
        num_rows: Rows of the whole fit.
        is_slow: Whether a step takes about as long as its rows do; on a GPU a few rows take as
            long as many, and all of them milliseconds.
    """
    if not is_slow:
        return at_a_time
    allowed = int(MOST_TIMED * num_rows) // (2 * num_passes(is_slow=True))
    return min(at_a_time, max(FEWEST_TIMED, allowed))
