"""Options of workers that are refused before anything is loaded."""

import pytest
from tests.unit.cli.conftest import Place, Run


@pytest.mark.parametrize(
    ("words", "fix"),
    [
        (["--csv", "out.csv", "--workers", "2"], "--engine ray"),
        (["--csv", "out.csv", "--address", "auto"], "--engine ray"),
        (["--engine", "ray"], "--csv predictions.csv"),
        (["--engine", "ray", "--csv", "-"], "--csv predictions.csv"),
        (["--engine", "ray", "--csv", "out.csv", "--shards", "memory://x"], "s3://bucket/job"),
        (["--engine", "ray", "--csv", "out.csv", "--shards", "dogscats/x"], "dogscats-shards"),
    ],
)
def test_options_that_do_nothing_or_cannot_work(
    words: list[str], fix: str, place: Place, run: Run
) -> None:
    said = run("predict", str(place.model), "dogscats", *words)
    assert said.code == 2
    assert fix in said.fix


def test_shards_do_not_lie_among_the_pictures_of_a_store(place: Place, run: Run) -> None:
    said = run("cache", "fill", "dogscats", "--engine", "ray", "--shards", "dogscats/cat/x")
    assert said.code == 2
    assert "where nothing is ever written" in said.err


def test_a_store_that_was_filled_is_not_computed_again(place: Place, run: Run) -> None:
    words = ("dogscats", "--size", "32", "--cache-dir", "own")
    said = run("cache", "fill", *words)
    assert said.code == 0, said.err
    assert "24 rows of 24 images are kept" in said.out
    assert "once per image" in said.err
    again = run("cache", "fill", *words)
    assert "once per image" not in again.err
    trained = run("train", *words, "--epochs", "1", "--no-report", "--out", "again")
    assert "once per image" not in trained.err
