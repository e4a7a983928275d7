"""What is printed fits 80 columns, with 2 classes and with 200, and holds the right numbers."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from warmstart.cli.text.scores import show_scores
from warmstart.cli.text.tables import matrix_text, shorten_name
from warmstart.results.confusion import ConfusionMatrix
from warmstart.results.decision_rule import DecisionRule
from warmstart.results.predictions import Predictions

NAMES = st.text("abcdefgh _-", min_size=1, max_size=40)


def guesses(classes: tuple[str, ...], num_rows: int = 400) -> Predictions:
    random = np.random.default_rng(0)
    labels = random.integers(0, len(classes), num_rows)
    probabilities = random.dirichlet(np.ones(len(classes)), num_rows)
    return Predictions(tuple(map(str, range(num_rows))), probabilities, labels, classes)


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
    predictions = guesses(classes)
    show_scores(predictions, predictions.scores(num_resamples=100))
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    assert ("with the lowest F1" in out) == (num_classes > 30)
    assert "accuracy" in out


def test_the_worst_classes_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    predictions = guesses(tuple(f"c{k}" for k in range(50)))
    show_scores(predictions, predictions.scores(num_resamples=100))
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("class")) + 1
    shown = [line.split()[0] for line in lines[start : start + 15]]
    scores = {each.name: each.f_score for each in predictions.scores(num_resamples=0).per_class}
    worst = max(scores[name] for name in shown)
    assert all(score >= worst for name, score in scores.items() if name not in shown)


def test_scores_are_told_with_their_intervals(capsys: pytest.CaptureFixture[str]) -> None:
    predictions = guesses(("a", "b", "c"))
    scores = predictions.scores(num_resamples=100)
    show_scores(predictions, scores)
    out = capsys.readouterr().out
    for name in ("balanced accuracy", "macro F1", "log loss", "Brier score", "ROC AUC"):
        assert f"\n{name} " in out
    line = next(text for text in out.splitlines() if text.startswith("log loss"))
    score = scores["log_loss"]
    assert line.split()[2:] == [f"{score.value:.4f}", f"{score.low:.4f}", "to", f"{score.high:.4f}"]
    accuracy = scores["accuracy"]
    wanted = f"accuracy {accuracy.value:.4f} (95 % {accuracy.low:.4f} to {accuracy.high:.4f}, n ="
    assert out.splitlines()[-1].startswith(wanted)


def test_what_flatters_and_what_is_unknown_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    plain = guesses(("a", "b", "c"))
    told = replace(
        plain, chosen_on_these=("the best epoch",), answering=DecisionRule(unknown_below=0.5)
    )
    show_scores(told, told.scores(num_resamples=0))
    out = capsys.readouterr().out
    number = int((plain.probabilities.max(axis=1) < 0.5).sum())
    assert f'{number} of 400 rows are answered "unknown"' in out
    assert out.splitlines()[-1].startswith("note: the best epoch was chosen by these same rows")
    assert max(map(len, out.splitlines())) <= 100
    show_scores(plain, plain.scores(num_resamples=0))
    out = capsys.readouterr().out
    assert "unknown" not in out
    assert "chosen" not in out


@given(NAMES, st.integers(1, 50))
def test_a_shortened_name_keeps_both_ends(name: str, most: int) -> None:
    short = shorten_name(name, most)
    assert len(short) <= most
    if len(name) <= most:
        assert short == name
    elif most >= 3:
        assert short[0] == name[0]
        assert short[-1] == name[-1]


def test_names_of_wide_signs_keep_the_columns_in_line(capsys: pytest.CaptureFixture[str]) -> None:
    classes = ("猫", "a cat with a name", "キジトラの大きな猫とその友達")
    matrix = ConfusionMatrix(np.arange(9, dtype=np.int64).reshape(3, 3), classes)
    text = matrix_text(matrix, 80)
    assert text is not None
    _, titles, *rows = text.splitlines()
    assert {cell_len(line) for line in (titles, *rows)} == {cell_len(titles)}
    for most in range(1, 30):
        for name in classes:
            shown = shorten_name(name, most)
            assert cell_len(shown) <= most
            assert shown == name or "…" in shown
    answers = Predictions(tuple("abc"), np.eye(3), np.arange(3), classes)
    show_scores(answers, answers.scores(num_resamples=0))
    lines = capsys.readouterr().out.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("class "))
    assert len({cell_len(line) for line in lines[start : start + 4]}) == 1
