"""warmstart report: the page that train wrote, from what the run left."""

import html
import json
import shlex
import shutil
from pathlib import Path

import pytest
from tests.unit.cli.conftest import SMALL, Place, Run, write_photos

from warmstart.cli.run.config import RunConfig
from warmstart.cli.run.report import command
from warmstart.cli.run.settings import TrainSettings
from warmstart.results.step_record import StepRecord, steps_to_jsonl


@pytest.fixture
def made(place: Place, tmp_path: Path) -> Path:
    """A copy of a finished run; its photos are where they were."""
    return shutil.copytree(place.model.parent, tmp_path / "copy")


def test_law_14_the_page_of_train_and_of_report_are_the_same(run: Run, place: Place) -> None:
    there = place.model.parent
    before = (there / "report.html").read_bytes()
    said = run("report", str(there), "--out", "again.html")
    assert (said.code, said.out) == (0, "report:     again.html\n")
    # the title is the run's name; where its model lies is said, and this is the same run
    assert Path("again.html").read_bytes() == before


def test_it_is_written_into_the_run_and_tells_its_steps(run: Run, made: Path) -> None:
    step = StepRecord(1, "Train the head", "Why not.", 1.0, 0.5, 0.1, 0.0, 0.2, 4, True, "")
    (made / "steps.jsonl").write_text(steps_to_jsonl([step]))
    (made / "report.html").unlink()
    assert run("report", str(made), "--pictures", "pictures").code == 0
    text = (made / "report.html").read_text(encoding="utf-8")
    assert "gain <strong>+10.0 points</strong> (+0.0 to +20.0)" in text
    assert (Path("pictures") / "gallery-1.png").exists()


def test_without_the_photos_there_is_a_page_that_says_so(run: Run, made: Path) -> None:
    recipe = made / "recipe.toml"
    home = json.loads(next(line.partition(" = ")[2] for line in recipe.read_text().splitlines()
                           if line.startswith("source")))  # fmt: skip
    recipe.write_text(recipe.read_text().replace(home, home + "-moved"))
    assert run("report", str(made), "--out", "bare.html").code == 0
    text = Path("bare.html").read_text(encoding="utf-8")
    assert "photos to be shown cannot be read" in text
    assert "No such file or directory" in text
    assert "<img" not in text
    assert "Confusion matrix" in text
    assert "such a map shows groups where there are none" in text
    assert f"warmstart predict {shlex.quote(str(made.resolve() / 'model'))} photo.jpg" in (
        html.unescape(text)
    )


def test_what_is_no_finished_run_is_told(run: Run, made: Path) -> None:
    said = run("report", str(made / "model"))
    assert said.code == 1
    assert "not the folder of a run" in said.err
    (made / "history.jsonl").unlink()
    said = run("report", str(made))
    assert said.code == 1
    assert "has no history.jsonl" in said.err
    recipe = made / "recipe.toml"
    recipe.write_text(recipe.read_text().partition("[result]")[0] + "[result]\n")
    said = run("report", str(made))
    assert said.code == 1
    assert said.fix == f"warmstart train --resume {made}"


@pytest.mark.parametrize("flag", ["--out", "--pictures"])
def test_nothing_is_written_among_the_photos(run: Run, made: Path, place: Place, flag: str) -> None:
    recipe = made / "recipe.toml"
    lines = [f"source = {json.dumps(str(place.photos))}" if line.startswith("source") else line
             for line in recipe.read_text().splitlines()]  # fmt: skip
    recipe.write_text("\n".join(lines))
    said = run("report", str(made), flag, str(place.photos / "x.html"))
    assert said.code == 2
    assert "lies in the data folder" in said.err
    assert not (place.photos / "x.html").exists()


def test_train_can_leave_the_report_out(run: Run, place: Place) -> None:
    said = run("train", str(place.photos), "--lr", "0.01", *SMALL, "--out", "bare")
    assert said.code == 0
    assert "report:" not in said.out
    assert not Path("bare/report.html").exists()


def test_many_labels_and_odd_names_come_back_as_they_were(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_photos(tmp_path / "photos", 8)
    lines = ["name,labels"]
    for kind in ("cat", "dog"):
        for i in range(8):
            labels = [kind] + ["<b>odd</b>"] * (i % 2)
            lines.append(f"photos/{kind}/{i:02d}.png,{';'.join(labels)}")
    Path("labels.csv").write_text("\n".join(lines))
    said = run(
        "train", "labels.csv", "--label-sep", ";", "--lr", "0.01", *SMALL, "--size", "64",
        "--report", "--out", "many", "--cache-dir", "cache",
    )  # fmt: skip
    assert said.code == 0, said.err
    page = Path("many/report.html").read_bytes()
    assert b"have every label right" in page
    assert b"&lt;b&gt;odd&lt;/b&gt;" in page
    assert b"<b>odd" not in page
    assert b"Missing." not in page
    assert run("report", "many", "--out", "again.html", "--cache-dir", "cache").code == 0
    assert Path("again.html").read_bytes() == page


def test_the_command_has_what_is_not_the_default() -> None:
    asked = TrainSettings("my photos", epochs=7, precompute=False, lr=0.5, cache_dir="/x")
    assert command(RunConfig(asked)) == (
        "warmstart train 'my photos' --no-precompute --epochs 7 --lr 0.5"
    )
    assert command(RunConfig(TrainSettings("photos"), {"lr": 0.1})) == "warmstart train photos"
