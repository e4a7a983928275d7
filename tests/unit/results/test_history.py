"""A20: a validation loss that rose in the end is noticed, where the model ended with it."""

from dataclasses import replace

import pytest

from warmstart.results.head_fit import HeadFit
from warmstart.results.history import EpochRecord, History

SOLVED = HeadFit(1, "logistic", "whole row", 1.0, 9, 1, 3, "", (), 0.1, 0.1, 0.9, 0.1)


def history(*fits: tuple[float | None, ...], **metrics: float) -> History:
    """One record per loss."""
    return History(
        [
            EpochRecord(epoch, fit, 3, 0.1, loss, metrics, (0.01,), 1.0)
            for fit, losses in enumerate(fits)
            for epoch, loss in enumerate(losses)
        ]
    )


@pytest.mark.parametrize(
    ("fits", "low", "num_since", "good_epochs"),
    [
        ([(0.2, 0.044, 0.087)], 0.044, 1, 2),
        ([(0.1, 0.2, 0.3, 0.4)], 0.1, 3, 1),
        ([(0.2,), (0.044,), (0.087,)], 0.044, 1, 0),
        ([(0.5, 0.4), (0.1, 0.09, 0.2, 0.15)], 0.09, 2, 2),
    ],
)
def test_a_rise_says_from_where_and_what_helps(
    fits: list[tuple[float, ...]], low: float, num_since: int, good_epochs: int
) -> None:
    rise = history(*fits).loss_rise
    assert rise is not None
    assert (rise.low, rise.last) == (low, fits[-1][-1])
    assert (rise.num_since, rise.good_epochs) == (num_since, good_epochs)
    assert f"rose from {low:.4f} to {fits[-1][-1]:.4f}" in str(rise)
    assert (f"--epochs {good_epochs}" in str(rise)) == (good_epochs > 0)


@pytest.mark.parametrize(
    "whole",
    [
        History(),
        History(head_fits=[SOLVED]),
        history((0.2,)),
        history((0.3, 0.2, 0.1)),
        history((0.3, 0.5, 0.1)),  # it came down again
        history((0.1, 0.105)),  # noise
        history((None, None)),  # nothing validates
        history((0.1, 0.4), choice_best=1.0),  # the best epoch was kept
        replace(history((0.1, 0.4)), head_fits=[SOLVED]),  # another head came after it
    ],
)
def test_no_rise_is_said_where_there_is_none_or_it_is_not_delivered(whole: History) -> None:
    assert whole.loss_rise is None


def test_other_data_and_another_head_are_not_compared() -> None:
    whole = history((0.1,), (0.3,))
    assert whole.loss_rise is not None
    anew = history((0.1,))
    anew.begin_anew()
    anew.extend(History(whole.records[1:]))
    assert anew.copy().loss_rise is None


def test_marks_of_the_best_epoch_are_no_scores() -> None:
    record = history((0.1,), accuracy=0.5, choice_loss=0.3, choice_best=1.0).records[0]
    assert record.scores == {"accuracy": 0.5, "held loss": 0.3}
    assert record.is_best
