"""What a device cannot repeat is said after a fit, and remembered for the report."""

from collections.abc import Callable

import pytest

from warmstart import ConvLearner, History
from warmstart.learner.fit_notes import note_steps
from warmstart.results.history import EpochRecord


@pytest.mark.parametrize("is_quiet", [True, False])
def test_operations_are_named_once(
    make: Callable[..., ConvLearner], capsys: pytest.CaptureFixture[str], is_quiet: bool
) -> None:
    learn = make(precompute=True)
    learn.state.quiet = is_quiet
    plain = EpochRecord(0, 0, 9, 0.3, 0.4, {}, (0.1,), 1.0)
    note_steps(learn.state, History([plain]))
    assert not any("repeatable" in text for text in learn.state.noticed)
    named = EpochRecord(1, 0, 9, 0.3, 0.4, {}, (0.1,), 1.0, unrepeatable=("put_", "cumsum"))
    capsys.readouterr()
    note_steps(learn.state, History([plain, named, named]))
    text = learn.state.noticed[-1]
    assert text.endswith("cpu has no repeatable form of cumsum, put_.")
    assert (text in capsys.readouterr().err) is not is_quiet
