"""The whole check on small pictures with the embedded network."""

import csv
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from warmstart import ImageClassifierData, tfms_from_model
from warmstart.batches.source import PixelSource
from warmstart.checkup import rows
from warmstart.checkup.checkup import Checkup
from warmstart.errors import SettingError

ARCH = "tf_efficientnet_lite0"


def blots(seed: int, channel: int) -> Image.Image:
    """A few large blots with a tint that is the class."""
    noise = np.random.default_rng(seed).integers(0, 160, (6, 8, 3))
    noise[..., channel] += 90
    small = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
    return small.resize((96, 80), Image.Resampling.BICUBIC)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two classes with one fault of each kind."""
    root = tmp_path_factory.mktemp("check") / "pets"
    for split, number in (("train", 24), ("valid", 6)):
        for channel, label in ((0, "cat"), (2, "dog")):
            (root / split / label).mkdir(parents=True)
            for i in range(number):
                seed = i + 100 * channel + 1000 * (split == "valid")
                blots(seed, channel).save(root / split / label / f"{i}.png")
    (root / "valid/cat/exact.png").write_bytes((root / "train/cat/0.png").read_bytes())
    blots(1, 0).resize((80, 66)).save(root / "valid/cat/near.jpg", quality=80)
    (root / "train/dog/same.png").write_bytes((root / "train/cat/2.png").read_bytes())
    blots(3, 0).convert("RGBA").save(root / "train/cat/3.png")
    for name in ("empty1.jpg", "empty2.jpg"):
        (root / "train/cat" / name).touch()
    (root / "train/dog/text.jpg").write_text("<html>not found</html>")
    blots(500, 0).save(root / "train/dog/wrong.png")
    return root


@pytest.fixture(scope="module")
def found(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Checkup:
    data = ImageClassifierData.from_paths(folder, tfms_from_model(ARCH, 32))
    return data.check(cache_dir=tmp_path_factory.mktemp("cache"), quiet=True)


def test_unreadable_files_stop_nothing_and_all_are_named(found: Checkup) -> None:
    assert [item.name for item in found.unreadable] == [
        "train/cat/empty1.jpg",
        "train/cat/empty2.jpg",
        "train/dog/text.jpg",
    ]


def test_duplicates_leaks_and_contradictions(found: Checkup) -> None:
    names = [{member.name for member in group.members} for group in found.exact_duplicates]
    assert names == [
        {"train/cat/0.png", "valid/cat/exact.png"},
        {"train/cat/2.png", "train/dog/same.png"},
    ]
    near = [{member.name for member in group.members} for group in found.near_duplicates]
    assert {"train/cat/1.png", "valid/cat/near.jpg"} in near
    assert {"train/cat/2.png", "train/dog/same.png"} in [
        {member.name for member in group.members} for group in found.contradictions
    ]
    assert all(group.crosses_splits for group in found.leaks)


def test_a_wrong_label_and_an_odd_mode(found: Checkup) -> None:
    row = next(row for row in found.mislabelled if row.name == "train/dog/wrong.png")
    assert (row.label, row.suggestion, row.split) == ("dog", "cat", "train")
    assert [item.name for item in found.odd_modes] == ["train/cat/3.png"]


def test_the_summary_is_80_columns_and_counts_first(found: Checkup) -> None:
    lines = found.summary().splitlines()
    assert lines[0] == "67 pictures (53 train, 14 valid)"
    assert lines[1] == "     3  files that cannot be read"
    assert max(map(len, lines)) <= 80
    assert any("valid/cat/near.jpg" in line for line in lines)


def test_fixes_go_back_in_and_nothing_else_is_written(
    found: Checkup, folder: Path, tmp_path: Path
) -> None:
    before = sorted(folder.rglob("*"))
    path = tmp_path / "fixes.csv"
    found.write_fixes(path)
    with path.open(newline="") as file:
        rows = {row["name"]: row["action"] for row in csv.DictReader(file)}
    assert {name for name, action in rows.items() if action == "drop"} == {
        "train/cat/empty1.jpg",
        "train/cat/empty2.jpg",
        "train/dog/text.jpg",
        "train/cat/0.png",
    }
    assert rows["train/dog/wrong.png"] == "look"
    fixed = ImageClassifierData.from_paths(folder, tfms_from_model(ARCH, 32), fixes=path)
    assert len(fixed.table) == 63
    assert "4 dropped, 0 relabelled" in fixed.table.notes[-1]
    assert sorted(folder.rglob("*")) == before


def test_fixes_are_never_written_over_or_among_the_pictures(
    found: Checkup, folder: Path, tmp_path: Path
) -> None:
    with pytest.raises(SettingError, match="lies in the data folder"):
        found.write_fixes(folder / "fixes.csv")
    (tmp_path / "fixes.csv").write_text("mine")
    with pytest.raises(SettingError, match="is there already"):
        found.write_fixes(tmp_path / "fixes.csv")
    assert (tmp_path / "fixes.csv").read_text() == "mine"


def test_many_labels_and_pictures_in_memory(tmp_path: Path) -> None:
    pixels = np.stack([np.asarray(blots(i, 0)) for i in range(8)])
    labels = np.tile([[1, 1], [0, 1]], (4, 1))
    pixels[6] = pixels[0]
    data = ImageClassifierData.from_arrays(
        (pixels[:6], labels[:6]), (pixels[6:], labels[6:]), tfms_from_model(ARCH, 32)
    )
    found = data.check(cache_dir=tmp_path, quiet=True)
    assert len([group for group in found.leaks if group.is_exact]) == 1
    assert found.mislabelled == ()
    assert "not looked for" in found.notes[0]
    found.write_fixes(tmp_path / "fixes.csv")


def test_a_csv_takes_fixes_too(folder: Path, tmp_path: Path) -> None:
    names = [f"train/{label}/{i}.png" for label in ("cat", "dog") for i in range(4, 14)]
    rows = "".join(f"{name},{name.split('/')[1]}\n" for name in names)
    (tmp_path / "pets.csv").write_text("name,label\n" + rows)
    (tmp_path / "fixes.csv").write_text(
        f"name,action,label\n{names[0]},relabel,dog\n{names[1]},drop,\n"
    )
    data = ImageClassifierData.from_csv(
        folder, "", tmp_path / "pets.csv", tfms_from_model(ARCH, 32), fixes=tmp_path / "fixes.csv"
    )
    label = dict(zip(data.table.names, data.table.labels.tolist(), strict=True))
    assert data.classes[label[names[0]]] == "dog"
    assert names[1] not in label
    assert len(label) == 19


def test_parts_change_nothing_that_is_found(
    found: Checkup, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PART_ROWS", 5)
    data = ImageClassifierData.from_paths(folder, tfms_from_model(ARCH, 32), quiet=True)
    parts = data.check(cache_dir=tmp_path, quiet=True)
    assert parts.summary() == found.summary()
    assert parts.fixes() == found.fixes()


def test_a_look_that_was_stopped_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "PART_ROWS", 16)
    data = ImageClassifierData.from_paths(folder, tfms_from_model(ARCH, 32), quiet=True)
    computed: list[int] = []

    def stop(source: PixelSource, row: int, *rest: Any) -> Any:
        if len(computed) == 40:
            raise KeyboardInterrupt
        computed.append(row)
        return usual(source, row, *rest)

    usual = PixelSource.render_exactly
    monkeypatch.setattr(PixelSource, "render_exactly", stop)
    with pytest.raises(KeyboardInterrupt):
        data.check(cache_dir=tmp_path, quiet=True)
    computed.clear()
    found = data.check(cache_dir=tmp_path, quiet=True)
    assert len(found.unreadable) == 3
    assert len(computed) < 40
    again = [row for row in computed if row < 32]  # of two whole parts only what cannot be read
    assert {data.table.names[row] for row in again} <= {item.name for item in found.unreadable}


def test_a_tar_and_a_parquet_file_are_checked_like_folders(folder: Path, tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    places = [place for place in sorted((folder / "train").rglob("*.*")) if place.is_file()]
    with tarfile.open(tmp_path / "pets.tar", "w") as archive:
        for place in places:
            archive.add(place, place.relative_to(folder / "train").as_posix())
    cells = [{"bytes": place.read_bytes(), "path": None} for place in places]
    labels = [place.parent.name for place in places]
    pandas.DataFrame({"image": cells, "label": labels}).to_parquet(tmp_path / "pets.parquet")
    tfms = tfms_from_model(ARCH, 32)
    for data in (
        ImageClassifierData.from_tar(tmp_path / "pets.tar", tfms, quiet=True),
        ImageClassifierData.from_parquet(tmp_path / "pets.parquet", tfms, quiet=True),
    ):
        found = data.check(cache_dir=tmp_path / "cache", quiet=True)
        assert len(found.unreadable) == 3
        assert [len(group.members) for group in found.exact_duplicates] == [2]
        assert len(found.odd_modes) == 1
        assert any(row.suggestion == "cat" for row in found.mislabelled)
