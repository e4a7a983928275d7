from pathlib import Path

from tests.unit.cli.conftest import Run, write_photos


def test_check_fix_and_train(run: Run, tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos")
    broken = sorted(photos.rglob("*.png"))[0]
    broken.write_bytes(b"")
    name, fixes = broken.relative_to(photos).as_posix(), tmp_path / "fixes.csv"
    cache = ["--size", "32", "--cache-dir", str(tmp_path / "cache")]
    said = run("check", str(photos), *cache, "--fixes-out", str(fixes))
    assert said.code == 0, said.err
    assert f"  {name}: empty file" in said.out
    assert f"warmstart train {photos} --fixes {fixes}" in said.out
    assert f"{name},drop," in fixes.read_text()
    lr_find = run("lr-find", str(photos), *cache, "--fixes", str(fixes))
    assert lr_find.code == 0, lr_find.err
    said = run(
        "train", str(photos), *cache, "--epochs", "1", "--fixes", str(fixes),
        "--out", str(tmp_path / "run"),
    )  # fmt: skip
    assert said.code == 0, said.err
    assert "1 × dropped by fixes.csv" in said.out


def test_nothing_is_written_among_the_pictures_or_over_a_file(run: Run, tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos")
    said = run("check", str(photos), "--fixes-out", str(photos / "fixes.csv"))
    assert said.code == 2
    assert "where nothing is ever written" in said.err
    (tmp_path / "mine.csv").write_text("mine")
    said = run("check", str(photos), "--fixes-out", str(tmp_path / "mine.csv"))
    assert said.code == 2
    assert "is there already" in said.err
    assert (tmp_path / "mine.csv").read_text() == "mine"


def test_fixes_that_are_not_there(run: Run, tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos")
    said = run("train", str(photos), "--fixes", str(tmp_path / "fixes.csv"))
    assert said.code == 1
    assert "there is no file or folder" in said.err
    (tmp_path / "fixes.csv").write_text("name,action\nx.png,drop\n")
    said = run("lr-find", str(photos), "--fixes", str(tmp_path / "fixes.csv"))
    assert said.code == 1
    assert "line 2: there is no picture 'x.png'" in said.err


def strew(photos: Path) -> None:
    """A fault of each kind that stops training."""
    (photos / "cat/notes.txt").touch()
    (photos / "cat/raw.cr2").touch()
    (photos / "loose.png").write_bytes((photos / "cat/00.png").read_bytes())
    (photos / "empty").mkdir()
    (photos / "other").mkdir()
    (photos / "other/1.cr2").touch()
    (photos / "Cat").mkdir()
    (photos / "Cat/1.png").write_bytes((photos / "cat/01.png").read_bytes())


def test_no_fault_that_it_is_there_to_find_stops_it(run: Run, tmp_path: Path) -> None:
    """C13: what is left out is named, and what training refuses is told."""
    photos = write_photos(tmp_path / "photos", 6)
    strew(photos)
    cache = ["--size", "32", "--cache-dir", str(tmp_path / "cache")]
    said = run("check", str(photos), *cache)
    assert said.code == 0, said.err
    out = " ".join(said.out.split())
    assert "What training refuses:" in said.out
    assert "2 class folder(s) have no image: empty; other" in out
    assert "spelled in several ways; the first: 'Cat' and 'cat'" in out
    assert "Left out, not an image suffix: .txt: cat/notes.txt" in out
    assert "Left out, .cr2 cannot be read: convert it to .jpg or .png: cat/raw.cr2" in out
    assert "other/1.cr2" in out
    assert "Left out, not in a class folder: loose.png" in out
    assert "Exact duplicates" in said.out  # it went on to the pictures
    assert run("train", str(photos), *cache).code == 1


def test_a_folder_without_a_class_or_a_picture_is_checked_too(run: Run, tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", 2)
    cache = ["--size", "32", "--cache-dir", str(tmp_path / "cache")]
    (photos / "cat/00.png").write_bytes((photos / "cat/01.png").read_bytes())
    loose = run("check", str(photos / "cat"), *cache)
    assert loose.code == 0, loose.err
    assert "holds images but no class folders" in " ".join(loose.out.split())
    assert "2 pictures (2 test)" in loose.out
    assert "00.png (test) = 01.png (test)" in " ".join(loose.out.split())
    for path in photos.glob("*/*.png"):
        path.rename(path.with_suffix(".cr2"))
    none = run("check", str(photos), *cache)
    assert none.code == 0, none.err
    assert "has no class folder with images" in " ".join(none.out.split())
    assert "there is no picture to look at" in none.out
    assert "4 Left out" in none.out or "4  left out, .cr2" in none.out


BAD_ROWS = [
    "cat/05.png,,train",
    "dog/05.png,emu,valid",
    "gone.png,cat,train",
    "cat/00.png,dog,train",
    "cat/01.png,cat,perhaps",
    "cat/02.png",
]
TOLD = [
    "has 3 cell(s) in its first line, and not in 1 other(s): line 17 has 1",
    "1 of the 13 files that labels.csv names do not exist",
    "1 row(s) with an unknown split: 'perhaps'",
    "1 row(s) with an empty label",
    "contradicts itself in 1 place(s)",
    "valid has 1 class(es) that train does not",
]


def test_a_table_with_faults_in_its_rows_is_checked(run: Run, tmp_path: Path) -> None:
    photos = write_photos(tmp_path / "photos", 6)
    files = [path.relative_to(photos) for path in sorted(photos.glob("*/0[0-4].png"))]
    lines = [f"{path.as_posix()},{path.parent},train" for path in files]
    (photos / "labels.csv").write_text("\n".join(["name,label,split", *lines, *BAD_ROWS]))
    words = [str(photos / "labels.csv"), "--split-column", "split", "--size", "32"]
    said = run("check", *words, "--cache-dir", str(tmp_path / "cache"))
    assert said.code == 0, said.err
    out = " ".join(said.out.split())
    assert [fault for fault in TOLD if fault not in out] == []
