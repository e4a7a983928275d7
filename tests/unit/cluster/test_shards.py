import zlib
from pathlib import Path

import numpy as np
import pytest

from warmstart import FileError
from warmstart.cluster.batch import BatchRows
from warmstart.cluster.shards import (
    commit_shard,
    read_shard,
    rows_of_shard,
    shard_bytes,
    shards_by_ticket,
)
from warmstart.files.objects import object_folder

TICKET = "0123456789abcdef" * 2


def some_rows(number: int = 3, *, scores: bool = True) -> BatchRows:
    random = np.random.default_rng(0)
    return BatchRows(
        np.arange(number, dtype=np.int64) * 2,
        random.integers(0, 256, (number, 32)).astype(np.uint8),
        random.random((number, 5)).astype(np.float16),
        random.random(number) if scores else None,
        (("b.jpg", "cut short"), ("ü\n.jpg", "")),
        ("one is damaged",),
    )


@pytest.mark.parametrize("scores", [True, False])
@pytest.mark.parametrize("number", [0, 3])
def test_a_shard_gives_back_what_it_was_made_of(number: int, scores: bool) -> None:
    made = some_rows(number, scores=scores)
    found = rows_of_shard(shard_bytes(made), "it")
    for name in ("positions", "keys", "rows"):
        assert np.array_equal(getattr(found, name), getattr(made, name))
        assert getattr(found, name).dtype == getattr(made, name).dtype
    assert (found.scores is None) is not scores
    assert (found.failures, found.notes) == (made.failures, made.notes)


def test_a_shard_made_twice_is_the_same_shard(tmp_path: Path) -> None:
    folder = object_folder(tmp_path)
    names = {commit_shard(folder, TICKET, some_rows()) for _ in range(3)}
    assert len(names) == 1
    assert shards_by_ticket(folder) == {TICKET: names.pop()}


def test_other_rows_of_the_same_ticket_are_another_shard_and_one_counts(tmp_path: Path) -> None:
    folder = object_folder(tmp_path)
    names = sorted(commit_shard(folder, TICKET, some_rows(n)) for n in (2, 3))
    assert len(set(names)) == 2
    assert shards_by_ticket(folder) == {TICKET: names[0]}


def test_every_flipped_bit_is_found(tmp_path: Path) -> None:
    folder = object_folder(tmp_path)
    name = commit_shard(folder, TICKET, some_rows())
    content = bytearray((tmp_path / name).read_bytes())
    for place in range(0, len(content), 7):
        content[place] ^= 4
        (tmp_path / name).chmod(0o644)
        (tmp_path / name).write_bytes(content)
        assert read_shard(folder, name) is None
        content[place] ^= 4
    assert read_shard(folder, f"{TICKET}-00000000.safetensors") is None


@pytest.mark.parametrize("content", [b"", b"\x80\x04pickle", b"\x02\0\0\0\0\0\0\0{}"])
def test_what_is_no_shard_is_refused_though_its_sum_is_right(
    tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(FileError):
        rows_of_shard(content, "it")
    name = f"{TICKET}-{zlib.crc32(content):08x}.safetensors"
    (tmp_path / name).write_bytes(content)
    assert read_shard(object_folder(tmp_path), name) is None


def test_files_of_others_are_no_shards(tmp_path: Path) -> None:
    for name in ("notes.txt", f"{TICKET}.safetensors", f"{TICKET[:-1]}g-00000000.safetensors"):
        (tmp_path / name).write_bytes(b"")
    assert shards_by_ticket(object_folder(tmp_path)) == {}
