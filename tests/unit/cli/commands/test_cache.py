import shutil
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Place, Run


@pytest.fixture
def store(trained: Place, tmp_path: Path) -> Path:
    """A copy of a store that a run has filled."""
    shutil.copytree(trained.home / "store", tmp_path / "cache")
    return tmp_path / "cache"


@pytest.mark.parametrize("folder", ["missing", "empty"])
def test_an_empty_cache(folder: str, tmp_path: Path, run: Run) -> None:
    (tmp_path / "empty").mkdir()
    where = ["--cache-dir", str(tmp_path / folder)]
    listed, tidied, verified = (run("cache", word, *where) for word in ("ls", "gc", "verify"))
    assert (listed.code, tidied.code, verified.code) == (0, 0, 0)
    assert listed.out.startswith("nothing is stored in ")
    assert tidied.out.startswith("nothing deleted")
    assert verified.out == "0 files, all intact\n"
    assert not (tmp_path / "missing").exists()
    assert list((tmp_path / "empty").iterdir()) == []


def test_what_is_stored_is_listed(store: Path, run: Run) -> None:
    said = run("cache", "ls", "--cache-dir", str(store))
    assert said.code == 0
    assert "tf_efficientnet_lite0" in said.out
    assert "24 rows" in said.out


def test_what_is_intact_is_said_to_be(store: Path, run: Run) -> None:
    said = run("cache", "verify", "--cache-dir", str(store))
    assert said.code == 0
    assert said.out.endswith("all intact\n")


@pytest.mark.parametrize(
    "what", ["graph-*/graph.bin", "graph-*/backbone.safetensors", "[!g]*/*.safetensors"]
)
def test_a_flipped_bit_is_found(store: Path, run: Run, what: str) -> None:
    (shard,) = (store / "activations").glob(what)
    content = bytearray(shard.read_bytes())
    content[len(content) // 2] ^= 1
    shard.write_bytes(content)
    said = run("cache", "verify", "--cache-dir", str(store))
    assert said.code == 1
    place = shard.parent if shard.name == "graph.bin" else shard
    assert f"damaged: {place}\n" in said.out
    assert "computed again" in said.out


def test_tidying_deletes_what_is_too_much(store: Path, run: Run) -> None:
    where = ["--cache-dir", str(store)]
    assert run("cache", "gc", *where).out.startswith("nothing deleted")
    said = run("cache", "gc", "--keep", "0", *where)
    assert said.code == 0
    assert said.out.startswith("2 deleted")  # the rows, and the graph that made them
    assert run("cache", "ls", *where).out.startswith("nothing is stored")


def test_a_size_below_nothing(store: Path, run: Run) -> None:
    said = run("cache", "gc", "--keep", "-1", "--cache-dir", str(store))
    assert said.code == 2
    assert said.fix == f"warmstart cache gc --keep 20.0 --cache-dir {store}"


def test_no_word_is_answered_with_help(run: Run) -> None:
    said = run("cache")
    assert said.code == 2
    assert said.out.startswith("Usage: warmstart cache")
    assert "Error" not in said.err
