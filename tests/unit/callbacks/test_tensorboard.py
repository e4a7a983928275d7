"""What TensorBoard is told of a fit."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from warmstart import ConvLearner, SettingError
from warmstart.callbacks import TensorBoard

Make = Callable[..., ConvLearner]


def scalars(folder: Path) -> dict[str, list[tuple[int, float]]]:
    pytest.importorskip("tensorboard", reason="pip install 'warmstart[tensorboard]'")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder))
    events.Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)]
        for tag in events.Tags()["scalars"]
    }


def test_every_step_and_every_epoch_of_two_fits(make: Make, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="pip install 'warmstart[tensorboard]'")
    learn = make()
    learn.fit(0.05, 2, callbacks=[TensorBoard(tmp_path)])
    learn.unfreeze()
    learn.fit([1e-3, 1e-2, 1e-1], 1, callbacks=[TensorBoard(tmp_path)])
    history, found = learn.history, scalars(tmp_path)
    steps = list(range(len(history.step_losses)))
    assert [step for step, _ in found["loss/step"]] == steps
    assert [loss for _, loss in found["loss/step"]] == pytest.approx(history.step_losses)
    ends = [3, 7, 11]  # four steps per epoch
    assert [step for step, _ in found["loss/valid"]] == ends
    assert [value for _, value in found["metrics/accuracy"]] == pytest.approx(
        [record.metrics["accuracy"] for record in history.records]
    )
    rates = {tag: values for tag, values in found.items() if tag.startswith("lr/")}
    assert len(rates) == 3
    assert len(rates["lr/head"]) == len(steps)
    assert [step for step, _ in rates[next(tag for tag in rates if tag != "lr/head")]] == steps[8:]


def test_a_fit_that_goes_on_is_drawn_once(make: Make, tmp_path: Path) -> None:
    pytest.importorskip("tensorboard", reason="pip install 'warmstart[tensorboard]'")
    for _ in range(2):  # the second finds everything done
        make().fit(0.05, 2, checkpoint=tmp_path / "run", callbacks=[TensorBoard(tmp_path / "tb")])
    assert [step for step, _ in scalars(tmp_path / "tb")["loss/step"]] == list(range(8))


def test_without_the_package_an_error_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(SettingError, match="not installed") as error:
        TensorBoard(tmp_path / "tb")
    assert error.value.fix == "pip install 'warmstart[tensorboard]'"
