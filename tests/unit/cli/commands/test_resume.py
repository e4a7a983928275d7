"""`warmstart train --resume RUN`: the bits of a run that was never stopped (law 8)."""

import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.unit.cli.conftest import Killed, Place, Run, die_at

from warmstart.cli.main import main
from warmstart.training.checkpoint import Checkpoint, Progress

TRAIN = ["train", "dogscats", "--size", "32", "--bs", "8", "--epochs", "3"]
SAME = ["predictions.csv", "model/weights.safetensors", "model/model.json", "recipe.toml"]


def files(run: Path) -> dict[str, bytes]:
    home = str(run.resolve().parent).encode()
    return {name: (run / name).read_bytes().replace(home, b"HOME") for name in SAME}


def always_due(_checkpoint: Checkpoint) -> bool:
    return True


@pytest.fixture(scope="session")  # as long as the folder lives that it trains in
def never_stopped(trained: Place) -> dict[str, bytes]:
    """What a run leaves that is never stopped."""
    home = trained.home
    with pytest.raises(SystemExit) as stopped:
        main(["train", str(trained.photos), *TRAIN[2:], "--out", str(home / "whole")])
    assert stopped.value.code == 0
    return files(home / "whole")


@pytest.fixture
def whole(place: Place, never_stopped: dict[str, bytes]) -> dict[str, bytes]:
    """The same, in a folder of the test's own."""
    return never_stopped


@pytest.fixture
def stop(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run until something is called for the n-th time, and die there."""

    def until(target: str, number: int, error: type[BaseException] = Killed) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Checkpoint, "is_due", always_due)
            calls = die_at(patch, target, number, error)
            with pytest.raises((Killed, SystemExit)):
                main([*TRAIN, "--out", "run"])
        assert calls() == number

    return until


@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("warmstart.learner.fitting.lr_range_test", 1),  # before there is a rate
        ("warmstart.training.checkpoint.Checkpoint.save", 1),  # before the first checkpoint
        ("warmstart.training.checkpoint.Checkpoint.save", 2),  # in the first epoch
        ("warmstart.training.checkpoint.Checkpoint.save", 6),  # in the second
        ("warmstart.cli.run.folder.RunFolder.write_history", 1),  # between the model and the rest
        ("warmstart.cli.run.folder.RunFolder.write_environment", 1),  # before the run is finished
    ],
)
def test_a_killed_run_ends_as_one_that_was_not(
    target: str, number: int, whole: dict[str, bytes], stop: Callable[..., None], run: Run
) -> None:
    stop(target, number)
    said = run("train", "--resume", "run")
    assert said.code == 0, said.err
    assert files(Path("run")) == whole
    again = run("train", "--resume", "run")
    assert again.code == 0
    assert "run is finished: accuracy" in again.out
    assert "epoch" not in again.out
    assert files(Path("run")) == whole


def test_steps_that_were_done_are_not_done_again(
    whole: dict[str, bytes],
    stop: Callable[..., None],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop("warmstart.training.checkpoint.Checkpoint.save", 7)
    saved: list[tuple[int, int]] = []
    real = Checkpoint.save

    def remember(self: Checkpoint, progress: Progress) -> None:
        saved.append((progress.epoch, progress.step))
        real(self, progress)

    monkeypatch.setattr(Checkpoint, "save", remember)
    monkeypatch.setattr(Checkpoint, "is_due", always_due)
    assert run("train", "--resume", "run").code == 0
    assert saved[0] > (1, 0)  # the seventh save is in the second epoch


def test_ctrl_c_says_how_to_go_on(
    whole: dict[str, bytes], stop: Callable[..., None], run: Run, capfd: pytest.CaptureFixture[str]
) -> None:
    capfd.readouterr()
    stop("warmstart.learner.fitting.fit_module", 1, KeyboardInterrupt)
    err = capfd.readouterr().err
    assert err.endswith("Stopped. Go on with: warmstart train --resume run\n")
    words = shlex.split(err.rpartition(": ")[2])
    assert run(*words[1:]).code == 0
    assert files(Path("run")) == whole


def test_ctrl_c_before_anything_was_computed(
    whole: dict[str, bytes], stop: Callable[..., None], run: Run
) -> None:
    stop("warmstart.cli.run.training.build_learner", 1, KeyboardInterrupt)
    assert run("train", "--resume", "run").code == 0
    assert files(Path("run")) == whole


@pytest.mark.parametrize(
    "words",
    [
        ["--epochs", "4"],
        ["--lr", "0.3"],
        ["--no-precompute"],
        ["--arch", "resnet18"],
        ["--size", "64"],
        ["--out", "other"],
        ["other"],
    ],
)
def test_an_option_that_contradicts_is_an_error(words: list[str], place: Place, run: Run) -> None:
    said = run("train", "--resume", str(place.model.parent), *words)
    assert said.code == 2
    assert said.fix == f"warmstart train --resume {place.model.parent}"


def test_options_that_say_the_same_are_none(trained: Place, run: Run) -> None:
    said = run(
        "train", str(trained.photos), "--resume", str(trained.home / "run"),
        "--size", "32", "--epochs", "1", "--lr", "0.01", "--seed", "0",
        "--out", str(trained.home / "run"),
    )  # fmt: skip
    assert said.code == 0, said.err


def test_images_that_changed_are_not_gone_on_with(
    place: Place, stop: Callable[..., None], run: Run
) -> None:
    stop("warmstart.training.checkpoint.Checkpoint.save", 2)
    photo = place.photos / "cat" / "00.png"
    photo.write_bytes((place.photos / "cat" / "01.png").read_bytes())
    said = run("train", "--resume", "run")
    assert said.code == 1
    assert "its images changed" in said.err


def test_a_run_goes_on_from_any_folder(
    place: Place,
    whole: dict[str, bytes],
    stop: Callable[..., None],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stop("warmstart.training.checkpoint.Checkpoint.save", 2)
    (place.home / "elsewhere").mkdir()
    monkeypatch.chdir(place.home / "elsewhere")
    assert run("train", "--resume", "../run").code == 0
    assert files(Path("../run")) == whole


@pytest.mark.parametrize("text", ["[train", "[chosen]\n", "[train]\nsource = 'a'\ncolour = 1\n"])
def test_a_recipe_that_cannot_be_read(text: str, place: Place, run: Run) -> None:
    (place.home / "run").mkdir()
    (place.home / "run" / "recipe.toml").write_text(text)
    said = run("train", "--resume", "run")
    assert said.code == 1
    assert "recipe.toml cannot be read" in said.err
