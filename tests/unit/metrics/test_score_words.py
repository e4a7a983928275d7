"""A18: what evaluation writes is what report and terminal look for."""

import numpy as np
import pytest

from warmstart.metrics.scores import main_score, main_title, words_of
from warmstart.results.predictions import Predictions

RANDOM = np.random.default_rng(0)
ONE = Predictions(
    tuple("abcdefgh"), RANDOM.dirichlet(np.ones(7), 8), np.arange(8) % 7, tuple("tuvwxyz")
)
MANY = Predictions(tuple("abcd"), RANDOM.random((4, 2)), RANDOM.integers(0, 2, (4, 2)), ("x", "y"))


@pytest.mark.parametrize("rows", [ONE, MANY], ids=["one label", "many labels"])
@pytest.mark.parametrize("beta", [1.0, 2.0, 0.5])
def test_each_score_has_words_of_its_own(rows: Predictions, beta: float) -> None:
    scores = rows.scores(num_resamples=0, beta=beta, top_k=(3, 5))
    words = {name: words_of(name) for name in scores.scores}
    assert all(each.meaning for each in words.values()), words
    assert len({each.title for each in words.values()}) == len(words)
    main, score = main_score(scores)
    assert main.is_first
    assert score.value == rows.accuracy
    assert main.title == main_title(is_multi_label=rows.is_multi_label)
    assert sum(each.is_first for each in words.values()) >= 4


def test_titles_fit_a_sentence_and_a_line() -> None:
    assert words_of("roc_auc").title == "ROC AUC"
    assert words_of("macro_f0.5").heading == "Macro F0.5"
    assert words_of("top_5_accuracy").title == "top-5 accuracy"
    assert words_of("something_new").title == "something new"
