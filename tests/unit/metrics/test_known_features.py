import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score
from sklearn.metrics.pairwise import cosine_similarity

from warmstart.errors import SettingError
from warmstart.metrics.known_features import (
    NUM_NEIGHBOURS,
    KnownFeatures,
    even_rows,
    fit_known_features,
    nearest_similarity,
    unit_features,
)

COLUMNS = ((8, 24),)


def clouds(num_rows: int, seed: int, *, which: tuple[int, ...] = (0, 1, 2)) -> np.ndarray:
    """Rows of 24 columns, of which 16 point where their class does, in any length."""
    random = np.random.default_rng(seed)
    centres = 3 * np.random.default_rng(0).normal(size=(5, 24))
    rows = centres[np.array(which)[np.arange(num_rows) % len(which)]]
    rows = rows + random.normal(size=rows.shape)
    return np.asarray(rows * random.uniform(0.1, 10, (num_rows, 1)), np.float32)


def fitted(num_rows: int = 60) -> KnownFeatures:
    """What three classes look like."""
    rows = clouds(num_rows, 1)
    logits = np.random.default_rng(2).normal(8, 2, num_rows)
    return fit_known_features(rows, np.arange(num_rows) % 3, logits, COLUMNS)


def test_another_class_is_less_known() -> None:
    known, same = fitted(), np.full(90, 8.0)
    own = known.score(clouds(90, 3), same)
    other = known.score(clouds(90, 4, which=(3, 4)), same)
    found = roc_auc_score(np.repeat([1, 0], 90), np.concatenate([own, other]))
    assert found > 0.99
    assert abs(own.mean()) < 1
    assert other.mean() < -5


def test_a_surer_head_knows_it_better_and_length_says_nothing() -> None:
    known, rows = fitted(), clouds(9, 3)
    sure, unsure = known.score(rows, np.full(9, 9.0)), known.score(rows, np.full(9, 5.0))
    assert np.allclose(sure - unsure, 4 / known.logit[1])
    assert np.allclose(known.score(rows * 7, np.full(9, 9.0)), sure, atol=1e-4)
    rows[:, :8] = 0  # columns that are not used
    assert np.array_equal(known.score(rows, np.full(9, 9.0)), sure)


def test_the_nearest_are_those_of_scikit_learn() -> None:
    rows, known = clouds(70, 5), clouds(31, 6)
    expected = np.sort(cosine_similarity(rows[:, 8:], known[:, 8:]), axis=1)
    found = nearest_similarity(unit_features(rows, COLUMNS), unit_features(known, COLUMNS))
    assert np.allclose(found, expected[:, -NUM_NEIGHBOURS:].mean(axis=1), atol=1e-5)
    own = cosine_similarity(known[:, 8:])
    np.fill_diagonal(own, -1)
    units = unit_features(known, COLUMNS)
    left_out = nearest_similarity(units, units, is_itself=True)
    assert np.allclose(left_out, np.sort(own, axis=1)[:, -NUM_NEIGHBOURS:].mean(axis=1), atol=1e-5)


def test_a_score_depends_on_nothing_but_its_row() -> None:
    """Law 7: whatever else was asked, in whatever order."""
    known, rows = fitted(), clouds(150, 3)
    logits = np.linspace(0, 9, 150)
    together = known.score(rows, logits)
    alone = [known.score(rows[i : i + 1], logits[i : i + 1])[0] for i in range(150)]
    assert np.array_equal(together, alone)
    assert np.array_equal(known.score(rows[::-1], logits[::-1]), together[::-1])


def test_two_parts_have_a_length_each() -> None:
    units = unit_features(clouds(5, 1), ((0, 8), (8, 24)))
    assert np.allclose((units[:, :8] ** 2).sum(axis=1), 0.5, atol=1e-6)
    assert np.allclose((units**2).sum(axis=1), 1, atol=1e-6)


def test_too_many_rows_are_kept_evenly() -> None:
    rows, labels = clouds(200, 1), np.repeat([0, 1, 2], [180, 15, 5])
    known = fit_known_features(rows, labels, np.arange(200.0), COLUMNS, most_bytes=30 * 16 * 2)
    assert known.rows.shape == (30, 16)
    assert known.rows.nbytes <= 30 * 16 * 2
    kept = even_rows(labels, 30)
    assert np.bincount(labels[kept]).tolist() == [13, 12, 5]
    assert (np.diff(kept) > 0).all()
    assert kept[0] != 0  # drawn: neighbours in a folder are often alike
    assert even_rows(labels, 200).tolist() == list(range(200))


@settings(deadline=None, max_examples=40)
@given(num_rows=st.integers(3, 9), value=st.sampled_from([0.0, 1.0, 1e-30, 1e30]))
def test_scores_are_finite_whatever_the_rows(num_rows: int, value: float) -> None:
    """Law 18: also of rows that are all alike, or all 0, where nothing has a width."""
    rows = np.full((num_rows, 24), value, np.float32)
    known = fit_known_features(rows, np.zeros(num_rows, int), np.full(num_rows, 2.0), COLUMNS)
    assert np.isfinite(known.score(clouds(4, 1), np.array([0.0, 1e9, -1e9, 2.0]))).all()
    assert np.isfinite(known.score(np.zeros((2, 24)), np.zeros(2))).all()


def test_what_says_nothing_is_refused() -> None:
    with pytest.raises(SettingError, match="2 training rows say too little"):
        fit_known_features(clouds(2, 1), np.arange(2), np.zeros(2), COLUMNS)
    rows = clouds(9, 1)
    rows[3, 9] = np.nan
    with pytest.raises(SettingError, match="not all of their features are finite"):
        fit_known_features(rows, np.arange(9), np.zeros(9), COLUMNS)
