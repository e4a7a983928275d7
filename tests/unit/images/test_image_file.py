import os
import socket
from pathlib import Path

import pytest

from warmstart.data.content import file_sha256
from warmstart.errors import UnreadableImageError
from warmstart.files.reading import read_regular
from warmstart.images.budget import MOST_FILE_BYTES
from warmstart.images.image_file import read_image_file, read_image_header

POSIX = pytest.mark.skipif(os.name != "posix", reason="other kinds of files are POSIX's")


def refusal(path: Path) -> str:
    """Why nothing is read from it, by whoever reads pictures."""
    assert read_image_header(path) is None
    assert file_sha256(str(path)) != file_sha256(str(path))  # nothing is kept under such a hash
    with pytest.raises(UnreadableImageError) as caught:
        read_image_file(path, "pets/a.jpg")
    assert caught.value.name == "pets/a.jpg"
    return caught.value.reason


def test_what_a_file_holds(tmp_path: Path) -> None:
    file, link = tmp_path / "a", tmp_path / "b"
    file.write_bytes(b"content")
    assert read_image_file(file, "a") == b"content"
    assert read_regular(file, 7) == b"content"
    if os.name == "posix":
        link.symlink_to(file)
        assert read_image_file(link, "b") == b"content"


@POSIX
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.jpg")
    (tmp_path / "link.jpg").symlink_to(tmp_path / "x.jpg")
    assert refusal(tmp_path / "x.jpg") == "a pipe, not a file"
    assert refusal(tmp_path / "link.jpg") == "a pipe, not a file"


@POSIX
def test_devices_sockets_and_folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "zero.jpg").symlink_to("/dev/zero")
    assert refusal(tmp_path / "zero.jpg") == "a device, not a file"
    (tmp_path / "folder.jpg").mkdir()
    assert refusal(tmp_path / "folder.jpg") == "a folder, not a file"
    monkeypatch.chdir(tmp_path)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("s.jpg")
        assert refusal(Path("s.jpg"))


def test_a_large_file_is_not_read(tmp_path: Path) -> None:
    file = tmp_path / "sparse.jpg"
    with file.open("wb") as opened:
        opened.truncate(20_000_000_000)
    assert refusal(file) == f"a file of 20,000,000,000 bytes, at most {MOST_FILE_BYTES:,}"


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    assert refusal(tmp_path / "none.jpg") == "No such file or directory"
