import hashlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from filelock import FileLock

from warmstart.activations.fill import fill
from warmstart.activations.namespace import CacheNamespace, NamespaceCard
from warmstart.activations.quota import cache_limit, free_bytes, namespaces_in, reserve, shrink
from warmstart.batches.rendering import PixelBlock
from warmstart.errors import CacheError, SettingError

CARD = NamespaceCard("tiny", "f" * 64, "pooled", "test", "float16", (484,))  # 1,000 bytes a row
ROWS = np.random.default_rng(0).normal(size=(10, 484)).astype(np.float16)
NAMES = "abcd"


def keys_of(name: str) -> list[bytes]:
    return [hashlib.sha256(f"{name}{number}".encode()).digest() for number in range(10)]


def stored(folder: Path, name: str, used: float, num_more: int = 0) -> NamespaceCard:
    """Ten rows, about 10 kB, last used so many seconds after 1970; nobody has it open."""
    namespace = CacheNamespace(folder, replace(CARD, backbone=name))
    namespace.append(keys_of(name), ROWS)
    if num_more:
        namespace.append(keys_of(f"more of {name}")[:num_more], ROWS[:num_more])
    os.utime(namespace.folder / "space.json", (used, used))
    return namespace.card


@pytest.fixture
def four(tmp_path: Path) -> dict[str, NamespaceCard]:
    """Namespaces a to d, of which a was used first and d last."""
    return {name: stored(tmp_path, name, 1e9 + i) for i, name in enumerate(NAMES)}


def left_in(folder: Path) -> str:
    return "".join(sorted(namespace.backbone for namespace in namespaces_in(folder)))


def test_a_summary_says_what_is_there(tmp_path: Path, four: dict[str, NamespaceCard]) -> None:
    found = namespaces_in(tmp_path)
    assert "".join(namespace.backbone for namespace in found) == "dcba"
    for namespace in found:
        assert (namespace.num_rows, namespace.cut, namespace.mode) == (10, "pooled", "test")
        assert 10_000 < namespace.num_bytes < 11_000
        assert four[namespace.backbone].identity == namespace.identity


def test_unfinished_and_damaged_files_count_as_bytes_and_not_as_rows(tmp_path: Path) -> None:
    stored(tmp_path, "a", 1e9)
    (before,) = namespaces_in(tmp_path)
    for name in (".writing-1-ab-10-00.safetensors", "x.damaged", "odd.safetensors", "a-b-c"):
        (before.folder / name).write_bytes(b"0" * 1000)
    (after,) = namespaces_in(tmp_path)
    assert (after.num_rows, after.num_bytes) == (10, before.num_bytes + 4000)


@pytest.mark.parametrize(
    ("keep", "left"), [(0, ""), (15_000, "d"), (25_000, "cd"), (60_000, "abcd")]
)
def test_the_least_recently_used_go_first(
    tmp_path: Path, four: dict[str, NamespaceCard], keep: int, left: str
) -> None:
    removed = shrink(tmp_path, keep)
    assert left_in(tmp_path) == left
    assert "".join(namespace.backbone for namespace in removed) == "abcd"[: 4 - len(left)]


def test_a_large_recent_space_does_not_outlast_its_turn_for_small_old_ones(tmp_path: Path) -> None:
    for name, used in (("a", 1e9), ("c", 1e9 + 2)):
        stored(tmp_path, name, used)
    stored(tmp_path, "b", 1e9 + 1, num_more=1)
    shrink(tmp_path, 25_000)
    assert left_in(tmp_path) == "bc"


def test_the_space_in_use_stays_and_others_make_up_for_it(
    tmp_path: Path, four: dict[str, NamespaceCard]
) -> None:
    shrink(tmp_path, 25_000, spare=four["a"].identity)
    assert left_in(tmp_path) == "ad"
    shrink(tmp_path, 0, spare=four["a"].identity)
    assert left_in(tmp_path) == "a"


def test_a_space_being_filled_stays(tmp_path: Path, four: dict[str, NamespaceCard]) -> None:
    lock = FileLock(tmp_path / four["b"].identity / "lock")
    with lock:
        removed = shrink(tmp_path, 0)
    assert left_in(tmp_path) == "b"
    assert len(removed) == 3
    assert len(shrink(tmp_path, 0)) == 1


def test_a_space_being_read_stays_until_its_last_reader_is_gone(
    tmp_path: Path, four: dict[str, NamespaceCard]
) -> None:
    one, two = CacheNamespace(tmp_path, four["b"]), CacheNamespace(tmp_path, four["b"])
    for reader in (one, two):
        assert "b" in left_in(tmp_path)
        shrink(tmp_path, 0)
        assert left_in(tmp_path) == "b"
        assert reader.gather(reader.locate(keys_of("b"))).tobytes() == ROWS.tobytes()
    del one, reader
    shrink(tmp_path, 0)
    assert left_in(tmp_path) == "b"
    del two
    shrink(tmp_path, 0)
    assert left_in(tmp_path) == ""


def test_nothing_is_deleted_without_its_lock(
    tmp_path: Path, four: dict[str, NamespaceCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file deleted after the lock was let go could be one that its next holder wrote."""
    honest = Path.unlink

    def watched(path: Path, *, missing_ok: bool = False) -> None:
        if path.suffix in {".safetensors", ".json"}:
            with pytest.raises(TimeoutError):
                FileLock(path.parent / "lock", timeout=0).acquire()
        honest(path, missing_ok=missing_ok)

    monkeypatch.setattr(Path, "unlink", watched)
    assert len(shrink(tmp_path, 0)) == 4
    for card in four.values():
        assert {path.name for path in (tmp_path / card.identity).iterdir()} == {"lock", "in-use"}


def test_a_space_deleted_by_hand_can_be_filled_again(tmp_path: Path) -> None:
    """Its rows cannot be read, and say so; what is stored from now on is found by others."""
    namespace = CacheNamespace(tmp_path, replace(CARD, backbone="a"))
    namespace.append(keys_of("a"), ROWS)
    shutil.rmtree(namespace.folder)
    with pytest.raises(CacheError, match=r"(?s)cannot be read.*computed again"):
        namespace.gather(namespace.locate(keys_of("a")))

    class Runner:
        mode, stored_dtype, row_shape, batch = "test", "float16", (484,), 16

        def run(self, blocks: Iterator[PixelBlock]) -> Iterator[tuple[PixelBlock, object]]:
            for block in blocks:
                yield block, ROWS[block.rows]

    def stream(missing: list[int]) -> Iterator[PixelBlock]:
        yield PixelBlock(np.array(missing), np.zeros((len(missing), 1, 1, 3), np.uint8), ())

    fill(namespace, keys_of("new"), stream, Runner)  # type: ignore[arg-type]
    (found,) = namespaces_in(tmp_path)
    assert (found.backbone, found.num_rows) == ("a", 10)


def test_opening_a_space_is_using_it(tmp_path: Path, four: dict[str, NamespaceCard]) -> None:
    CacheNamespace(tmp_path, four["a"])
    assert [namespace.backbone for namespace in namespaces_in(tmp_path)] == ["a", "d", "c", "b"]


def test_a_space_in_use_for_long_stays_recently_used(
    tmp_path: Path, four: dict[str, NamespaceCard]
) -> None:
    namespace = CacheNamespace(tmp_path, four["b"])
    os.utime(namespace.folder / "space.json", (1, 1))
    namespace.refresh()
    assert namespaces_in(tmp_path)[0].backbone == "b"


@pytest.mark.parametrize(("given", "limit"), [("20", 20e9), ("0.5", 5e8), ("1e-3", 1e6)])
def test_the_limit_is_in_gigabytes(
    given: str, limit: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMSTART_CACHE_LIMIT", given)
    assert cache_limit() == limit


@pytest.mark.parametrize("given", ["much", "", "nan", "inf", "-1"])
def test_a_limit_that_is_no_size_is_an_error(given: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMSTART_CACHE_LIMIT", given)
    with pytest.raises(SettingError, match=r"(?s)WARMSTART_CACHE_LIMIT.*gigabytes"):
        cache_limit()


def test_room_is_made_by_deleting_what_was_used_least_recently(
    tmp_path: Path, four: dict[str, NamespaceCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMSTART_CACHE_LIMIT", "47e-6")  # four namespaces of 10.4 kB fit
    assert reserve(CacheNamespace(tmp_path, four["a"]), 5) == 5_000
    assert left_in(tmp_path) == "abcd"
    reserve(CacheNamespace(tmp_path, four["a"]), 10)
    assert left_in(tmp_path) == "acd"


def test_room_is_not_made_by_deleting_what_is_in_use(
    tmp_path: Path, four: dict[str, NamespaceCard], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMSTART_CACHE_LIMIT", "47e-6")
    with pytest.raises(CacheError, match=r"(?s)the limit is.*gc --keep 0.*precompute=False"):
        reserve(CacheNamespace(tmp_path, four["a"]), 40)
    assert left_in(tmp_path) == "abcd"


def test_a_disk_without_room_is_found_before_the_work_begins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = CacheNamespace(tmp_path, CARD)
    disk = SimpleNamespace(free=9_999)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: disk)
    with pytest.raises(CacheError, match=r"(?s)are free on the disk.*cache_dir"):
        reserve(namespace, 10)
    disk.free = 10_000
    assert reserve(namespace, 10) == 10_000


def test_free_bytes_are_known_before_the_folder_exists(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "a" / "b") > 0
