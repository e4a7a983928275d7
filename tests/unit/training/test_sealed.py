import os
import struct
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from warmstart.errors import TrainingError
from warmstart.training.sealed import read_sealed, write_sealed

TENSORS = {
    "weight": torch.arange(12, dtype=torch.float32).reshape(3, 4),
    "count": torch.tensor(7),
    "half": torch.ones(3, dtype=torch.bfloat16),
}
CARD = {"epoch": 3, "text": 'a "quoted" "sha256":"' + "0" * 64 + '" word', "loss": float("inf")}


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("sealed") / "file.safetensors"
    write_sealed(path, TENSORS, CARD)
    return path.read_bytes()


def test_what_is_written_reads_back(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    write_sealed(path, TENSORS, CARD)
    tensors, card = read_sealed(path)
    assert card == CARD
    assert tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert tensors[name].dtype == tensor.dtype
        assert torch.equal(tensors[name], tensor)


def test_any_reader_of_safetensors_opens_it(tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    write_sealed(path, TENSORS, CARD)
    assert torch.equal(load_file(path)["weight"], TENSORS["weight"])


def test_tensors_that_share_memory_are_written(tmp_path: Path) -> None:
    path, whole = tmp_path / "file.safetensors", torch.arange(6.0)
    write_sealed(path, {"whole": whole, "part": whole[2:], "across": whole.view(2, 3).T}, {})
    tensors, _ = read_sealed(path)
    assert torch.equal(tensors["part"], whole[2:])
    assert torch.equal(tensors["across"], whole.view(2, 3).T)


def test_every_flipped_bit_is_found(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    for position in range(len(whole)):
        changed = bytearray(whole)
        changed[position] ^= 1 << position % 8
        path.write_bytes(changed)
        with pytest.raises(TrainingError, match="damaged") as error:
            read_sealed(path)
        assert str(path) in error.value.what
        assert str(path) in error.value.fix


def test_a_file_that_is_cut_short_or_grown_is_refused(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    for content in (*(whole[:length] for length in range(len(whole))), whole + b"x"):
        path.write_bytes(content)
        with pytest.raises(TrainingError, match="damaged"):
            read_sealed(path)


def test_zeros_in_place_of_the_sum_do_not_pass(whole: bytes, tmp_path: Path) -> None:
    start = whole.index(b'"sha256":"') + len(b'"sha256":"')
    path = tmp_path / "file.safetensors"
    path.write_bytes(whole[:start] + b"0" * 64 + whole[start + 64 :])
    with pytest.raises(TrainingError):
        read_sealed(path)


def test_a_header_longer_than_the_file_is_refused(whole: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file.safetensors"
    path.write_bytes(struct.pack("<Q", 2**62) + whole[8:])
    with pytest.raises(TrainingError):
        read_sealed(path)


def test_a_writing_that_fails_names_the_file_and_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file.safetensors"
    write_sealed(path, TENSORS, CARD)
    before = path.read_bytes()

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(TrainingError, match="No space left") as error:
        write_sealed(path, {}, {})
    assert "free some space" in error.value.fix
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
