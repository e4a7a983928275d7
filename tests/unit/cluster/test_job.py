from collections import Counter
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.cluster.batch import Batch, BatchRows, NamedImage
from warmstart.cluster.job import Part, ThisProcess, remove_shards, rows_in_order
from warmstart.cluster.shards import commit_shard
from warmstart.files.objects import object_folder


class Counting:
    """Work without images: a row is the number in an image's name."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()

    def __call__(self, batch: Batch) -> BatchRows:
        self.done.update(image.name for image in batch)
        values = np.array([[float(image.name)] for image in batch], np.float32)
        keys = np.zeros((len(batch), 32), np.uint8)
        return BatchRows(np.arange(len(batch), dtype=np.int64), keys, values)


class Killed(BaseException):
    """Ends a driver where it is."""


def parts_of(number: int, size: int = 3) -> list[Part]:
    def batch(first: int) -> Batch:
        return [NamedImage(str(first + i), b"") for i in range(size)]

    return [Part(f"{i:032x}", partial(batch, i * size), size) for i in range(number)]


def values(parts: list[Part], folder: Any, engine: Any) -> list[float]:
    return [float(v) for _, made in rows_in_order(parts, folder, engine) for v in made.rows[:, 0]]


def engine_of(work: Any, folder: Any) -> ThisProcess:
    return ThisProcess(work, folder)


def test_rows_come_in_the_order_of_the_parts(tmp_path: Path) -> None:
    folder, work = object_folder(tmp_path), Counting()
    assert values(parts_of(4), folder, engine_of(work, folder)) == list(range(12))
    assert set(work.done.values()) == {1}


class Backwards(ThisProcess):
    """Takes all there is, and does the last one first."""

    has_room = True

    def next_done(self) -> tuple[str, str]:
        self._waiting.rotate(1)
        return super().next_done()


def test_in_that_order_too_where_they_are_done_in_another(tmp_path: Path) -> None:
    folder, work = object_folder(tmp_path), Counting()
    engine = Backwards(work, folder)
    assert values(parts_of(5), folder, engine) == list(range(15))


class Dying(ThisProcess):
    """Dies at a moment: before the shard of a part is there, or when it is."""

    def __init__(self, work: Any, folder: Any, death: int) -> None:
        super().__init__(work, folder)
        self.left = death

    def next_done(self) -> tuple[str, str]:
        self.left -= 2
        if self.left == -1:
            self.work(self._waiting[0].batch())
            raise Killed
        done = super().next_done()
        if self.left == 0:
            raise Killed
        return done


@given(deaths=st.lists(st.integers(0, 11), max_size=4))
def test_a_driver_that_dies_anywhere_does_at_most_a_part_again(
    tmp_path_factory: pytest.TempPathFactory, deaths: list[int]
) -> None:
    folder = object_folder(tmp_path_factory.mktemp("shards"))
    work, parts = Counting(), parts_of(6)
    for death in deaths:
        with suppress(Killed):
            values(parts, folder, Dying(work, folder, death))
    assert values(parts, folder, engine_of(work, folder)) == list(range(18))
    assert sum(work.done.values()) <= 18 + 3 * len(deaths)


def test_a_damaged_shard_is_made_again(tmp_path: Path) -> None:
    folder, parts = object_folder(tmp_path), parts_of(3)
    values(parts, folder, engine_of(Counting(), folder))
    spoilt = sorted(tmp_path.iterdir())[1]
    spoilt.chmod(0o644)
    spoilt.write_bytes(spoilt.read_bytes()[:-1] + b"?")
    work = Counting()
    assert values(parts, folder, engine_of(work, folder)) == list(range(9))
    assert sorted(work.done) == ["3", "4", "5"]


def test_shards_of_other_jobs_stay(tmp_path: Path) -> None:
    folder, parts = object_folder(tmp_path / "shards"), parts_of(2)
    other = commit_shard(folder, "f" * 32, Counting()(parts[0].batch()))
    values(parts, folder, engine_of(Counting(), folder))
    remove_shards(parts, folder)
    assert folder.names() == [other]
    folder.remove(other)
    remove_shards(parts, folder)
    assert not (tmp_path / "shards").exists()
