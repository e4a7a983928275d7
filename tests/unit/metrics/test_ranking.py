import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.metrics import ranking, shared_scores
from warmstart.metrics.intervals import strata_by_size
from warmstart.results.predictions import Predictions


@given(
    seed=st.integers(0, 10**6), num_true=st.integers(1, 12), levels=st.sampled_from([2, 5, 1000])
)
def test_counting_and_sorting_agree(seed: int, num_true: int, levels: int) -> None:
    random = np.random.default_rng(seed)
    scores = random.integers(0, levels, 40) / levels
    truth = np.arange(40) < num_true
    area, average = ranking.ranking(scores, truth, np.ones((1, 40)))
    found = ranking.own_ranking(scores, truth)
    assert found[0] == pytest.approx(area[0], abs=1e-14)
    assert found[1] == pytest.approx(average[0], abs=1e-14)


def test_of_very_many_numbers_the_scores_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    random = np.random.default_rng(0)
    probabilities = random.dirichlet(np.ones(70), 300)
    labels = random.integers(0, 70, 300)
    found = Predictions(
        tuple(map(str, range(300))), probabilities, labels, tuple(map(str, range(70)))
    )
    few = found.scores(num_resamples=100)
    monkeypatch.setattr(shared_scores, "MOST_RANKED", 1000)
    monkeypatch.setattr(ranking, "FEW_ROWS", 4)  # so that both ways are gone
    many = found.scores(num_resamples=100)
    for name in ("roc_auc", "average_precision"):
        assert many[name].value == pytest.approx(few[name].value, abs=1e-12)
        assert many[name].low is None


def test_classes_of_one_size_are_drawn_together() -> None:
    strata = np.array([5, 1, 5, 2, 3, 1, 3, 3, 9])
    found = [rows.tolist() for rows in strata_by_size(strata)]
    assert found == [[[3], [8]], [[1, 5], [0, 2]], [[4, 6, 7]]]
