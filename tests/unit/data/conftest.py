from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def make(tmp_path: Path) -> Callable[..., Path]:
    """Make empty files below a new folder "pets"; a name ending in "/" makes a folder."""

    def make_files(*names: str) -> Path:
        for name in names:
            path = tmp_path / "pets" / name
            if name.endswith("/"):
                path.mkdir(parents=True)
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.touch()
        return tmp_path / "pets"

    return make_files
