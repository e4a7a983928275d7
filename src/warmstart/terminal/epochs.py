"""The table that grows by a line per epoch."""

from collections.abc import Callable

from warmstart.results.history import EpochRecord
from warmstart.terminal.colour import TITLE, say


def epoch_printer() -> Callable[[EpochRecord], None]:
    """A function that prints a record as a line, before the first one the titles."""
    has_titles = False

    def show(record: EpochRecord) -> None:
        nonlocal has_titles
        if not has_titles:
            titles = ["epoch", "train loss", "valid loss", *record.metrics, "seconds"]
            say(("".join(title.rjust(12) for title in titles), TITLE))
            has_titles = True
        print(epoch_line(record), flush=True)

    return show


def epoch_line(record: EpochRecord) -> str:
    """One epoch, in columns of twelve."""
    judged = "–" if record.valid_loss is None else f"{record.valid_loss:.4f}"
    cells = [
        str(record.epoch),
        f"{record.train_loss:.4f}",
        judged,
        *(f"{value:.4f}" for value in record.metrics.values()),
        f"{record.seconds:.2f}",
    ]
    return "".join(cell.rjust(12) for cell in cells)
