import os
import shutil
from pathlib import Path

import pytest
from tests.past.pictures import write_pictures

PAST = Path(__file__).parent
FORMATS = sorted(path for path in PAST.glob("format_*") if path.is_dir())
collect_ignore_glob = ["format_*/*"]  # what made those files runs with the code of then only


@pytest.fixture(params=FORMATS, ids=lambda path: str(path.name))
def past(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A copy of what one version wrote: reading may write beside it."""
    copy = tmp_path / "past"
    shutil.copytree(request.param, copy)
    return copy


@pytest.fixture
def here(past: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """To be in the folder of the old runs, with their pictures, and a store that is empty."""
    write_pictures(past / "photos")
    monkeypatch.setitem(os.environ, "WARMSTART_CACHE", str(tmp_path / "cache"))
    monkeypatch.chdir(past)
    return past


@pytest.fixture(autouse=True)
def with_one_thread(one_thread: None) -> None:
    """As when those fits began; they go on with as many, and warn where that changes anything."""
