import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.errors import SettingError
from warmstart.metrics.unknown import confidence, score_unknown, unknown_threshold


@given(
    scores=st.lists(st.integers(0, 20), min_size=19, max_size=60), rate=st.sampled_from([0.05, 0.3])
)
def test_no_more_than_the_rate_is_accepted(scores: list[int], rate: float) -> None:
    others = np.array(scores, np.float64)
    found = unknown_threshold(others, false_accept=rate)
    assert found.is_accepted(others).mean() <= rate
    assert (found.false_accept, found.num_others) == (rate, len(scores))


@pytest.mark.parametrize(("number", "rate"), [(19, 0.05), (40, 0.1), (99, 0.01), (30, 0.3)])
def test_the_rate_holds_on_new_pictures(number: int, rate: float) -> None:
    """Of uniform scores 1 - threshold is accepted; its mean over many draws is the rate."""
    rng = np.random.default_rng(0)
    accepted = [
        1 - unknown_threshold(rng.random(number), false_accept=rate).value for _ in range(2_000)
    ]
    fit = np.floor(rate * (number + 1) + 1e-9) / (number + 1)  # as near as so few can come
    assert np.mean(accepted) == pytest.approx(fit, rel=0.08)
    assert fit <= rate + 1e-12


def test_judged_on_others() -> None:
    found = unknown_threshold(np.linspace(0, 0.99, 100), false_accept=0.1)
    judged = score_unknown(
        found,
        scores_of_known=np.array([0.2, 0.95, 0.96, 1.0]),
        scores_of_others=np.array([0.1, 0.2, 0.3, 0.4, 0.99]),
    )
    assert (judged.false_accept, judged.num_others) == (0.2, 5)
    assert (judged.false_reject, judged.num_known) == (0.25, 4)
    assert judged.false_accept_interval.low < 0.2 < judged.false_accept_interval.high


def test_confidence_is_the_highest_probability() -> None:
    assert confidence(np.array([[0.2, 0.8], [0.6, 0.4]])).tolist() == [0.8, 0.6]


def test_what_cannot_be_chosen_is_refused() -> None:
    with pytest.raises(SettingError, match="18 pictures of other things are too few") as caught:
        unknown_threshold(np.zeros(18))
    assert "at least 19" in caught.value.expected
    with pytest.raises(SettingError, match=r"false_accept is 1\.0"):
        unknown_threshold(np.zeros(18), false_accept=1.0)
    with pytest.raises(SettingError, match="1 of its numbers are not finite"):
        unknown_threshold(np.array([0.1, np.nan]))
