"""What workers are left to do, where a command goes on."""

from pathlib import Path

import pytest

from warmstart.cli.run import on_workers
from warmstart.cli.run.engine_settings import EngineSettings
from warmstart.cli.run.on_workers import PredictionJob, file_parts
from warmstart.cluster.job import PART_ROWS
from warmstart.cluster.work import Probabilities
from warmstart.inference.model_card import ModelCard


@pytest.mark.parametrize("num_files", [PART_ROWS, PART_ROWS + 1, 2 * PART_ROWS - 1])
def test_after_the_last_part_nothing_is_left_to_do(
    num_files: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command may be killed when its CSV is complete, and has not taken its place yet."""
    started: list[str] = []
    monkeypatch.setattr(on_workers, "ray_workers", lambda *_, **__: started.append("Ray"))
    job = PredictionJob(
        Probabilities("model"),
        file_parts([Path(f"{number}.jpg") for number in range(num_files)], "a job"),
        ModelCard.__new__(ModelCard),
        EngineSettings("ray", 1, None, None),
        str(tmp_path),
        lambda found: found,
    )
    assert list(job.predicted(num_files, has_begun=True)) == []
    assert started == []
    with pytest.raises(TypeError):  # a list is no context: that Ray would have been started
        list(job.predicted(num_files - num_files % PART_ROWS - PART_ROWS, has_begun=False))
