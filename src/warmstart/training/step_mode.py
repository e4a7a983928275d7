"""How steps are computed: chosen once, before the first, and kept in the checkpoint."""

from dataclasses import dataclass

from torch import Tensor, nn

from warmstart.training.memory import rows_at_a_time
from warmstart.training.precision import faster_precision, has_bf16, in_arithmetic, num_passes
from warmstart.training.settings import FitSettings

FEWEST_TIMED = 8  # enough to tell where steps are slow: there the ratio is that of whole batches
MOST_TIMED = 1 / 20  # of all rows of a fit on a CPU, to find out what makes it faster


@dataclass(frozen=True)
class StepMode:
    """The number type of a step, and how many rows of its batch pass at a time, 0 all of them."""

    precision: str = "f32"
    micro_rows: int = 0


def choose_step_mode(
    module: nn.Module, batch: Tensor, wanted: Tensor, settings: FitSettings, num_rows: int
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
    """
    precision = "f32" if settings.precision == "auto" else settings.precision
    rows = rows_at_a_time(module, batch, in_arithmetic(module, precision))
    if settings.precision != "auto" or not has_bf16(batch.device):
        return StepMode(precision, rows)
    tried = num_rows_timed(rows or len(batch), num_rows, is_slow=batch.device.type == "cpu")
    precision = faster_precision(module, batch[:tried], wanted[:tried])
    if precision == "bf16":
        rows = rows_at_a_time(module, batch, in_arithmetic(module, precision))
    return StepMode(precision, rows)


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
