from pathlib import Path

from tests.unit.cli.conftest import Place, Run


def test_show_draws_and_says_what_the_crop_loses(place: Place, run: Run) -> None:
    said = run("show", "dogscats", "--augment", "side_on", "--size", "32", "--out", "new/b.png")
    assert said.code == 0
    assert Path("new/b.png").stat().st_size > 1000
    assert "augmentation side_on" in said.out
    assert "leaves out 23 % of an image's pixels (median of " in said.out


def test_show_writes_a_picture_and_not_among_the_data(place: Place, run: Run) -> None:
    said = run("show", "dogscats", "--out", "batch.txt")
    assert (said.code, said.fix) == (2, "warmstart show dogscats --out batch.png")
    assert run("show", "dogscats", "--out", "dogscats/b.png").code == 2
    assert run("show", "dogscat", "--out", "b.png").code == 1
