import numpy as np

from warmstart.plots.curves import plot_lr, rates_by_group
from warmstart.results.history import History


def test_fits_of_one_group_and_of_three_are_drawn_together() -> None:
    history = History(step_lrs=[(0.1,), (0.001, 0.01, 0.1)], step_losses=[1.0, 0.5])
    expected = [[np.nan, 0.001], [np.nan, 0.01], [0.1, 0.1]]
    np.testing.assert_array_equal(rates_by_group(history), expected)
    labels = [line.get_label() for line in plot_lr(history).axes[0].lines]
    assert labels == ["layer group 0", "layer group 1", "head"]
