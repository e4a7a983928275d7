from pathlib import Path

import numpy as np
import pytest

from warmstart.plots.curves import plot_reliability


def test_each_group_has_its_error_bar_and_the_file_is_written(tmp_path: Path) -> None:
    groups = np.array([[0.1, 0.2, 0.1, 0.4], [0.9, 0.7, 0.5, 0.8]])
    place = tmp_path / "new" / "reliability.png"
    figure = plot_reliability(groups, np.array([3, 0, 7]), place)
    assert place.stat().st_size > 1000
    upper, lower = figure.axes
    (bars,) = upper.containers
    dots, _, (lines,) = bars
    assert np.asarray(dots.get_xydata()).tolist() == [[0.1, 0.2], [0.9, 0.7]]
    ends = [segment[:, 1].tolist() for segment in lines.get_segments()]
    assert ends == [pytest.approx([0.1, 0.4]), pytest.approx([0.5, 0.8])]
    assert [bar.get_height() for bar in lower.patches] == pytest.approx([3, 0, 7])  # type: ignore[attr-defined]
