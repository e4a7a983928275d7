"""A file that changes under a run: no stored row ever has the name of other bytes."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from warmstart.activations.frozen_part import FrozenPart
from warmstart.activations.table_activations import TableActivations
from warmstart.backbones.network import Normalise
from warmstart.batches.rendering import PixelBlock, RenderAhead, View
from warmstart.batches.source import CHANGED, PixelSource
from warmstart.terminal.progress import no_progress

Photo = Callable[[Path, int], bytes]
ROWS = np.arange(4)


@pytest.fixture(scope="module")
def frozen() -> FrozenPart:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        body = nn.Sequential(nn.Conv2d(3, 4, 3, stride=4), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    prefix = nn.Sequential(Normalise((0.5, 0.5, 0.5), (0.2, 0.2, 0.2)), body)
    return FrozenPart(
        prefix, backbone="tiny", cut="pooled", size=16, device=torch.device("cpu"), precision="f32"
    )


@pytest.fixture
def activations(frozen: FrozenPart, tmp_path: Path) -> TableActivations:
    return TableActivations(frozen, tmp_path / "cache", no_progress)


def rows_of(activations: TableActivations, pictures: Sequence[NDArray[np.uint8]]) -> bytes:
    block = PixelBlock(np.arange(len(pictures)), np.stack(pictures), ())
    ((_, values),) = activations.frozen.runner.run([block])
    return values.tobytes()


def assert_named_rightly(activations: TableActivations, source: PixelSource) -> None:
    """Each stored row is that of the file as it is now, and has its name."""
    namespace, keys, failures = activations.store(source, ROWS)
    assert failures == []
    contents = [source.content(int(row)) for row in ROWS]
    hashes = [hashlib.sha256(content).digest() for content in contents]
    assert keys == activations.frozen.keys(source.recipe.name(), hashes)
    wanted = rows_of(activations, [source.recipe.render(content, "") for content in contents])
    assert namespace.gather(namespace.locate(keys)).tobytes() == wanted


class Replaced(PixelSource):
    """Files are replaced between the moment of hashing and that of rendering."""

    def render_exactly(self, row: int, sha256: bytes, view: int = 0) -> View:
        before_rendering[0](row)
        return super().render_exactly(row, sha256, view)


before_rendering: list[Callable[[int], object]] = []


def replacing(source: PixelSource, action: Callable[[int], object]) -> PixelSource:
    before_rendering[:] = [action]
    return Replaced(source.table, source.recipe, source.ahead)


def test_a_file_replaced_once_gets_the_name_of_its_new_bytes(
    activations: TableActivations, source: PixelSource, photo: Photo
) -> None:
    todo = {1: 9, 3: 8}
    changing = replacing(
        source, lambda row: row in todo and photo(source.table.path(row), todo.pop(row))
    )
    namespace, _, failures = activations.store(changing, ROWS)
    assert (todo, failures, len(namespace)) == ({}, [], 4)
    assert_named_rightly(activations, source)


def test_a_file_that_never_holds_still_is_named_and_not_stored(
    activations: TableActivations, source: PixelSource, photo: Photo
) -> None:
    numbers = iter(range(10, 99))
    changing = replacing(
        source, lambda row: row == 1 and photo(source.table.path(row), next(numbers))
    )
    namespace, _, failures = activations.store(changing, ROWS)
    assert [(error.name, error.reason) for error in failures] == [("1.ppm", CHANGED)]
    assert len(namespace) == 3
    assert_named_rightly(activations, source)


def test_a_file_replaced_after_it_was_rendered_ahead(
    activations: TableActivations, source: PixelSource, photo: Photo
) -> None:
    names = source.table.names
    ahead = RenderAhead(lambda n: source.rendering(names.index(n)), names, row_bytes=768)
    for future in ahead._waiting.values():
        future.result()
    photo(source.table.path(2), 9)
    assert_named_rightly(activations, replace(source, ahead=ahead))


def test_a_file_replaced_back_is_found_again(
    activations: TableActivations, source: PixelSource, photo: Photo
) -> None:
    assert_named_rightly(activations, source)
    photo(source.table.path(0), 9)
    assert_named_rightly(activations, source)
    photo(source.table.path(0), 0)
    namespace, _, _ = activations.store(
        replacing(source, lambda row: pytest.fail(f"row {row} rendered again")), ROWS
    )
    assert len(namespace) == 5


def test_a_wrong_memory_of_a_hash_is_mended(
    activations: TableActivations, source: PixelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As where a file system's clock hides a change: the hash remembered is of other bytes."""
    honest = source.content_hashes

    def remembered(self: PixelSource, rows: NDArray[np.int64], hashes: object) -> list[bytes]:
        found = honest(rows, activations.hashes)
        if forgotten:
            return found
        forgotten.append(True)
        return [b"\0" * 32, *found[1:]]

    forgotten: list[bool] = []
    monkeypatch.setattr(PixelSource, "content_hashes", remembered)
    namespace, _, failures = activations.store(source, ROWS)
    assert (failures, len(namespace)) == ([], 4)
    assert_named_rightly(activations, source)
