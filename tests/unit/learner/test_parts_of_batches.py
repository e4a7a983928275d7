"""A thawed learner whose batches pass in parts trains as one whose batches do not."""

from collections.abc import Callable

import pytest
import torch

from warmstart import ConvLearner
from warmstart.training import memory
from warmstart.training.state import clone_tensors, module_state

Make = Callable[..., ConvLearner]
pytestmark = pytest.mark.usefixtures("one_thread")


def trained(make: Make, head: str, bn: str = "stored") -> ConvLearner:
    """One thawed epoch; all rows of it are one batch."""
    learn = make(train_precision="f32", bs=30, seed=3)
    if head == "logistic":
        learn.fit_head()
    learn.unfreeze()
    learn.fit((1e-3, 1e-3, 1e-2), 1, bn=bn)
    return learn


@pytest.mark.parametrize(("head", "is_twice"), [("logistic", False), ("mlp", True)])
def test_parts_train_as_the_whole(
    make: Make, monkeypatch: pytest.MonkeyPatch, head: str, is_twice: bool
) -> None:
    whole = trained(make, head)
    monkeypatch.setattr(memory, "machine_bytes", lambda: 1)
    parts = trained(make, head)
    of_whole, of_parts = whole.history.records[-1], parts.history.records[-1]
    assert (of_whole.micro_rows, of_whole.is_twice) == (0, False)
    assert (of_parts.micro_rows, of_parts.is_twice) == (8, is_twice)
    assert of_parts.train_loss == pytest.approx(of_whole.train_loss, rel=1e-4)
    expected = clone_tensors(module_state(whole.model))
    for name, tensor in module_state(parts.model).items():
        torch.testing.assert_close(tensor, expected[name], rtol=1e-3, atol=1e-5)


def test_statistics_of_the_batch_keep_it_whole_and_a_large_one_is_said(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "machine_bytes", lambda: 1)
    with pytest.warns(UserWarning, match="statistics of the whole batch"):
        learn = trained(make, "logistic", bn="train")
    assert learn.history.records[-1].micro_rows == 0
