import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from warmstart.batches.rendering import RenderAhead, pixels_of_view
from warmstart.batches.source import CHANGED, PixelSource, num_cores
from warmstart.data.content import ContentHashes
from warmstart.data.table import ImageTable
from warmstart.errors import UnreadableImageError
from warmstart.images.view import ViewRecipe

Photo = Callable[[Path, int], bytes]


def hash_of(source: PixelSource, row: int) -> bytes:
    return hashlib.sha256(source.content(row)).digest()


def with_ahead(source: PixelSource) -> PixelSource:
    names = source.table.names
    ahead = RenderAhead(
        lambda name: source.rendering(names.index(name)), names, row_bytes=3 * 16 * 16
    )
    for future in ahead._waiting.values():
        future.exception()  # until it is done
    return replace(source, ahead=ahead)


def test_a_rendering_names_the_bytes_it_was_made_from(source: PixelSource) -> None:
    made = source.rendering(2)
    assert made.sha256 == hash_of(source, 2)
    assert np.array_equal(made.pixels, source.render(2))


def test_exactly_these_bytes_are_rendered(source: PixelSource) -> None:
    assert np.array_equal(
        pixels_of_view(source.render_exactly(1, hash_of(source, 1))), source.render(1)
    )


def test_a_file_replaced_after_hashing_is_not_rendered(source: PixelSource, photo: Photo) -> None:
    before = hash_of(source, 1)
    photo(source.table.path(1), 9)
    with pytest.raises(UnreadableImageError) as caught:
        source.render_exactly(1, before)
    assert (caught.value.name, caught.value.reason) == ("1.ppm", CHANGED)


def test_a_file_that_is_gone_is_unreadable(source: PixelSource) -> None:
    before = hash_of(source, 1)
    source.table.path(1).unlink()
    with pytest.raises(UnreadableImageError, match="No such file"):
        source.render_exactly(1, before)


def test_what_was_rendered_ahead_is_used(source: PixelSource) -> None:
    ready = with_ahead(source)
    wanted, before = source.render(1), hash_of(source, 1)
    source.table.path(1).unlink()  # so it can only come from the rendering
    assert np.array_equal(pixels_of_view(ready.render_exactly(1, before)), wanted)


def test_a_file_replaced_after_it_was_rendered_ahead_is_rendered_anew(
    source: PixelSource, photo: Photo
) -> None:
    ready, old = with_ahead(source), source.render(1)
    photo(source.table.path(1), 9)
    found = pixels_of_view(ready.render_exactly(1, hash_of(source, 1)))
    assert np.array_equal(found, source.render(1))
    assert not np.array_equal(found, old)


def test_a_file_that_was_unreadable_ahead_and_is_mended_is_read_again(
    source: PixelSource, photo: Photo
) -> None:
    source.table.path(1).write_bytes(b"no picture")
    ready = with_ahead(source)
    photo(source.table.path(1), 1)
    assert np.array_equal(ready.render(1), source.render(1))


def test_a_file_that_stays_unreadable_is_named_with_its_reason(source: PixelSource) -> None:
    source.table.path(1).write_bytes(b"")
    with pytest.raises(UnreadableImageError, match=r"1.ppm.*empty file"):
        with_ahead(source).render(1)


def test_hashes_of_files_and_arrays_come_in_the_order_asked_for(
    source: PixelSource, tmp_path: Path
) -> None:
    table = source.table
    array = np.full((5, 4, 3), 7, np.uint8)
    mixed = ImageTable(
        table.root,
        ("a", *table.names),
        np.array(["train"] * 5),
        np.zeros(5, np.int64),
        table.classes,
        memory={"a": array},
    )
    both = PixelSource(mixed, source.recipe)
    rows = np.array([3, 0, 1])
    found = both.content_hashes(rows, ContentHashes(tmp_path / "hashes.sqlite"))
    assert found == [hash_of(both, int(row)) for row in rows]
    assert both.paths() == [table.root / name for name in table.names]
    assert both.render(0).shape == (16, 16, 3)
    array[0] = 8  # an array that is changed under the run has another name as well
    with pytest.raises(UnreadableImageError, match="changed while it was read"):
        both.render_exactly(0, found[1])


def test_there_is_a_core() -> None:
    assert num_cores() >= 1


def test_filling_a_store_decodes_every_picture_once(
    tmp_path: Path, source: PixelSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also one that was rendered ahead: it is not decoded again."""
    decoded: list[str] = []
    render = ViewRecipe.render

    def counted(self: ViewRecipe, content: bytes, name: str, **options: bool) -> NDArray[np.uint8]:
        decoded.append(name)
        return render(self, content, name, **options)

    monkeypatch.setattr(ViewRecipe, "render", counted)
    names = list(source.table.names)
    for each in (source, with_ahead(source)):
        hashes = each.content_hashes(np.arange(len(names)), ContentHashes(tmp_path / "h.sqlite"))
        before = len(decoded) if each is source else len(decoded) - len(names)
        for row, sha256 in enumerate(hashes):
            each.render_exactly(row, sha256)
        assert sorted(decoded[before:]) == sorted(names)
