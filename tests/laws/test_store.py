"""Laws 7 and 8 for stored rows: right or absent, whatever is killed, cut short or flipped."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from warmstart.activations import fill as fill_module
from warmstart.activations.fill import fill
from warmstart.activations.namespace import CacheNamespace, NamespaceCard
from warmstart.batches.rendering import PixelBlock
from warmstart.errors import CacheError, UnreadableImageError

SCRIPT = Path(__file__).parent / "filling.py"
CARD = NamespaceCard("tiny", "f" * 64, "pooled", "test", "float16", (5,))
KEYS = [hashlib.sha256(str(number).encode()).digest() for number in range(40)]
WANTED = np.random.default_rng(0).normal(size=(40, 5)).astype(np.float16)


class Runner:
    """Gives the row of each number, and remembers which numbers it was asked for."""

    mode, stored_dtype, row_shape, batch = "test", "float16", (5,), 4

    def __init__(self) -> None:
        self.asked: list[int] = []

    def run(self, blocks: Iterable[PixelBlock]) -> Iterator[tuple[PixelBlock, NDArray[np.generic]]]:
        for block in blocks:
            self.asked += block.rows.tolist()
            yield block, WANTED[block.rows]


def stream(missing: list[int]) -> Iterator[PixelBlock]:
    for start in range(0, len(missing), 4):
        rows = np.array(missing[start : start + 4], np.int64)
        yield PixelBlock(rows, np.zeros((len(rows), 1, 1, 3), np.uint8), ())


def filled(folder: Path) -> tuple[CacheNamespace, list[int]]:
    """Fill; the namespace as another process would find it, and which rows were computed."""
    runner = Runner()
    assert fill(CacheNamespace(folder, CARD), KEYS, stream, lambda: runner) == []
    return CacheNamespace(folder, CARD), runner.asked


def shards_of(namespace: CacheNamespace) -> list[Path]:
    return sorted(p for p in namespace.folder.glob("*.safetensors") if not p.name.startswith("."))


def assert_right(namespace: CacheNamespace) -> None:
    assert namespace.gather(namespace.locate(KEYS)).tobytes() == WANTED.tobytes()


@pytest.fixture(autouse=True)
def small_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fill_module, "SHARD_ROWS", 8)


def run_script(*words: object) -> list[list[int]]:
    done = subprocess.run(
        [sys.executable, SCRIPT, *map(str, words)], check=True, capture_output=True, text=True
    )
    return [[int(word) for word in line.split()] for line in done.stdout.splitlines()]


def test_a_process_killed_at_any_moment_leaves_only_right_rows(tmp_path: Path) -> None:
    *kills, last = run_script("kill", tmp_path, 1, 12)
    assert len(kills) == 12
    numbers = [num_rows for num_rows, _, _ in kills]
    assert numbers == sorted(numbers)  # nothing that was committed is lost
    assert any(0 < number < 400 for number in numbers)
    assert last == [400, 25, 0]  # each row once, and what was left over is gone


def test_two_processes_at_once_store_each_row_once(tmp_path: Path) -> None:
    assert run_script("race", tmp_path) == [[0, 0], [400, 25, 0]]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "one byte short": lambda content: content[:-1],
    "half": lambda content: content[: len(content) // 2],
    "header only": lambda content: content[: 8 + content[0]],
    "one byte too many": lambda content: content + b"\0",
    "another file": lambda content: b"\x08\0\0\0\0\0\0\0{}      ",
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_shard_is_set_aside_and_computed_again(tmp_path: Path, damage: str) -> None:
    namespace, _ = filled(tmp_path)
    victim = shards_of(namespace)[2]
    content = victim.read_bytes()
    victim.chmod(0o644)
    victim.write_bytes(DAMAGES[damage](content))
    found = CacheNamespace(tmp_path, CARD)
    assert found.damaged == [victim.with_suffix(".damaged")]
    assert not victim.exists()
    lost = found.missing(KEYS)
    assert len(lost) == 8
    again, computed = filled(tmp_path)
    assert computed == lost
    assert again.damaged == []
    assert_right(again)


@given(position=st.floats(0, 1, exclude_max=True), bit=st.integers(0, 7))
@settings(max_examples=25)
def test_any_flipped_bit_is_found(position: float, bit: int) -> None:
    """Length, header, keys, rows: the shard is safetensors, all of it under one checksum."""
    with TemporaryDirectory() as name:
        namespace, _ = filled(Path(name))
        victim = shards_of(namespace)[0]
        content = bytearray(victim.read_bytes())
        content[int(position * len(content))] ^= 1 << bit
        victim.chmod(0o644)
        victim.write_bytes(content)
        assert len(CacheNamespace(Path(name), CARD).missing(KEYS)) == 8
        again, computed = filled(Path(name))
        assert len(computed) == 8
        assert_right(again)


def test_every_byte_of_a_header_counts(tmp_path: Path) -> None:
    namespace, _ = filled(tmp_path)
    victim = shards_of(namespace)[0]
    content = victim.read_bytes()
    victim.chmod(0o644)
    for position in [*range(8 + content[0]), len(content) - 1]:
        flipped = bytearray(content)
        flipped[position] ^= 1
        victim.write_bytes(flipped)
        found = CacheNamespace(tmp_path, CARD)
        assert len(found.missing(KEYS)) == 8
        found.damaged[0].replace(victim)


@pytest.mark.parametrize("position", range(-27, 0))
def test_a_flipped_bit_in_a_name_serves_nothing_wrong(tmp_path: Path, position: int) -> None:
    namespace, _ = filled(tmp_path)
    victim = shards_of(namespace)[0]
    letters = bytearray(victim.name.encode())
    letters[position] ^= 4  # never gives a slash
    victim.rename(victim.with_name(letters.decode()))
    assert_right(filled(tmp_path)[0])


def test_leftovers_are_ignored_and_removed(tmp_path: Path) -> None:
    namespace, _ = filled(tmp_path)
    whole = shards_of(namespace)[0]
    leftover = namespace.folder / f".writing-1-{whole.name}"
    cards = namespace.folder / ".writing-1-space.json"
    whole.replace(leftover)  # complete but for its name: a process was killed before the rename
    cards.write_text("{")
    found = CacheNamespace(tmp_path, CARD)
    assert (found.damaged, len(found.missing(KEYS))) == ([], 8)
    again, computed = filled(tmp_path)
    assert len(computed) == 8
    assert not leftover.exists()
    assert not cards.exists()
    assert_right(again)


def test_nobody_can_write_into_a_shard_by_mistake(tmp_path: Path) -> None:
    for shard in shards_of(filled(tmp_path)[0]):
        assert shard.stat().st_mode & 0o222 == 0


def test_a_row_is_computed_once_for_all_images_of_the_same_content(tmp_path: Path) -> None:
    runner = Runner()
    twice = [KEYS[0], KEYS[1], KEYS[0], KEYS[1], KEYS[2]]
    fill(CacheNamespace(tmp_path, CARD), twice, stream, lambda: runner)
    assert runner.asked == [0, 1, 4]


def test_nothing_missing_needs_no_runner(tmp_path: Path) -> None:
    filled(tmp_path)
    assert fill(CacheNamespace(tmp_path, CARD), KEYS, stream, lambda: pytest.fail("a runner")) == []
    assert fill(CacheNamespace(tmp_path, CARD), [], stream, lambda: pytest.fail("a runner")) == []


def test_unreadable_rows_are_named_and_the_others_stored(tmp_path: Path) -> None:
    """A second try asks for the unreadable rows alone, and finds no reason to fail."""

    def broken(missing: list[int]) -> Iterator[PixelBlock]:
        for block in stream(missing):
            bad = block.rows % 5 == 0
            errors = tuple(UnreadableImageError(f"{row}", "broken") for row in block.rows[bad])
            yield PixelBlock(block.rows[~bad], block.pixels[~bad], errors)

    for _ in range(2):
        told: list[int] = []
        namespace = CacheNamespace(tmp_path, CARD)
        failures = fill(namespace, KEYS, broken, Runner, told.append)
        assert [int(error.name) for error in failures] == [*range(0, 40, 5)]
        assert namespace.missing(KEYS) == [*range(0, 40, 5)]
    assert sum(told) == 8


def test_rows_without_values_can_be_stored(tmp_path: Path) -> None:
    card = replace(CARD, shape=(0,))
    namespace = CacheNamespace(tmp_path, card)
    namespace.append(KEYS, np.empty((40, 0), np.float16))
    again = CacheNamespace(tmp_path, card)
    assert again.missing(KEYS) == []
    assert again.gather(again.locate(KEYS)).shape == (40, 0)
    assert again.gather(again.locate([])).shape == (0, 0)


def test_an_error_midway_keeps_what_was_committed(tmp_path: Path) -> None:
    def stopping(missing: list[int]) -> Iterator[PixelBlock]:
        blocks = stream(missing)
        for _ in range(5):
            yield next(blocks)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fill(CacheNamespace(tmp_path, CARD), KEYS, stopping, Runner)
    assert len(CacheNamespace(tmp_path, CARD)) == 20  # also what was computed and not yet written
    again, computed = filled(tmp_path)
    assert computed == [*range(20, 40)]
    assert_right(again)


@pytest.mark.parametrize("change", [{"mode": "other"}, {"dtype": "float32"}])
def test_a_space_takes_rows_of_its_own_mode_only(tmp_path: Path, change: dict[str, str]) -> None:
    namespace = CacheNamespace(tmp_path, replace(CARD, **change))  # type: ignore[arg-type]
    with pytest.raises(CacheError, match="cannot fill"):
        fill(namespace, KEYS, stream, Runner)
    assert shards_of(namespace) == []


def test_a_space_takes_rows_of_its_own_shape_only(tmp_path: Path) -> None:
    namespace = CacheNamespace(tmp_path, replace(CARD, shape=(6,)))
    with pytest.raises(CacheError, match="rows of shape"):
        fill(namespace, KEYS, stream, Runner)
    assert shards_of(namespace) == []
