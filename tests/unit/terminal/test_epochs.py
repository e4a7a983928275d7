from dataclasses import replace

import pytest

from warmstart.results.history import EpochRecord, History
from warmstart.terminal.epochs import epoch_printer, print_rise


def record(epoch: int, **metrics: float) -> EpochRecord:
    return EpochRecord(epoch, 0, 5, 0.5, 0.25, {"accuracy": 0.9} | metrics, (0.1,), 1.5)


def test_columns_of_held_back_rows_are_parted_and_the_best_epoch_is_marked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show = epoch_printer()
    show(record(0, choice_loss=0.3, choice_accuracy=0.8, choice_best=1.0))
    show(record(1, choice_loss=0.4, choice_accuracy=0.7, choice_best=0.0))
    titles, first, second = capsys.readouterr().out.splitlines()
    assert titles.split("  ")[-1].strip() == "seconds"
    assert "held loss" in titles
    assert "held accuracy" in titles
    assert first.split() == ["0", "0.5000", "0.2500", "0.9000", "0.3000", "0.8000", "1.50", "best"]
    assert second.split()[-1] == "1.50"
    assert titles.index("seconds") + len("seconds") == len(second)


def test_without_choosing_there_is_no_mark(capsys: pytest.CaptureFixture[str]) -> None:
    epoch_printer()(record(0))
    assert capsys.readouterr().out.splitlines()[1].split() == [
        "0", "0.5000", "0.2500", "0.9000", "1.50"
    ]  # fmt: skip


def test_a_loss_that_rose_in_the_end_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """A20."""
    whole = History([replace(record(i), valid_loss=loss) for i, loss in enumerate((0.044, 0.087))])
    print_rise(whole)
    out = capsys.readouterr().out
    assert out.startswith("note: the validation loss rose from 0.0440 to 0.0870")
    assert "--epochs 1" in out
    print_rise(History(whole.records[:1]))
    assert capsys.readouterr().out == ""
