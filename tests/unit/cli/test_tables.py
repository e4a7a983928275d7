"""Strangers' tables and folders in the shell: understood and said, or a fix that works."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Place, Run

from warmstart import ImageClassifierData, tfms_from_model

ARCH = "tf_efficientnet_lite0"
SHOW = ["show", "T.csv", "--size", "32", "--rows", "2", "--views", "0", "--out", "shown.png"]


def table(place: Place, line: Callable[[Path, str], str], titles: str, name: str = "T.csv") -> None:
    files = sorted(place.photos.glob("*/*.png"))
    lines = [line(path.relative_to(place.home), path.parent.name) for path in files]
    path = place.home / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("\n".join([titles, *lines]), encoding="utf-8")


def test_a_name_column_is_found_or_given(place: Place, run: Run) -> None:
    table(place, lambda path, label: f"{label},{path},1", "what,file,x")
    said = run(*SHOW)
    assert said.code == 0, said.err
    assert "note: names of files are read from the column file" in said.err
    (place.home / "shown.png").unlink()  # a picture beside the table makes data of this folder
    assert run(*SHOW, "--name-column", "file", "--label-column", "0").code == 0
    (place.home / "shown.png").unlink()
    table(place, lambda path, label: f"{label},{path},{path}", "what,file,again")
    asked = run(*SHOW)
    assert asked.code == 2
    assert "--name-column file" in asked.fix
    assert run(*shlex.split(asked.fix)[1:], "--label-column", "what").code == 0


@pytest.mark.parametrize("folder", ["../dogscats", "dogscats", "ABSOLUTE"])
def test_a_folder_may_lie_anywhere(place: Place, run: Run, folder: str) -> None:
    table(place, lambda path, label: f"{label}/{path.name},{label}", "n,l", "tables/T.csv")
    folder = str(place.photos) if folder == "ABSOLUTE" else folder
    words = ["show", "tables/T.csv", *SHOW[2:], "--folder", folder]
    assert run(*words).code == 0
    among = run(*words[:-4], "--out", "dogscats/x.png", "--folder", folder)
    assert among.code == 2
    assert "where nothing is ever written" in among.err  # law 13


def test_the_fix_of_another_encoding_works(place: Place, run: Run) -> None:
    table(place, lambda path, label: f"{path},{label}ö", "name,größe")
    content = (place.home / "T.csv").read_text("utf-8")
    (place.home / "T.csv").write_bytes(content.encode("cp1252"))
    said = run(*SHOW)
    assert said.code == 1
    assert "--encoding cp1252" in said.fix
    assert run(*shlex.split(said.fix)[1:]).code == 0
    (place.home / "shown.png").unlink()
    (place.home / "T.csv").write_bytes(content.encode("utf-16"))
    assert run(*SHOW).code == 0


def test_evaluate_takes_one_row_and_the_split_in_any_words(place: Place, run: Run) -> None:
    """The split column is not read as the label, and training's rules do not apply."""
    table(place, lambda path, label: f"{path},{'Val' if path.stem == '03' else 'Train'},{label}",
          "file,s,what")  # fmt: skip
    words = ["evaluate", str(place.model), "T.csv", "--with-training-rows", "--split-column", "s"]
    said = run(*words)
    assert said.code == 0, said.err
    assert "n = 2)" in said.out
    assert "22 row(s) of other parts are not judged" in said.out
    (place.home / "T.csv").write_text("file,what\ndogscats\\cat\\03.png , cat")
    one = run(*words[:4])
    assert one.code == 0, one.err
    assert "n = 1)" in one.out
    assert "read with / between folders" in one.out


def test_val_beside_train_is_taken_in_python_as_in_the_shell(
    place: Place, run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    for part, names in (("train", range(8)), ("val", range(8, 12))):
        for label in ("cat", "dog"):
            (place.photos / part / label).mkdir(parents=True)
            for i in names:
                place_of = place.photos / label / f"{i:02d}.png"
                place_of.rename(place.photos / part / label / place_of.name)
    for label in ("cat", "dog"):
        (place.photos / label).rmdir()
    said = run("show", "dogscats", *SHOW[2:])
    assert said.code == 0, said.err
    assert "note: valid images are read from the folder val" in said.err
    judged = run("evaluate", str(place.model), "dogscats")
    assert judged.code == 0, judged.err
    assert "8 pictures of 2 classes in dogscats/val" in judged.out
    data = ImageClassifierData.from_paths(place.photos, tfms_from_model(ARCH, 32))
    assert data.table.counts()["valid"] == {"cat": 4, "dog": 4}
    assert "note: valid images are read from the folder val" in capfd.readouterr().err


def test_python_says_what_the_shell_says(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    """A19: spellings, and classes that no validation row has."""
    (place.photos / "notes.txt").touch()
    lines = [f"cat/{i:02d}.png,{'HAPPINESS' if i % 2 else 'happiness'},p" for i in range(8)]
    lines += [f"dog/{i:02d}.png,sad,q{i}" for i in range(8)]
    (place.photos / "T.csv").write_text("\n".join(["name,label,who", *lines]))
    tfms = tfms_from_model(ARCH, 32)
    csv = (place.photos, "", place.photos / "T.csv", tfms)
    data = ImageClassifierData.from_csv(*csv, group="who")
    told = capsys.readouterr().err
    assert "note: classes that differ in case only: HAPPINESS and happiness" in told
    assert "note: 2 class(es) have no validation image: HAPPINESS (4 in train), happiness" in told
    assert "left out: 1 × not an image suffix: .txt (first: notes.txt)" in told
    ImageClassifierData.from_csv(*csv, group="who", quiet=True)
    assert capsys.readouterr().err == ""
    assert any("differ in case only" in note for note in data.table.notes)
