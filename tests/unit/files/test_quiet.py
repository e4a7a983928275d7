import os
import tempfile
from pathlib import Path

import pytest

from warmstart.files.quiet import temporary_folder


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path / f"warmstart-{os.getuid()}"


def test_the_folder_is_the_users_own_and_stays_the_same(temporary: Path) -> None:
    assert temporary_folder() == temporary == temporary_folder()
    assert temporary.stat().st_mode & 0o077 == 0


def test_what_others_may_write_to_is_not_used(temporary: Path) -> None:
    temporary.mkdir()
    temporary.chmod(0o777)
    found = temporary_folder()
    assert found != temporary
    assert found.is_dir()


def test_a_link_in_its_place_is_not_followed(temporary: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    temporary.symlink_to(tmp_path / "elsewhere")
    assert temporary_folder() != temporary


def test_a_file_in_its_place_stops_nothing(temporary: Path) -> None:
    temporary.write_text("")
    assert temporary_folder().is_dir()
