"""Settings of the process are set and given back; what cannot be repeated is named."""

import os
import warnings

import pytest
import torch
from tests.unit.training.toy import one_group, toy_data, toy_module, toy_settings
from torch import Tensor, nn

from warmstart.results.history import History
from warmstart.training import loop
from warmstart.training.determinism import CUBLAS, FILLS, repeatable_steps
from warmstart.training.loop import fit


def settings_now() -> tuple[object, ...]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.deterministic,
        torch.backends.cudnn.benchmark,
        getattr(torch.utils.deterministic, FILLS),
        os.environ.get(CUBLAS),
        warnings.showwarning,
    )


def unrepeatable(values: Tensor) -> None:
    """An operation of which torch warns on a CPU too."""
    values.put_(torch.tensor([0]), torch.tensor([1.0]))


@pytest.mark.parametrize("own", [None, ":16:8"])
@pytest.mark.parametrize("error", [None, KeyboardInterrupt])
def test_settings_are_set_and_given_back(
    monkeypatch: pytest.MonkeyPatch, own: str | None, error: type[BaseException] | None
) -> None:
    monkeypatch.delenv(CUBLAS, raising=False)
    if own is not None:
        monkeypatch.setenv(CUBLAS, own)
    monkeypatch.setattr(torch.backends.cudnn, "benchmark", True)
    before = settings_now()
    try:
        with repeatable_steps(wanted=True):
            assert settings_now()[:6] == (True, True, True, False, False, own or ":4096:8")
            if error is not None:
                raise error
    except KeyboardInterrupt:
        assert error is KeyboardInterrupt
    assert settings_now() == before


def test_nothing_is_set_where_it_is_not_wanted() -> None:
    before = settings_now()
    with repeatable_steps(wanted=False) as taken:
        assert settings_now() == before
        unrepeatable(torch.zeros(2))
    assert taken() == ()


def test_what_cannot_be_repeated_is_named_once_and_other_warnings_are_shown() -> None:
    with warnings.catch_warnings(record=True) as shown:
        warnings.simplefilter("always")
        with repeatable_steps(wanted=True) as taken:
            for _ in range(3):
                unrepeatable(torch.zeros(2))
            warnings.warn("Flash uses a non-deterministic algorithm. More of it.", stacklevel=1)
            warnings.warn("another thing", stacklevel=1)
            assert taken() == ("Flash uses a non-deterministic algorithm", "put_")
            assert taken() == ()
    assert [str(warning.message) for warning in shown] == ["another thing"]


class Putting(nn.Module):
    """Does in its forward pass what cannot be repeated."""

    def __init__(self) -> None:
        super().__init__()
        self.net = toy_module()

    def forward(self, rows: Tensor) -> Tensor:
        unrepeatable(torch.zeros(2))
        logits: Tensor = self.net(rows)
        return logits


@pytest.mark.parametrize(("module", "expected"), [(Putting(), ("put_",)), (toy_module(), ())])
def test_each_epoch_says_what_it_could_not_repeat(
    monkeypatch: pytest.MonkeyPatch, module: nn.Module, expected: tuple[str, ...]
) -> None:
    monkeypatch.setattr(loop, "wants_determinism", lambda _: True)
    inputs, targets = toy_data()
    history = fit(module, one_group(module), inputs, targets, toy_settings())
    assert [record.unrepeatable for record in history.records] == [expected, expected]
    assert History.from_jsonl(history.to_jsonl()).records == history.records
