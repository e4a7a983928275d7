import gc
import hashlib
import os
import subprocess
import sys
import warnings
from concurrent.futures import ThreadPoolExecutor
from io import FileIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from warmstart.activations import shard
from warmstart.activations.namespace import CacheNamespace, NamespaceCard
from warmstart.activations.shard import ShardReader
from warmstart.errors import CacheError

CARD = NamespaceCard("tiny", "f" * 64, "pooled", "test", "float32", (2, 3))
KEYS = [hashlib.sha256(str(number).encode()).digest() for number in range(60)]
ROWS = np.random.default_rng(0).normal(size=(60, 2, 3)).astype(np.float32)
SCRIPT = Path(__file__).parent / "using_memory.py"


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixty rows in twenty shards."""
    place = tmp_path_factory.mktemp("store")
    namespace = CacheNamespace(place, CARD)
    for start in range(0, 60, 3):
        namespace.append(KEYS[start : start + 3], ROWS[start : start + 3])
    return place


ORDERS = st.one_of(
    st.lists(st.integers(0, 59), max_size=100),
    st.builds(range, st.integers(0, 59), st.integers(0, 60)).map(list),
)


@given(order=ORDERS, most_open=st.integers(1, 30))
@settings(max_examples=25)
def test_rows_come_in_any_order_with_any_number_of_files_open(
    folder: Path, order: list[int], most_open: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(shard, "MOST_OPEN", most_open)
        namespace = CacheNamespace(folder, CARD)
        rows = namespace.gather(namespace.locate([KEYS[i] for i in order]))
    assert rows.tobytes() == ROWS[order].tobytes()
    assert len(namespace._reader._files) <= most_open


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="no list of open files here")
def test_files_stay_few_and_are_closed_with_the_space(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shard, "MOST_OPEN", 5)
    before = open_files()
    namespace = CacheNamespace(folder, CARD)
    namespace.gather(namespace.locate(KEYS))
    assert open_files() <= before + 5 + 1  # the lease
    del namespace
    assert open_files() == before


def test_threads_do_not_disturb_each_other(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shard, "MOST_OPEN", 2)
    namespace = CacheNamespace(folder, CARD)

    def read(seed: int) -> bool:
        order = np.random.default_rng(seed).permutation(60)
        rows = namespace.gather(namespace.locate([KEYS[i] for i in order]))
        return rows.tobytes() == ROWS[order].tobytes()

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(100)))


@pytest.mark.parametrize("what", ["cut", "deleted"])
def test_a_file_that_changes_while_it_is_read_is_an_error(tmp_path: Path, what: str) -> None:
    namespace = CacheNamespace(tmp_path, CARD)
    namespace.append(KEYS, ROWS)
    (shard,) = namespace.folder.glob("*.safetensors")
    if what == "cut":
        os.truncate(shard, 300)  # in the rows, which lie before the keys
    else:
        shard.unlink()
    with pytest.raises(CacheError, match=r"(?s)cannot be read.*start again"):
        namespace.gather(namespace.locate(KEYS))
    assert CacheNamespace(tmp_path, CARD).missing(KEYS) == [*range(60)]


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no peak of memory here")
def test_memory_does_not_grow_with_the_store(tmp_path: Path) -> None:
    """Ten times the rows (230 MB more) are filled and read, in random order, in the same memory."""
    peaks = []
    for num_rows in (5_000, 50_000):
        words = [sys.executable, str(SCRIPT), str(tmp_path / str(num_rows)), str(num_rows)]
        done = subprocess.run(words, check=True, capture_output=True, text=True)
        peaks.append(int(done.stdout) * 1024)
    assert peaks[1] <= 1.1 * peaks[0]
    assert peaks[1] - peaks[0] < 45_000 * 800  # names and their index; a row itself has 5,120


def test_files_of_garbage_are_closed_without_complaint(tmp_path: Path) -> None:
    """Also where garbage is a cycle, whose parts end in any order."""
    path = tmp_path / "shard"
    path.write_bytes(b"x")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        for _ in range(3):
            file: Any = FileIO(path)
            reader = ShardReader()
            reader._files[path], file.owner = file, reader  # a cycle, in which the file is older
            del reader, file
            gc.collect()
    assert not said
