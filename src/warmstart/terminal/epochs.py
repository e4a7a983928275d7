"""The table that grows by a line per epoch."""

from collections.abc import Callable

from warmstart.results.head_fit import HeadFit
from warmstart.results.history import EpochRecord
from warmstart.terminal.colour import TITLE, say

WIDTH = 12
BEST = "_best"  # ends the name of what is 1 where an epoch was the best so far


def epoch_printer() -> Callable[[EpochRecord], None]:
    """A function that prints a record as a line, before the first one the titles."""
    has_titles = False

    def show(record: EpochRecord) -> None:
        nonlocal has_titles
        cells = columns(record)
        if not has_titles:
            say(("".join(name.rjust(width(name)) for name in cells), TITLE))
            has_titles = True
        line = "".join(cell.rjust(width(name)) for name, cell in cells.items())
        is_best = any(value for name, value in record.metrics.items() if name.endswith(BEST))
        print(line + ("  best" if is_best else ""), flush=True)

    return show


def print_head_fit(record: HeadFit) -> None:
    """Print what a fit without epochs did, and what was tried where there was a choice."""
    if len(record.trials) > 1:
        for trial in record.trials:
            print(f"tried {trial}")
    print(record, flush=True)


def columns(record: EpochRecord) -> dict[str, str]:
    """What stands under each title; the best epoch so far is marked and has no column."""
    judged = "–" if record.valid_loss is None else f"{record.valid_loss:.4f}"
    losses = {"train loss": f"{record.train_loss:.4f}", "valid loss": judged}
    metrics = {
        title(name): f"{value:.4f}"
        for name, value in record.metrics.items()
        if not name.endswith(BEST)
    }
    seconds = {"seconds": f"{record.seconds:.2f}"}
    return {"epoch": str(record.epoch)} | losses | metrics | seconds


def width(name: str) -> int:
    """Of a column."""
    return max(WIDTH, len(name) + 2)


def title(name: str) -> str:
    """A metric's name above its column."""
    return name.replace("choice_", "held ").replace("valid_", "valid ").replace("_", " ")
