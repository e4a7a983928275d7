"""What training, checking, judging and predicting call a picture, and what they leave out."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from warmstart.data.folders import read_folders
from warmstart.data.listing import left_out_lines, list_images
from warmstart.data.path_labels import read_labelled
from warmstart.data.scan import scan
from warmstart.errors import DataError
from warmstart.inference.pictures import Pictures

Make = Callable[..., Path]
NOT_UTF8 = os.fsdecode(b"a/caf\xe9.jpg")
SOUND = {
    *(f"a/1{suffix}" for suffix in (
        ".jpg", ".JPG", ".Jpeg", ".jpe", ".jfif", ".png", ".apng", ".gif", ".bmp", ".dib", ".webp",
        ".tif", ".TIFF", ".pgm", ".ppm", ".pbm", ".pnm", ".pfm", ".tga", ".ico", ".jp2", ".j2k",
        ".avif", ".qoi", ".psd", ".mpo", ".pcx", ".xbm", ".dds", ".sgi",
    )),
    "x.jpg/2.png",
    "thumbnails/3.png",
    "a/~tilde.png",
    "a/#hash.png",
    "a/link-to-elsewhere.png",
    "outside/4.png",
}  # fmt: skip
ODD = {
    "a/.ipynb_checkpoints/1-checkpoint.png": "a hidden folder",
    "a/.hidden.png": "a hidden file",
    "a/._1.jpg": "a hidden file",
    "a/.#1.png": "a hidden file",
    "a/1.png~": "an editor's copy",
    "a/#1.png#": "an editor's copy",
    "a/~$1.png": "an editor's copy",
    "a/Thumbs.db": "a file that other programs made",
    "a/desktop.ini": "a file that other programs made",
    "__MACOSX/1.png": "a folder that other programs made",
    "a/@eaDir/1.png": "a folder that other programs made",
    "$RECYCLE.BIN/1.png": "a folder that other programs made",
    "a/thumbnails/1.png": "thumbnails beside their pictures",
    "a/Thumbs/1.png": "thumbnails beside their pictures",
    "a/1.txt": "not an image suffix: .txt",
    "a/1.mp4": "not an image suffix: .mp4",
    "a/1.cr2": ".cr2 cannot be read: convert it to .jpg or .png",
    "a/1.svg": ".svg cannot be read: convert it to .jpg or .png",
    "a/none": "not an image suffix: none",
    NOT_UTF8: "a name that is not UTF-8",
    "a/pipe.jpg": "not a regular file",
    "a/socket.jpg": "not a regular file",
    "a/device.jpg": "not a regular file",
    "a/dangling.jpg": "a link to nothing",
    "a/self.jpg": "a link to nothing",
    "a/up": "a link to a folder above it",
    "a/same.png": "a link to an image that is read anyway",
    "same-again": "a link to a folder that is read anyway",
}


@pytest.fixture
def zoo(make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with everything that strangers' folders hold."""
    links = {"a/link-to-elsewhere.png", "outside/4.png"}
    special = {"pipe", "socket", "device", "dangling", "self", "up", "same", "same-again"}
    plain = [name for name in ODD if Path(name).stem not in special]
    root = make(*(SOUND - links), *plain)
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere/4.png").touch()
    (tmp_path / "5.png").touch()
    (root / "a/link-to-elsewhere.png").symlink_to(tmp_path / "5.png")
    (root / "outside").symlink_to(tmp_path / "elsewhere")
    (root / "same-again").symlink_to(tmp_path / "elsewhere")
    os.mkfifo(root / "a/pipe.jpg")
    monkeypatch.chdir(root / "a")  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket.jpg")
    (root / "a/device.jpg").symlink_to("/dev/zero")
    (root / "a/dangling.jpg").symlink_to("nowhere.jpg")
    (root / "a/self.jpg").symlink_to("self.jpg")
    (root / "a/up").symlink_to("..")
    (root / "a/same.png").symlink_to("1.png")
    return root


def expected_exclusions() -> dict[str, str]:
    """With folders in place of what lies in them."""
    found = {}
    for name, reason in ODD.items():
        shown = name.encode("utf-8", "backslashreplace").decode()
        is_within = ("folder" in reason and "link" not in reason) or "thumbnails" in reason
        found[f"{shown.rpartition('/')[0]}/" if is_within else shown] = reason
    return found


def test_every_odd_thing_is_named_and_every_picture_found(zoo: Path) -> None:
    found = scan(zoo)
    assert set(found.images) == SOUND
    assert {item.name: item.reason for item in found.exclusions} == expected_exclusions()


def test_whoever_lists_a_folder_finds_the_same(zoo: Path) -> None:
    """Training by folders or by names, and predicting: `predict`, `evaluate` and `--others`."""
    by_names = read_labelled(zoo, r"([^/])$")
    by_folders = read_folders(zoo)
    listed = list_images([zoo])
    pictures = Pictures(zoo)
    assert set(by_names.names) == set(by_folders.names) == SOUND
    assert listed.files == tuple(zoo / name for name in by_names.names)
    assert pictures.names == tuple(map(str, listed.files))
    names = {item.name for item in by_names.exclusions}
    assert {item.name for item in by_folders.exclusions} == names
    assert {item.name.removeprefix(f"{zoo}/") for item in listed.exclusions} == names
    assert pictures.left_out == listed.exclusions


def test_what_python_leaves_out_is_told(zoo: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Pictures([zoo, b"bytes"])
    told = capsys.readouterr().err
    assert told.startswith(f"{len(expected_exclusions())} file(s) or folder(s) left out:")
    assert all(f"{zoo}/{name}" in told for name in expected_exclusions())


def test_many_of_one_reason_are_counted(make: Make) -> None:
    root = make("1.png", *(f"{number}.txt" for number in range(50)), "x.svg")
    lines = left_out_lines(list_images([root]).exclusions)
    assert lines[0] == "51 file(s) or folder(s) left out:"
    assert "  and 30 more: not an image suffix: .txt" in lines
    assert f"  {root}/x.svg: .svg cannot be read: convert it to .jpg or .png" in lines


def test_a_file_that_is_named_twice_is_read_once(make: Make) -> None:
    root = make("1.png", "2.png")
    (root.parent / "link.png").symlink_to(root / "2.png")
    paths = [root / "1.png", root, root.parent / "link.png"]
    found = list_images(paths, once=True)
    assert found.files == (root / "1.png", root / "2.png")
    assert [item.reason for item in found.exclusions] == ["named twice", "named twice"]
    assert len(list_images(paths).files) == 4  # in Python, rows are as they were given


def test_a_file_that_is_named_is_taken_whatever_its_name(make: Make) -> None:
    root = make(".hidden", "1.txt")
    assert list_images([root / ".hidden", root / "1.txt"]).files == (
        root / ".hidden",
        root / "1.txt",
    )


@pytest.mark.parametrize(
    ("name", "what"),
    [("a/pipe.jpg", "not a regular file"), ("a/device.jpg", "not a regular file"),
     ("a/self.jpg", "no image file"), (NOT_UTF8, "not UTF-8"), ("x" * 5000, "no image file")],
)  # fmt: skip
def test_what_is_no_file_to_read_is_refused(zoo: Path, name: str, what: str) -> None:
    with pytest.raises(DataError) as caught:
        list_images([zoo / name])
    assert what in caught.value.what
    assert caught.value.what.encode()


def test_a_folder_without_pictures_says_what_it_holds(make: Make) -> None:
    root = make("a/1.CR2", "a/2.cr2", "b.txt")
    with pytest.raises(DataError) as caught:
        list_images([root])
    assert "2 × .cr2 cannot be read" in caught.value.what
    assert "convert it" in caught.value.fix
