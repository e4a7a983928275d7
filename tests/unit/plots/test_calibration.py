from pathlib import Path

import numpy as np
import pytest

from warmstart.plots.curves import plot_reliability


def test_empty_bins_are_not_drawn_and_the_file_is_written(tmp_path: Path) -> None:
    confidence, truth = np.array([0.1, 0.0, 0.9]), np.array([0.2, 0.0, 0.7])
    place = tmp_path / "new" / "reliability.png"
    figure = plot_reliability(confidence, truth, np.array([3, 0, 7]), place)
    assert place.stat().st_size > 1000
    upper, lower = figure.axes
    line = next(each for each in upper.lines if each.get_label() == "this model")
    assert np.asarray(line.get_xydata()).tolist() == [[0.1, 0.2], [0.9, 0.7]]
    assert [bar.get_height() for bar in lower.patches] == pytest.approx([3, 0, 7])  # type: ignore[attr-defined]
