"""A head whose rows stay in the store: the head of rows that are held, and what is recorded."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.unit.learner.conftest import squares

from warmstart import ConvLearner, ImageClassifierData, SettingError
from warmstart.images.augment import Augmentation
from warmstart.learner import head_fit
from warmstart.learner.row_blocks import SETTING, head_memory, is_streamed
from warmstart.training.sealed import read_sealed

Make = Callable[..., ConvLearner]
Two = Callable[[Callable[[], Any]], tuple[Any, Any]]
VIEWS = Augmentation("test", 20, 0.1, flip="side_on")
AWAY = 1e-4  # of probabilities: what the solver's tolerance leaves open

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def held_and_streamed(monkeypatch: pytest.MonkeyPatch) -> Two:
    """The same twice: with rows that are held, and with rows that stay in the store."""

    def run(what: Callable[[], Any]) -> tuple[Any, Any]:
        monkeypatch.delenv(SETTING, raising=False)
        held = what()
        monkeypatch.setenv(SETTING, "0")
        return held, what()

    return run


def close(one: Any, other: Any) -> bool:
    assert one.rows == other.rows
    return bool(np.abs(one.probabilities - other.probabilities).max() < AWAY)


@pytest.mark.parametrize("precompute", [True, 2, False])
@pytest.mark.parametrize("balance", [None, "weights"])
def test_it_is_the_head_of_rows_that_are_held(
    make: Make, held_and_streamed: Two, precompute: bool | int, balance: str | None
) -> None:
    def fitted() -> ConvLearner:
        learn = make(precompute=precompute, aug_tfms=VIEWS if precompute == 2 else None)
        table = learn.data.table
        groups = tuple(f"patient {row // 2}" for row in range(len(table)))
        learn.set_data(replace(learn.data, table=replace(table, groups=groups)))
        learn.fit_head("logistic", balance=balance)
        return learn

    held, streamed = held_and_streamed(fitted)
    one, two = held.history.head_fits[-1], streamed.history.head_fits[-1]
    assert (one.is_streamed, two.is_streamed) == (False, True)
    assert "read from the store" not in str(one)
    assert "rows were read from the store in each pass" in str(two)
    assert (one.penalty, one.features, one.num_folds) == (two.penalty, two.features, two.num_folds)
    assert two.train_loss == pytest.approx(one.train_loss, abs=1e-4)
    assert close(held.predict(), streamed.predict())
    assert close(held.out_of_fold, streamed.out_of_fold)
    assert np.array_equal(held.out_of_fold.folds, streamed.out_of_fold.folds)


def test_images_with_many_labels(make: Make, held_and_streamed: Two) -> None:
    learn = make()
    (x, y), (valid_x, valid_y) = squares(30, 1), squares(12, 2)
    many, valid = (np.stack([each == 0, each != 1], axis=1).astype(np.int64)
                   for each in (y, valid_y))  # fmt: skip
    data = ImageClassifierData.from_arrays((x, many), (valid_x, valid), learn.data.tfms, 8)

    def fitted() -> ConvLearner:
        several = ConvLearner.pretrained(
            lambda: learn.model.backbone, data, True, pretrained=False, device="cpu",
            quiet=True, cache_dir=learn.state.parts.cache_dir,
        )  # fmt: skip
        several.fit_head("logistic", balance="weights")
        return several

    held, streamed = held_and_streamed(fitted)
    assert streamed.history.head_fits[-1].is_streamed
    assert close(held.predict(), streamed.predict())
    assert close(held.out_of_fold, streamed.out_of_fold)


def test_cross_validation_and_the_learning_curve(make: Make, held_and_streamed: Two) -> None:
    learn = make(precompute=True)
    learn.fit_head("logistic")
    held, streamed = held_and_streamed(lambda: learn.cross_validate(3))
    assert held.penalties == streamed.penalties
    assert close(held, streamed)
    with pytest.raises(SettingError, match="which memory cannot hold"):
        learn.learning_curve()


def test_the_mlp_is_tried_from_the_store_with_the_same_bits(
    make: Make, held_and_streamed: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(head_fit, "MLP_ROWS", 20)
    monkeypatch.setattr("warmstart.training.head_card.MLP_STEPS", 12)
    monkeypatch.setattr(head_fit, "fold_loss", lambda *_: 99.0)

    def fitted() -> ConvLearner:
        learn = make(precompute=True)
        assert learn.fit_head().head == "mlp"
        return learn

    held, streamed = held_and_streamed(fitted)
    assert np.array_equal(held.predict().probabilities, streamed.predict().probabilities)


def test_what_was_chosen_is_kept_for_a_fit_that_goes_on(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 8: also where the fit died before anything else was written."""
    points = tmp_path / "points"
    monkeypatch.setenv(SETTING, "0")

    def dies(*_: Any) -> Any:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(head_fit, "chosen_logistic", dies)
        with pytest.raises(KeyboardInterrupt):
            make(precompute=True).fit_head(checkpoint=points)
    (kept,) = points.iterdir()
    assert read_sealed(kept)[1]["is_streamed"] is True
    monkeypatch.setenv(SETTING, "1")
    learn = make(precompute=True)
    assert learn.fit_head(checkpoint=points).is_streamed
    monkeypatch.setenv(SETTING, "0")
    again = make(precompute=True)
    again.fit_head(checkpoint=tmp_path / "others")
    assert np.array_equal(learn.predict().probabilities, again.predict().probabilities)
    kept.write_bytes(kept.read_bytes()[:-1] + b"!")
    with pytest.raises(Exception, match="damaged"):
        make(precompute=True).fit_head(checkpoint=points)


def test_the_bound_is_memory_and_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(SETTING, raising=False)
    assert not is_streamed(10_000, 1280)
    assert is_streamed(10**9, 1280)
    monkeypatch.setenv(SETTING, "0.1")
    assert head_memory() == 100_000_000
    assert is_streamed(10_000, 1280)
    for wrong in ("much", "-1", "inf"):
        monkeypatch.setenv(SETTING, wrong)
        with pytest.raises(SettingError, match="is not a size"):
            head_memory()


PEAKS = """
import numpy as np, torch
from warmstart.training import streamed_logistic
from warmstart.training.streamed_logistic import StreamedProblem
streamed_logistic.BLOCK_NUMBERS = 2**19
class Made:
    def __init__(self, num_rows):
        self.shape = num_rows, 128
    def __len__(self):
        return self.shape[0]
    def block(self, rows):
        values = np.sin(rows[:, None] * (1 + np.arange(128)) * 0.37).astype(np.float32)
        values[:, 0] += rows % 2
        return values
def peak():
    text = open("/proc/self/status").read()
    return next(int(line.split()[1]) / 1024 for line in text.splitlines() if "VmHWM" in line)
for num_rows in (20_000, 250_000):
    problem = StreamedProblem(Made(num_rows), np.arange(num_rows) % 2, 2)
    assert problem.fit(1.0).weight.shape == (2, 128)
    print(peak())
"""


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="only Linux says its peak")
def test_memory_does_not_grow_with_the_rows() -> None:
    """The larger rows have 128 MB, of which rows that are held would take several times."""
    done = subprocess.run([sys.executable, "-c", PEAKS], capture_output=True, text=True, check=True)
    small, large = (float(line) for line in done.stdout.split())
    assert large - small < 60
