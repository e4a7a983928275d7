"""Pictures that trained a model do not judge it unnoticed: recognised, counted, said."""

import hashlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save

from warmstart.data import seen_images
from warmstart.data.labelled import Labelled
from warmstart.data.seen_images import SeenImages, keys_of
from warmstart.data.table import Exclusion
from warmstart.errors import DataError, ModelFolderError
from warmstart.inference.evaluation import CANNOT_TELL, ONLY_SOME, TRAINED, evaluate_labelled
from warmstart.inference.seen_file import SEEN, read_seen, seen_file
from warmstart.results.predictions import Predictions

LOOSE = Exclusion("x.png", "not in a class folder")


def hashes(*names: str) -> list[bytes]:
    return [hashlib.sha256(name.encode()).digest() for name in names]


def given(folder: Path, *names: str) -> Labelled:
    for name in names:
        (folder / name).write_bytes(name.encode())
    labels = np.arange(len(names), dtype=np.int64) % 2
    return Labelled(tuple(folder / name for name in names), labels, ("some pictures",), (LOOSE,))


def predict(paths: Sequence[Path]) -> Predictions:
    probabilities = np.full((len(paths), 2), 0.5)
    return Predictions(tuple(map(str, paths)), probabilities, np.full(len(paths), -1), ("a", "b"))


def judged(
    labelled: Labelled, seen: SeenImages | None, *, with_training_rows: bool = False
) -> Predictions:
    return evaluate_labelled(predict, labelled, seen, with_training_rows=with_training_rows)


def test_what_trained_is_left_out_unless_asked_for(tmp_path: Path) -> None:
    labelled = given(tmp_path, "p", "q", "r", "s")
    seen = SeenImages().joined(hashes("q", "s", "elsewhere"))
    found = judged(labelled, seen)
    assert found.rows == (str(tmp_path / "p"), str(tmp_path / "r"))
    assert found.labels.tolist() == [0, 0]
    assert "2 of 4 pictures are left out: the model was trained on them" in found.notes[1]
    assert found.left_out[0] == ("x.png", "not in a class folder")
    assert [reason for _, reason in found.left_out[1:]] == [TRAINED, TRAINED]
    assert found.chosen_on_these == ()
    every = judged(labelled, seen, with_training_rows=True)
    assert len(every.rows) == 4
    assert every.chosen_on_these == ("the model itself",)
    assert "2 of 4 pictures are judged though the model" in every.notes[-1]


def test_strangers_are_judged_without_a_word(tmp_path: Path) -> None:
    for insists in (False, True):
        found = judged(
            given(tmp_path, "p"), SeenImages().joined(hashes("z")), with_training_rows=insists
        )
        assert found.notes == ("some pictures",)
        assert found.chosen_on_these == ()


def test_where_all_trained_the_fix_is_to_insist(tmp_path: Path) -> None:
    seen = SeenImages().joined(hashes("p", "q"))
    with pytest.raises(DataError, match="on all of these 2 pictures") as error:
        judged(given(tmp_path, "p", "q"), seen)
    assert error.value.flags == ("--with-training-rows",)


def test_what_chose_is_judged_and_marked(tmp_path: Path) -> None:
    """Law 15, for a model that was saved and is loaded."""
    seen = SeenImages().joined(hashes("p")).joined(hashes("q"), "the best epoch")
    found = judged(given(tmp_path, "p", "q", "r"), seen)
    assert len(found.rows) == 2
    assert found.chosen_on_these == ("the best epoch",)
    assert judged(given(tmp_path, "p", "r"), seen).chosen_on_these == ()


def test_a_model_that_cannot_tell_says_so(tmp_path: Path) -> None:
    found = judged(given(tmp_path, "p"), None)
    assert found.notes[-1] == CANNOT_TELL


def test_fits_add_up_in_any_order() -> None:
    first, second = hashes("p", "q", "p"), hashes("q", "r")
    found = SeenImages().joined(first).joined(second).joined(hashes("s"), "the best epoch")
    assert found.trained.tolist() == sorted({*keys_of(first).tolist(), *keys_of(second).tolist()})
    again = SeenImages().joined(hashes("s"), "the best epoch").joined(second).joined(first)
    assert seen_file(again) == seen_file(found)


def test_its_size_is_bounded_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(seen_images, "MOST_KEPT", 2)
    names = ("p", "q", "r")
    found = SeenImages().joined(hashes("p")).joined(hashes("q", "r"))
    assert found.trained.tolist() == sorted(keys_of(hashes(*names)).tolist())[:2]
    assert not found.is_whole
    assert not found.joined(()).is_whole
    partly = judged(given(tmp_path, *names), found)
    assert len(partly.rows) == 1
    assert partly.notes[-1] == ONLY_SOME


def test_a_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    seen = SeenImages().joined(hashes("p", "q")).joined(hashes("r"), "the best epoch")
    content, entry = seen_file(seen)
    (tmp_path / SEEN).write_bytes(content)
    found = read_seen(tmp_path, entry)
    assert found is not None
    assert seen_file(found) == (content, entry)
    assert read_seen(tmp_path, None) is None


@pytest.mark.parametrize(
    "damage",
    ["gone", "folder", "changed", "cut", "long", "other tensors"],
)
def test_another_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    content, entry = seen_file(SeenImages().joined(hashes("p", "q")))
    about = entry
    file = tmp_path / SEEN
    file.write_bytes(content)
    if damage in {"gone", "folder"}:
        file.unlink()
    if damage == "folder":
        file.mkdir()
    if damage == "changed":
        file.write_bytes(content[:-1] + b"?")
    if damage == "cut":
        file.write_bytes(content[:-1])
    if damage == "long":
        monkeypatch.setattr("warmstart.inference.seen_file.MOST_BYTES", len(content) - 1)
    if damage == "other tensors":
        content = save({"trained": np.zeros(2), "chose": np.zeros((1, 1))})
        file.write_bytes(content)
        about = replace(entry, sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(ModelFolderError, match=SEEN):
        read_seen(tmp_path, about)


def test_labels_stay_with_their_pictures(tmp_path: Path) -> None:
    labelled = given(tmp_path, "p", "q", "r")
    many = replace(labelled, labels=np.array([[0, 1], [1, 0], [1, 1]]))
    found = judged(many, SeenImages().joined(hashes("q")))
    assert found.labels.tolist() == [[0, 1], [1, 1]]
