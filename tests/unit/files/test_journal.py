"""What a journal answered for is there, whatever happened then."""

from pathlib import Path

import pytest

from warmstart.errors import FileError
from warmstart.files.journal import Journal


def test_lines_are_found_again_in_order(tmp_path: Path) -> None:
    file = tmp_path / "new" / "journal.jsonl"
    for number in range(3):
        journal = Journal(file)
        assert journal.lines == [f"line {n}" for n in range(number)]
        journal.append(f"line {number}")
        journal.close()
    assert file.read_text() == "line 0\nline 1\nline 2\n"


@pytest.mark.parametrize("torn", [b"li", b"line 2", "blütenweiß"[:4].encode()[:-1], b"\xff"])
def test_a_torn_last_line_is_cut_off_and_the_next_begins_anew(tmp_path: Path, torn: bytes) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"line 0\nline 1\n" + torn)
    journal = Journal(file)
    assert journal.lines == ["line 0", "line 1"]
    journal.append("line 2")
    journal.close()
    assert file.read_bytes() == b"line 0\nline 1\nline 2\n"


def test_it_is_on_the_disk_when_append_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    file = tmp_path / "journal.jsonl"
    journal = Journal(file)
    monkeypatch.setattr("os.fsync", lambda _: synced.append(file.read_bytes()))
    journal.append("line 0")
    journal.append("line 1")
    assert synced == [b"line 0\n", b"line 0\nline 1\n"]
    journal.close()


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "journal.jsonl"
    file.write_bytes(b"\x80\x04\n")
    with pytest.raises(FileError, match="no text in UTF-8"):
        Journal(file)
    assert file.read_bytes() == b"\x80\x04\n"
