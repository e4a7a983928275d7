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
