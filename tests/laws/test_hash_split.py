"""A split by hash: a row's side depends on that row alone, and on nothing that is added."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.shards import picture, write_tar

from warmstart.data import content
from warmstart.data.columns import Columns
from warmstart.data.csv_table import read_csv
from warmstart.data.drawing import draw_by_hash
from warmstart.data.folders import read_folders
from warmstart.data.shard_table import read_shards
from warmstart.data.shards import shards_of
from warmstart.data.split import Draw
from warmstart.data.table import ImageTable
from warmstart.errors import DataError, SettingError

NAMES = st.lists(st.text(max_size=12), min_size=1, max_size=40, unique=True)


def side_of(table: ImageTable) -> dict[str, str]:
    return dict(zip(table.names, table.splits.tolist(), strict=True))


def photos(root: Path, number: int, first: int = 0) -> Path:
    for place in range(first, first + number):
        for kind in ("cat", "dog"):
            path = root / kind / f"{kind}{place}.jpg"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(f"{kind} {place // 2}".encode())  # each content twice
    return root


@given(NAMES, NAMES, st.integers(0, 5), st.floats(0.05, 0.95))
@settings(deadline=None)
def test_added_rows_move_no_other(
    names: list[str], more: list[str], seed: int, share: float
) -> None:
    draw = Draw(share, seed, "name")
    alone = draw_by_hash(names, len(names), draw)
    together = draw_by_hash([*more, *names], len(more) + len(names), draw)
    assert np.array_equal(together[len(more) :], alone)


@pytest.mark.parametrize("by", ["name", "content"])
def test_a_folder_that_grows_keeps_its_split(by: str, tmp_path: Path) -> None:
    draw = Draw(0.3, by=by)
    before = side_of(read_folders(photos(tmp_path, 30), draw=draw))
    after = side_of(read_folders(photos(tmp_path, 30, 30), draw=draw))
    assert {name: after[name] for name in before} == before
    assert 0.15 < np.mean([side == "valid" for side in after.values()]) < 0.45


def test_by_content_exact_duplicates_are_on_one_side(tmp_path: Path) -> None:
    sides = side_of(read_folders(photos(tmp_path, 40), draw=Draw(0.4, by="content")))
    assert set(sides.values()) == {"train", "valid"}
    for kind in ("cat", "dog"):
        for place in range(0, 40, 2):
            first, second = (sides[f"{kind}/{kind}{place + more}.jpg"] for more in (0, 1))
            assert first == second


def test_by_content_a_new_name_moves_nothing(tmp_path: Path) -> None:
    draw = Draw(0.4, by="content")
    first = photos(tmp_path / "a", 20)
    sides = read_folders(first, draw=draw).splits.tolist()
    for path in sorted(first.rglob("*.jpg")):
        path.rename(path.with_name(f"x{path.name}"))
    assert read_folders(first, draw=draw).splits.tolist() == sides


def test_a_group_stays_together_and_decides(tmp_path: Path) -> None:
    photos(tmp_path, 30)
    rows = [(f"{kind}/{kind}{place}.jpg", kind, f"who{place % 15}") for place in range(30)
            for kind in ("cat", "dog")]  # fmt: skip
    table_file = tmp_path / "labels.csv"
    lines = ["name,label,who", *(",".join(row) for row in rows)]
    table_file.write_text("\n".join(lines))
    table = read_csv(table_file, tmp_path, Columns(group="who"), draw=Draw(0.4, by="name"))
    sides: dict[str, set[str]] = {}
    for group, side in zip(table.groups or (), table.splits.tolist(), strict=True):
        sides.setdefault(group, set()).add(side)
    assert all(len(each) == 1 for each in sides.values())
    assert set.union(*sides.values()) == {"train", "valid"}


def test_packed_into_other_shards_every_picture_stays_on_its_side(tmp_path: Path) -> None:
    members: dict[str, bytes | str] = {}
    for place in range(40):
        members |= {f"{place:02d}.jpg": picture(place), f"{place:02d}.cls": "ab"[place % 2]}
    few = dict(list(members.items())[:40])
    rest = {name: members[name] for name in members if name not in few}
    write_tar(tmp_path / "one" / "0.tar", members)
    write_tar(tmp_path / "two" / "7.tar", few)
    write_tar(tmp_path / "two" / "8.tar", rest)
    for by in ("name", "content"):
        sides = []
        for folder in ("one", "two"):
            shards = shards_of(tmp_path / folder)
            assert shards is not None
            table = read_shards(shards, Columns(), draw=Draw(0.4, by=by))
            sides.append({name.rpartition("/")[2]: side for name, side in side_of(table).items()})
        assert sides[0] == sides[1]


def test_the_share_is_met_by_the_large_number() -> None:
    chosen = draw_by_hash(
        (f"{number}.jpg" for number in range(40_000)), 40_000, Draw(0.2, 1, "name")
    )
    assert abs(chosen.mean() - 0.2) < 0.01  # five standard deviations


def test_a_class_that_is_left_without_a_training_row_is_an_error(tmp_path: Path) -> None:
    photos(tmp_path, 20)
    (tmp_path / "cow").mkdir()
    errors = []
    for seed in range(40):
        (tmp_path / "cow" / "cow1.jpg").write_bytes(b"cow")
        try:
            read_folders(tmp_path, draw=Draw(0.5, seed, "name"))
        except DataError as error:
            errors.append(error)
    assert 5 < len(errors) < 35
    assert {len(str(error).splitlines()) for error in errors} == {3}
    assert all("1 class(es) without a training row" in str(error) for error in errors)
    assert all("split_by" in error.fix for error in errors)


def test_another_word_is_refused() -> None:
    with pytest.raises(SettingError, match="by='hash'"):
        Draw(by="hash")


def test_by_content_a_second_draw_reads_no_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(content, "YOUNG_SECONDS", -1e9)
    root = photos(tmp_path / "photos", 40)
    draw = Draw(0.4, by="content", memory=tmp_path / "cache" / "content.sqlite")
    sides = side_of(read_folders(root, draw=draw))
    assert sides == side_of(read_folders(root, draw=Draw(0.4, by="content")))

    def refuse(name: str) -> bytes:
        raise AssertionError(f"{name} is read again")

    monkeypatch.setattr(content, "file_sha256", refuse)
    assert side_of(read_folders(root, draw=draw)) == sides
    (root / "cat" / "cat3.jpg").write_bytes(b"another")
    with pytest.raises(AssertionError, match="cat3"):
        read_folders(root, draw=draw)


def test_hashes_are_not_remembered_among_the_pictures(tmp_path: Path) -> None:
    root = photos(tmp_path / "photos", 4)
    draw = Draw(0.4, by="content", memory=root / "cat" / "cache" / "content.sqlite")
    with pytest.raises(SettingError, match="lies in the data folder"):
        read_folders(root, draw=draw)
    assert not (root / "cat" / "cache").exists()
