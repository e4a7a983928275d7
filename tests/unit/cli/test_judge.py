"""What is printed fits 80 columns, with 2 classes and with 200, and holds the right numbers."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.cli.judge import tell
from warmstart.cli.matrix import matrix_text, shortened
from warmstart.results.confusion import ConfusionMatrix
from warmstart.results.predictions import Predictions

NAMES = st.text("abcdefgh _-", min_size=1, max_size=40)


def guesses(classes: tuple[str, ...], num_rows: int = 400) -> Predictions:
    random = np.random.default_rng(0)
    labels = random.integers(0, len(classes), num_rows)
    chances = random.dirichlet(np.ones(len(classes)), num_rows)
    return Predictions(tuple(map(str, range(num_rows))), chances, labels, classes)


@given(st.lists(NAMES, min_size=2, max_size=12, unique=True), st.integers(0, 99_999))
def test_a_matrix_of_few_classes_fits_80_columns(names: list[str], most: int) -> None:
    counts = np.random.default_rng(0).integers(0, most + 1, (len(names), len(names)))
    text = matrix_text(ConfusionMatrix(counts, tuple(names)), 80)
    if text is None:  # numbers of five digits in twelve columns
        assert most > 99 or len(names) > 11
        return
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    for line, row in zip(lines[2:], counts, strict=True):
        assert line.split()[-len(names) :] == [str(count) for count in row]


def test_ten_digits_are_shown() -> None:
    counts = np.diag(np.full(10, 36))
    text = matrix_text(ConfusionMatrix(counts, tuple("0123456789")), 80)
    assert text is not None
    assert text.splitlines()[1].split() == list("0123456789")


@pytest.mark.parametrize("num_classes", [2, 10, 30, 31, 200])
def test_scores_fit_80_columns(num_classes: int, capsys: pytest.CaptureFixture[str]) -> None:
    classes = tuple(f"a class of a long name, {k}" for k in range(num_classes))
    tell(guesses(classes))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert ("with the lowest F1" in out) == (num_classes > 30)
    assert "accuracy" in out


def test_the_worst_classes_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    predictions = guesses(tuple(f"c{k}" for k in range(50)))
    tell(predictions)
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("class")) + 1
    shown = [line.split()[0] for line in lines[start : start + 15]]
    scores = predictions.class_scores()
    worst = max(scores[name][2] for name in shown)
    assert all(score[2] >= worst for name, score in scores.items() if name not in shown)


@given(NAMES, st.integers(1, 50))
def test_a_shortened_name_keeps_both_ends(name: str, most: int) -> None:
    short = shortened(name, most)
    assert len(short) <= most
    if len(name) <= most:
        assert short == name
    elif most >= 3:
        assert short[0] == name[0]
        assert short[-1] == name[-1]
