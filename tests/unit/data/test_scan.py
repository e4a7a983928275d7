import os
from collections.abc import Callable
from pathlib import Path

import pytest

from warmstart.data.scan import scan
from warmstart.data.table import Exclusion
from warmstart.errors import DataError

Make = Callable[..., Path]


def reasons(root: Path) -> dict[str, str]:
    return {item.name: item.reason for item in scan(root).exclusions}


def test_a_loop_of_links_ends_and_each_file_is_read_once(make: Make) -> None:
    root = make("a/1.jpg", "b/2.jpg")
    (root / "a/up").symlink_to("..")
    (root / "a/self").symlink_to("self")
    (root / "b/here").symlink_to(".")
    (root / "far").symlink_to("/")
    found = scan(root)
    assert found.images == ("a/1.jpg", "b/2.jpg")
    above = "a link to a folder above it"
    nothing = "a link to nothing"
    assert reasons(root) == {"a/up": above, "b/here": above, "far": above, "a/self": nothing}


def test_a_link_into_another_class_does_not_relabel_it(make: Make) -> None:
    root = make("a/1.jpg", "b/2.jpg")
    (root / "a/b").symlink_to("../b")
    (root / "a/2.jpg").symlink_to("../b/2.jpg")
    assert scan(root).images == ("a/1.jpg", "b/2.jpg")
    assert set(reasons(root)) == {"a/b", "a/2.jpg"}


def test_links_to_elsewhere_are_followed_once(make: Make, tmp_path: Path) -> None:
    root = make("a/1.jpg")
    (tmp_path / "else/deep").mkdir(parents=True)
    (tmp_path / "else/deep/3.jpg").touch()
    (tmp_path / "else/loop").symlink_to(tmp_path / "else")
    (tmp_path / "4.jpg").touch()
    (root / "b").symlink_to(tmp_path / "else")
    (root / "c").symlink_to(tmp_path / "else")
    (root / "a/4.jpg").symlink_to(tmp_path / "4.jpg")
    (root / "a/5.jpg").symlink_to(tmp_path / "4.jpg")
    found = scan(root)
    assert found.images == ("a/1.jpg", "a/4.jpg", "b/deep/3.jpg")
    assert set(reasons(root)) == {"c", "a/5.jpg", "b/loop"}


def test_what_is_neither_file_nor_folder_is_named(make: Make) -> None:
    root = make("a/1.jpg")
    os.mkfifo(root / "a/2.jpg")
    assert reasons(root) == {"a/2.jpg": "not a regular file"}


def test_a_name_that_is_not_utf8_is_named_in_a_form_that_can_be_written(make: Make) -> None:
    root = make("a/1.jpg")
    (root / os.fsdecode(b"a/\xff.jpg")).touch()
    (root / os.fsdecode(b"\xfe")).mkdir()
    assert scan(root).images == ("a/1.jpg",)
    assert sorted(reasons(root)) == ["\\udcfe/", "a/\\udcff.jpg"]
    assert all(name.encode() for name in reasons(root))


ODD = [
    "a b.jpg",
    "-x.jpg",
    "new\nline.jpg",
    'q"uote.jpg',
    "日本.jpg",
    "é" * 120 + ".jpg",
    "UP.JPEG",
]


@pytest.mark.parametrize("name", ODD)
def test_odd_names_are_kept(make: Make, name: str) -> None:
    assert scan(make(f"a/{name}")).images == (f"a/{name}",)


def test_hidden_and_other_programs_folders_are_not_entered(make: Make) -> None:
    root = make(".git/1.jpg", "a/@eaDir/1.jpg", "__MACOSX/1.jpg", "a/1.jpg", "a/._1.jpg")
    assert scan(root).images == ("a/1.jpg",)
    assert set(reasons(root)) == {".git/", "a/@eaDir/", "__MACOSX/", "a/._1.jpg"}


def test_only_the_folders_asked_for_are_entered(make: Make) -> None:
    root = make("a/1.jpg", "b/1.jpg")
    assert scan(root, ["a"]).exclusions == (Exclusion("b/", "outside a"),)


def test_a_folder_that_cannot_be_read_is_an_error(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "Permission denied", path)

    root = make("a/1.jpg")
    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(DataError, match="Permission denied"):
        scan(root)


def test_a_checkup_leaves_out_such_a_folder(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    root = make("a/1.jpg", "b/2.jpg")
    listed = os.scandir

    def refuse(path: str) -> object:
        if path.endswith("/b"):
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = scan(root, is_lenient=True)
    assert found.images == ("a/1.jpg",)
    assert found.exclusions == (Exclusion("b/", "a folder that this user may not read"),)
