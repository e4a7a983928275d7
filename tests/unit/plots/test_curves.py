from pathlib import Path

import numpy as np
import pytest

from warmstart.plots.curves import rates_by_group
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve


def test_fits_of_one_group_and_of_three_are_drawn_together() -> None:
    history = History(step_lrs=[(0.1,), (0.001, 0.01, 0.1)], step_losses=[1.0, 0.5])
    expected = [[np.nan, 0.001], [np.nan, 0.01], [0.1, 0.1]]
    np.testing.assert_array_equal(rates_by_group(history.step_lrs), expected)
    labels = [line.get_label() for line in history.plot_lr().axes[0].lines]
    assert labels == ["layer group 0", "layer group 1", "head"]


@pytest.mark.parametrize("num_steps", [0, 1, 30])
def test_a_sweep_of_any_length_is_drawn_with_its_suggestion(tmp_path: Path, num_steps: int) -> None:
    lrs, losses = np.geomspace(1e-4, 1, num_steps), np.linspace(1.2, 0.4, num_steps)
    curve = LRCurve(lrs, losses, 1.0, np.log(3), losses + 0.1)
    lines = curve.plot(tmp_path / "curve.png").axes[0].lines
    assert [len(np.atleast_1d(line.get_xdata())) for line in lines] == [num_steps, num_steps, 2]
    assert np.atleast_1d(lines[2].get_xdata())[0] == curve.suggestion
    assert (tmp_path / "curve.png").stat().st_size > 0
