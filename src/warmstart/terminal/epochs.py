"""The table that grows by a line per epoch, and the bar of the steps in between."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from warmstart.results.head_fit import HeadFit
from warmstart.results.history import EpochRecord, History, StepDone
from warmstart.terminal.colour import DOUBTFUL, TITLE, print_styled
from warmstart.terminal.waiting import waiting

WIDTH = 12
MOST_LINES = 20  # of a fit, about


def epoch_printer(num_epochs: int = 0) -> Callable[[EpochRecord], None]:
    """A function that prints a record as a line, before the first one the titles.

    Args:
        num_epochs: Of the fit. Of very many only some are printed, those that were the best so far
            and the last among them; the history has all.
    """
    has_titles, step = False, max(1, num_epochs // MOST_LINES)

    def show(record: EpochRecord) -> None:
        nonlocal has_titles
        is_last = record.epoch == num_epochs - 1
        if record.epoch % step and not record.is_best and not is_last:
            return
        cells = columns(record)
        if not has_titles:
            print_styled(("".join(name.rjust(width(name)) for name in cells), TITLE))
            has_titles = True
        line = "".join(cell.rjust(width(name)) for name, cell in cells.items())
        print(line + ("  best" if record.is_best else ""), flush=True)

    return show


@contextmanager
def watched_steps(*, quiet: bool) -> Iterator[Callable[[StepDone], None]]:
    """Give a function that takes where a fit is, and shows it.

    Args:
        quiet: It shows nothing.
    """
    with waiting("training", unit="steps", quiet=quiet) as wait:

        def show(at: StepDone) -> None:
            wait.total = at.num_epochs * at.num_steps
            wait.what = f"epoch {at.epoch + 1} of {at.num_epochs}"
            is_judged = at.step == at.num_steps
            loss = f"loss {at.loss:.4f}" if at.step else ""
            wait.reach(at.epoch * at.num_steps + at.step, f"{loss}, judging" if is_judged else loss)

        yield show


@contextmanager
def watched_sweep(*, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """Likewise of a search of rates: how many steps are done, and of how many.

    Args:
        quiet: It shows nothing.
    """
    with waiting("trying rates from small to large", unit="steps", quiet=quiet) as wait:

        def show(done: int, total: int) -> None:
            wait.total = total
            wait.reach(done)

        yield show


def print_head_fit(record: HeadFit) -> None:
    """Print what a fit without epochs did; ``trials`` of the record are what else was tried."""
    print(record, flush=True)


def print_rise(history: History) -> None:
    """Say that the validation loss rose at the end, if it did."""
    rise = history.loss_rise
    if rise is not None:
        print_styled(("note:", DOUBTFUL), (f" {rise}", ""))


def columns(record: EpochRecord) -> dict[str, str]:
    """What stands under each title; the best epoch so far is marked and has no column."""
    judged = "–" if record.valid_loss is None else f"{record.valid_loss:.4f}"
    losses = {"train loss": f"{record.train_loss:.4f}", "valid loss": judged}
    metrics = {title: f"{value:.4f}" for title, value in record.scores.items()}
    seconds = {"seconds": f"{record.seconds:.2f}"}
    return {"epoch": str(record.epoch)} | losses | metrics | seconds


def width(name: str) -> int:
    """Of a column."""
    return max(WIDTH, len(name) + 2)
