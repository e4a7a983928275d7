import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.errors import FileError
from warmstart.files.places import is_place, read_bytes_at, read_members, tar_index
from warmstart.files.reading import open_regular, reader_at
from warmstart.files.tar_index import BLOCK, TarIndex, index_tar

LONG = "a" * 80 + "/" + "b" * 90 + ".jpg"
FORMATS = {"ustar": tarfile.USTAR_FORMAT, "gnu": tarfile.GNU_FORMAT, "pax": tarfile.PAX_FORMAT}
HEADERS = BLOCK * 2


def packed(members: dict[str, bytes], kind: int = tarfile.PAX_FORMAT) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=kind) as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


def indexed(content: bytes) -> TarIndex:
    return index_tar(
        lambda offset, number: content[offset : offset + number], len(content), "photos.tar"
    )


@pytest.mark.parametrize("kind", FORMATS)
def test_members_are_those_that_tarfile_finds(kind: str) -> None:
    members = {"cat.jpg": b"1" * 700, "x/Ä.cls": b"cat", LONG: b"long", "empty": b""}
    if kind == "ustar":
        members["x/A.cls"] = members.pop("x/Ä.cls")
    content = packed(members, FORMATS[kind])
    index = indexed(content)
    with tarfile.open(fileobj=io.BytesIO(content)) as archive:
        known = {one.name: (one.offset_data, one.size) for one in archive}
    assert {name: index.find(name) for name in index.names} == known
    assert set(known) == set(members)
    assert (index.notes, index.left_out) == ((), ())


@given(
    st.dictionaries(
        st.text("abc./", min_size=1, max_size=180).filter(
            lambda name: not name.endswith("/") and not name.startswith("/") and "." not in name
        ),
        st.binary(max_size=1500),
        max_size=8,
    ),
    st.sampled_from(sorted(FORMATS)[:2]),
)
@settings(deadline=None, max_examples=60)
def test_contents_are_what_was_packed(members: dict[str, bytes], kind: str) -> None:
    members = {"/".join(filter(None, name.split("/"))): each for name, each in members.items()}
    content = packed(members, FORMATS[kind])
    index = indexed(content)
    found = {name: index.find(name) or (0, 0) for name in index.names}
    assert {name: content[at : at + size] for name, (at, size) in found.items()} == members


@given(st.data())
@settings(deadline=None, max_examples=150)
def test_damaged_archives_raise_nothing_else(data: st.DataObject) -> None:
    content = bytearray(packed({"cat.jpg": b"1" * 700, LONG: b"2", "dog.jpg": b"3" * 10}))
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place] = data.draw(st.integers(0, 255))
    end = data.draw(st.integers(0, len(content)))
    try:
        index = indexed(bytes(content[:end]))
    except FileError:
        return
    for name in index.names:
        at, size = index.find(name) or (0, 0)
        assert at + size <= end


def test_links_devices_and_names_that_lead_out_are_named() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind in (
            ("link.jpg", tarfile.SYMTYPE),
            ("hard.jpg", tarfile.LNKTYPE),
            ("disk.jpg", tarfile.BLKTYPE),
            ("pipe.jpg", tarfile.FIFOTYPE),
            ("sparse.jpg", tarfile.GNUTYPE_SPARSE),
            ("../out.jpg", tarfile.REGTYPE),
            ("/etc/x.jpg", tarfile.REGTYPE),
            ("folder", tarfile.DIRTYPE),
            ("good.jpg", tarfile.REGTYPE),
        ):
            info = tarfile.TarInfo(name)
            info.type = kind
            archive.addfile(info)
    index = indexed(file.getvalue())
    assert index.names == ("good.jpg",)
    assert {name for name, _ in index.left_out} == {
        "link.jpg", "hard.jpg", "disk.jpg", "pipe.jpg", "sparse.jpg", "../out.jpg", "/etc/x.jpg",
    }  # fmt: skip
    assert dict(index.left_out)["sparse.jpg"] == "a sparse member of an archive"


def test_pax_sparse_members_are_left_out() -> None:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        info = tarfile.TarInfo("holes.jpg")
        info.pax_headers = {"GNU.sparse.major": "1"}
        archive.addfile(info)
    assert indexed(file.getvalue()).left_out == (("holes.jpg", "a sparse member of an archive"),)


def test_of_two_members_of_one_name_the_later_counts_and_the_other_is_named() -> None:
    first, second = packed({"a.jpg": b"old"}), packed({"a.jpg": b"new"})
    content = first[:HEADERS] + second
    index = indexed(content)
    at, size = index.find("a.jpg") or (0, 0)
    assert content[at : at + size] == b"new"
    assert [reason for _, reason in index.left_out] == [
        "replaced by a later member of the same name"
    ]


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (lambda content: content[:600], "cut off"),
        (lambda content: b"x" * 1024, "no tar archive"),
        (lambda content: content[:HEADERS] + b"\1" * 512, "no header at byte 1024"),
    ],
)
def test_what_is_no_whole_archive_is_an_error(change: object, what: str) -> None:
    content = change(packed({"a.jpg": b"1" * 512}))  # type: ignore[operator]
    with pytest.raises(FileError, match=what):
        indexed(content)


def test_an_end_that_is_missing_or_early_is_noted() -> None:
    content = packed({"a.jpg": b"1"})
    assert "no end mark" in indexed(content[:HEADERS]).notes[0]
    assert "are not read" in indexed(content + packed({"b.jpg": b"2"})).notes[0]


def test_headers_that_promise_much_are_refused_before_they_are_read() -> None:
    asked = []

    def read_at(offset: int, number: int) -> bytes:
        asked.append(number)
        return header if offset == 0 else b"\0" * number

    info = tarfile.TarInfo("x")
    info.type, info.size = tarfile.XHDTYPE, 5 << 30
    header = info.tobuf(tarfile.GNU_FORMAT)
    with pytest.raises(FileError, match="a header of 5,368,709,120 bytes"):
        index_tar(read_at, 6 << 30, "photos.tar")
    assert max(asked) == BLOCK


def test_a_path_into_an_archive_is_read_and_asked_for(tmp_path: Path) -> None:
    archive = tmp_path / "photos.tar"
    archive.write_bytes(packed({"x/cat.jpg": b"meow", "dog.jpg": b"bark"}))
    assert read_bytes_at(archive / "x" / "cat.jpg", 10) == b"meow"
    assert read_members(archive, ["dog.jpg", "x/cat.jpg"], 10) == [b"bark", b"meow"]
    assert is_place(archive / "dog.jpg")
    assert not is_place(archive / "cow.jpg")
    with pytest.raises(OSError, match="no such member"):
        read_bytes_at(archive / "cow.jpg", 10)
    with pytest.raises(OSError, match="4 bytes, at most 3"):
        read_bytes_at(archive / "dog.jpg", 3)


def test_an_archive_that_changed_is_looked_at_again(tmp_path: Path) -> None:
    archive = tmp_path / "photos.tar"
    archive.write_bytes(packed({"a.jpg": b"1"}))
    assert tar_index(archive).names == ("a.jpg",)
    archive.write_bytes(packed({"a.jpg": b"1" * 9000, "b.jpg": b"2"}))
    assert tar_index(archive).names == ("a.jpg", "b.jpg")


def test_a_compressed_archive_is_refused_with_what_to_do(tmp_path: Path) -> None:
    archive = tmp_path / "photos.tar"
    with tarfile.open(archive, "w:gz"):
        pass
    with pytest.raises(FileError, match="compressed with gzip") as caught:
        tar_index(archive)
    assert "gunzip" in caught.value.fix


def test_a_folder_that_is_called_like_an_archive_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "photos.tar").mkdir()
    (tmp_path / "photos.tar" / "a.jpg").write_bytes(b"1")
    assert read_bytes_at(tmp_path / "photos.tar" / "a.jpg", 10) == b"1"


def test_where_a_system_has_no_pread_many_threads_read_right(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {f"{i}.jpg": bytes([i]) * (900 + i) for i in range(40)}
    archive = tmp_path / "photos.tar"
    archive.write_bytes(packed(members))
    monkeypatch.delattr("os.pread", raising=False)
    assert read_members(archive, list(members), 1000) == list(members.values())
    assert read_bytes_at(archive / "7.jpg", 1000) == members["7.jpg"]
    index = tar_index(archive)
    with open_regular(archive) as file, ThreadPoolExecutor(8) as pool:
        read_at = reader_at(file)
        found = list(pool.map(lambda name: read_at(*(index.find(name) or (0, 0))), [*members] * 9))
    assert found == [*members.values()] * 9
