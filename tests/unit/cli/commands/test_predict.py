import csv
import io
import re
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Place, Run, write_photos

from warmstart import ConvLearner, ImageClassifierData, tfms_from_model


def test_a_line_per_picture(place: Place, run: Run) -> None:
    said = run("predict", str(place.model), "dogscats/cat/03.png", "dogscats/dog")
    assert said.code == 0
    assert said.err == ""
    lines = [line.split("\t") for line in said.out.splitlines()]
    names = ["dogscats/cat/03.png", *(f"dogscats/dog/{i:02d}.png" for i in range(12))]
    assert [name for name, _, _ in lines] == names
    assert {label for _, label, _ in lines} <= {"cat", "dog"}
    assert all(
        re.fullmatch(r"[01]\.\d{4}", chance) and float(chance) >= 0.5 for *_, chance in lines
    )


def test_a_csv_holds_every_probability(place: Place, run: Run) -> None:
    model = str(place.model)
    said = run("predict", model, "dogscats", "--csv", "new/out.csv")
    assert said.out == f"24 rows in {Path('new/out.csv')}\n"
    text = Path("new/out.csv").read_text()
    rows = list(csv.DictReader(io.StringIO(text)))
    assert len(rows) == 24
    for row in rows:
        probabilities = {name: float(row[name]) for name in ("cat", "dog")}
        assert sum(probabilities.values()) == pytest.approx(1)
        assert row["predicted"] == max(probabilities, key=lambda name: probabilities[name])
    shown = run("predict", model, "dogscats", "--csv", "-")
    assert shown.out.splitlines() == text.splitlines()


def spoil(place: Place, *names: str) -> None:
    for name in names:
        (place.photos / name).write_bytes(b"no image")


def test_all_unreadable_pictures_are_listed_and_the_others_named(place: Place, run: Run) -> None:
    spoil(place, "cat/01.png", "dog/11.png")
    said = run("predict", str(place.model), "dogscats")
    assert said.code == 1
    assert "2 images cannot be decoded" in said.err
    assert "dogscats/cat/01.png: " in said.err
    assert "dogscats/dog/11.png: " in said.err
    assert len(said.out.splitlines()) == 22
    assert "cat/01.png" not in said.out
    assert said.fix == "replace them; 22 other image(s) were read."


def test_nothing_but_unreadable_pictures(place: Place, run: Run) -> None:
    spoil(place, "cat/01.png")
    said = run("predict", str(place.model), "dogscats/cat/01.png")
    assert said.code == 1
    assert said.out == ""
    assert "dogscats/cat/01.png: " in said.err


def test_a_published_model_names_three_classes(place: Place, run: Run) -> None:
    said = run("predict", "tf_efficientnet_lite0", "dogscats/cat/03.png")
    assert said.code == 0
    [line] = said.out.splitlines()
    name, *answers = line.split("\t")
    assert name == "dogscats/cat/03.png"
    probabilities = [float(chance) for chance in answers[1::2]]
    assert len(probabilities) == 3
    assert probabilities == sorted(probabilities, reverse=True)


def test_neither_a_folder_nor_an_architecture(place: Place, run: Run) -> None:
    said = run("predict", "tf_eficientnet_lite0", "dogscats")
    assert said.code == 1
    assert "neither a folder here nor an architecture" in said.err
    assert said.fix == "warmstart predict tf_efficientnet_lite0 dogscats"


def test_law_14_tta_is_that_of_the_learner(place: Place, run: Run) -> None:
    (place.photos / "cat").rename(place.home / "test")
    for split in ("train", "valid"):
        write_photos(place.home / "split" / split, 6)
    (place.home / "test").rename(place.home / "split" / "test")
    tfms = tfms_from_model("tf_efficientnet_lite0", 32, aug_tfms="side_on", max_zoom=1.1)
    data = ImageClassifierData.from_paths("split", tfms)
    learn = ConvLearner.pretrained("tf_efficientnet_lite0", data, precompute=2, quiet=True)
    learn.fit(0.01, 1)
    learn.save("model")
    words = ("predict", "model", "split/test", "--csv", "out.csv")
    for more, mean in (
        (("--tta", "3"), learn.TTA(3, "test")),
        (("--tta", "1", "--plain-weight", "0.8"), learn.TTA(1, "test", plain_weight=0.8)),
    ):
        assert run(*words, *more).code == 0
        rows = list(csv.DictReader(io.StringIO(Path("out.csv").read_text())))
        found = [[float(row[name]) for name in learn.data.classes] for row in rows]
        assert found == mean.probabilities.tolist()
        assert [row["name"] for row in rows] == [f"split/{name}" for name in mean.rows]


def test_tta_straight_after_a_plain_training(place: Place, run: Run) -> None:
    """C10: README's own command."""
    words = ["predict", str(place.model), "dogscats/cat/03.png", "--csv", "-"]
    said = run(*words, "--tta", "4")
    assert said.code == 0, said.err
    assert 'note: the views of TTA differ by "basic"' in said.err
    assert run(*words, "--tta", "4", "--augment", "basic").out == said.out
    assert run(*words).out != said.out
    said = run("predict", str(place.model), "dogscats", "--augment", "basic")
    assert said.code == 2
    assert said.fix.endswith("--tta 4")


def test_top_names_the_runners_up(place: Place, run: Run) -> None:
    said = run("predict", str(place.model), "dogscats/cat/03.png", "--top", "2")
    assert sorted(said.out.rstrip().split("\t")[1::2]) == ["cat", "dog"]


def test_a_stopped_csv_is_gone_on_with(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from warmstart.cli.run import predicting

    spoil(place, "cat/01.png", "dog/11.png")
    monkeypatch.setattr(predicting, "PART_ROWS", 5)
    whole = run("predict", str(place.model), "dogscats", "--csv", "whole.csv")
    assert whole.code == 1
    asked: list[int] = []
    readable = predicting.predict_readable

    def stopping(named: predicting.Named, files: list[Path]) -> object:
        asked.append(len(files))
        if len(asked) == 3:
            raise KeyboardInterrupt
        return readable(named, files)

    with monkeypatch.context() as patched:
        patched.setattr(predicting, "predict_readable", stopping)
        stopped = run("predict", str(place.model), "dogscats", "--csv", "out.csv")
    assert stopped.code != 0
    assert "10 of 24 are kept: the same command goes on" in stopped.err
    assert not Path("out.csv").exists()
    done = run("predict", str(place.model), "dogscats", "--csv", "out.csv")
    assert "goes on after 10 of 24 pictures" in done.err
    assert "2 images cannot be decoded" in done.err
    assert Path("out.csv").read_bytes() == Path("whole.csv").read_bytes()
    assert not list(Path().glob("out.csv.part*"))


@pytest.mark.parametrize("size", [1, 5, 100])
def test_parts_change_no_line(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    from warmstart.cli.run import predicting

    words = ("predict", str(place.model), "dogscats", "--tta", "1", "--csv", "-")
    wanted = run(*words).out
    monkeypatch.setattr(predicting, "PART_ROWS", size)
    said = run(*words)
    assert said.out == wanted
    assert said.err.count("the views of TTA differ") <= 1
