"""lr_find.json: every field is written and read, and a report shows the rate that was used."""

import json
from pathlib import Path

import numpy as np

from warmstart.cli.run.config import RunConfig, read_config
from warmstart.cli.run.folder import CURVE, RunFolder
from warmstart.cli.run.settings import TrainSettings
from warmstart.results.lr_curve import LRCurve

LRS = np.geomspace(1e-5, 10, 100)
LOSSES = np.where(LRS < 0.3, 0.2, 6.0)


def test_a_curve_that_was_written_suggests_the_rate_that_was_used(tmp_path: Path) -> None:
    curve = LRCurve(LRS, LOSSES, 0.5, np.log(10), np.full(100, 0.2), 0.004)
    run = tmp_path / "run"
    there = RunFolder(run).write_curve(curve)
    RunConfig(TrainSettings(source="photos"), {"lr": curve.suggestion}).write(run)
    back = RunFolder(run).read_curve(read_config(run).lr)
    assert back is not None
    assert back.suggestion == curve.suggestion
    for name in ("share", "chance", "usual", "turning", "is_trained", "spacing", "start"):
        assert getattr(back, name) == getattr(curve, name), name
    assert there.to_json() == back.to_json() == curve.to_json()
    # With a field left out another rate is read off: that is what a report once showed.
    assert LRCurve(LRS, LOSSES, 0.5).suggestion != curve.suggestion


def test_an_older_file_shows_the_rate_of_its_run(tmp_path: Path) -> None:
    entry = {"lrs": LRS.tolist(), "losses": LOSSES.tolist(), "share": 0.25}
    (tmp_path / CURVE).write_text(json.dumps(entry), encoding="utf-8")
    RunConfig(TrainSettings(source="photos"), {"lr": 0.0057}).write(tmp_path)
    back = RunFolder(tmp_path).read_curve(read_config(tmp_path).lr)
    assert back is not None
    assert back.suggestion == 0.0057
    assert back.losses.tolist() == LOSSES.tolist()
    assert back.share == 0.25


def test_a_run_without_a_search_has_no_curve(tmp_path: Path) -> None:
    assert RunFolder(tmp_path).read_curve(0.01) is None
