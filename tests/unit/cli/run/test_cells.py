"""C15: whatever classes are called, a cell of several says which."""

import csv
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.cli.conftest import Run, write_photos

from warmstart.cli.run.cells import labels_cell, names_in

NAMES = st.lists(st.text('a|["] \\,', min_size=1, max_size=4), min_size=1, unique=True)


@given(classes=NAMES, data=st.data())
def test_a_cell_is_read_as_it_was_written(classes: list[str], data: st.DataObject) -> None:
    names = data.draw(st.lists(st.sampled_from(classes), unique=True))
    assert names_in(labels_cell(names, classes), classes) == names


@pytest.mark.parametrize(
    ("cell", "names"),
    [
        ("", []),
        ("cat", ["cat"]),
        ("cat|dog", ["cat", "dog"]),
        ("cat|black|white", ["cat", "black|white"]),
    ],
)
def test_cells_of_earlier_versions_are_read(cell: str, names: list[str]) -> None:
    assert names_in(cell, ["black|white", "cat", "dog"]) == names


def test_what_is_no_class_is_refused() -> None:
    with pytest.raises(ValueError, match="'emu' is no class"):
        names_in("cat|emu", ["cat", "dog"])


def test_a_run_with_bars_in_its_classes_is_trained_reported_and_compared(
    run: Run, tmp_path: Path
) -> None:
    photos = write_photos(tmp_path / "photos", 12)
    files = sorted(photos.glob("*/*.png"))
    labels = ["cat|dog;red" if path.parent.name == "cat" else "[blue];cat|dog" for path in files]
    labels[0] = "red"
    lines = [f"{path},{label}" for path, label in zip(files, labels, strict=True)]
    (tmp_path / "t.csv").write_text("\n".join(["name,label", *lines]))
    words = [str(tmp_path / "t.csv"), "--size", "32", "--epochs", "1", "--label-sep", ";"]
    out, cache = tmp_path / "run", ["--cache-dir", str(tmp_path / "cache")]
    said = run("train", *words, "--lr", "0.1", *cache, "--out", str(out))
    assert said.code == 0, said.err
    with (out / "predictions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    of = dict(zip(map(str, files), labels, strict=True))
    for row in rows:
        name = str(Path("/") / row["name"]) if row["name"].startswith("/") else row["name"]
        true = of.get(name) or of[str(tmp_path / name)]
        assert sorted(names_in(row["label"], ["[blue]", "cat|dog", "red"])) == sorted(
            true.split(";")
        )
        called = [name for name in ("[blue]", "cat|dog", "red") if float(row[name]) > 0.5]
        assert names_in(row["predicted"], ["[blue]", "cat|dog", "red"]) == called
    assert np.isfinite([float(row["red"]) for row in rows]).all()
    other = shutil.copytree(out, out.with_name("other"))
    assert run("compare-runs", str(out), str(other)).code == 0
    assert run("predict", str(out / "model"), str(files[0]), "--csv", "-").code == 0
