"""Work after training grows with the number of classes, not with its square."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.cluster import hierarchy

from warmstart.cli.run import cells, predictions_file
from warmstart.cli.run.predictions_file import read_prediction_rows, write_predictions
from warmstart.cli.text.scores import show_scores
from warmstart.cli.text.tables import matrix_text
from warmstart.errors import FileError
from warmstart.inference.model_card import ModelCard
from warmstart.metrics import averages, confusion
from warmstart.plots.confusion import MOST_DRAWN, plot_confusion
from warmstart.report.content import DataFacts, ReportContent, Reproduction, SeenRows
from warmstart.report.page import write_report
from warmstart.results.history import History
from warmstart.results.predictions import Predictions


def predictions(num_classes: int, num_rows: int = 600) -> Predictions:
    random = np.random.default_rng(0)
    logits = random.normal(size=(num_rows, num_classes))
    labels = np.arange(num_rows) % num_classes
    logits[np.arange(num_rows), labels] += 3
    probabilities = np.exp(logits)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    names = tuple(f"class {k:05d}" for k in range(num_classes))
    return Predictions(tuple(f"{i}.png" for i in range(num_rows)), probabilities, labels, names)


@pytest.fixture
def ordered(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many classes were put in an order, each time."""
    sizes: list[int] = []
    real = hierarchy.optimal_leaf_ordering

    def counting(tree: Any, distances: Any) -> Any:
        sizes.append(len(tree) + 1)
        return real(tree, distances)

    monkeypatch.setattr(hierarchy, "optimal_leaf_ordering", counting)
    return sizes


@pytest.mark.parametrize("num_classes", [30, MOST_DRAWN, MOST_DRAWN + 1, 1000])
def test_no_more_classes_are_ordered_than_are_seen(num_classes: int, ordered: list[int]) -> None:
    figure = predictions(num_classes).confusion_matrix().plot()
    drawn = min(num_classes, MOST_DRAWN)
    assert ordered == [drawn]
    shapes = {np.asarray(image.get_array()).shape for image in figure.axes[0].images}
    assert shapes == {(drawn, drawn)}  # errors, and what is right
    is_said = f"the {drawn} of {num_classes} classes confused most" in figure.axes[0].get_title()
    assert is_said == (num_classes > MOST_DRAWN)


def test_the_classes_drawn_are_those_confused_most() -> None:
    counts = 5 * np.eye(300, dtype=np.int64)
    counts[7, 290] = counts[290, 7] = 3
    figure = plot_confusion(counts, tuple(f"n{k}" for k in range(300)))
    shares = np.asarray(figure.axes[0].images[0].get_array())
    assert (shares == 3 / 8).sum() == 2
    assert figure.axes[0].get_title().startswith("1500 of 1506 right")


def test_tables_of_very_many_classes_are_short(capsys: pytest.CaptureFixture[str]) -> None:
    found = predictions(1000)
    assert matrix_text(found.confusion_matrix(), 200) is None
    assert len(str(found.confusion_matrix())) < 10_000
    show_scores(found, found.scores(num_resamples=0))
    assert len(capsys.readouterr().out) < 10_000


def test_a_report_grows_with_the_classes(tmp_path: Path) -> None:
    def size(num_classes: int) -> int:
        counts = {"train": dict.fromkeys(predictions(num_classes, 9).classes, 1)}
        content = ReportContent(
            "run", "arch", (32,), "somewhere", DataFacts(counts), "valid",
            predictions(num_classes), History(), SeenRows(), Reproduction(None, {}, {}),
        )  # fmt: skip
        return write_report(content, tmp_path / "report.html").stat().st_size

    assert size(900) < 1.5 * size(600)


def read(file: Path, found: Predictions) -> Any:
    card = ModelCard(
        arch="resnet18", classes=found.classes, is_multi_label=found.is_multi_label, recipe={},
        mean=(0.5, 0.5, 0.5), std=(0.2, 0.2, 0.2), head=None, mode="", precision="auto",
        weights_from="",
    )  # fmt: skip
    return read_prediction_rows(file, card)


def many_labels() -> Predictions:
    one = predictions(40, 50)
    labels = (np.random.default_rng(1).random((50, 40)) < 0.1).astype(np.int64)
    return Predictions(one.rows, one.probabilities * 0.9, labels, one.classes)


@pytest.mark.parametrize("found", [predictions(40, 50), many_labels()], ids=["one", "many"])
def test_very_many_probabilities_are_kept_by_their_likeliest(
    found: Predictions, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_predictions(tmp_path / "predictions.csv", found, [bytes(32)] * 50)
    whole = read(tmp_path / "predictions.csv", found)
    assert not whole.is_short
    np.testing.assert_array_equal(whole.predictions.probabilities, found.probabilities)

    monkeypatch.setattr(predictions_file, "MOST_CELLS", 1999)
    monkeypatch.setattr(cells, "NUM_LIKELIEST", 5)
    write_predictions(tmp_path / "predictions.csv", found, [bytes(32)] * 50)
    short = read(tmp_path / "predictions.csv", found)
    assert short.is_short
    there, here = short.predictions.probabilities, found.probabilities
    np.testing.assert_array_equal(short.predictions.labels, found.labels)
    np.testing.assert_allclose(there.sum(axis=1), here.sum(axis=1), rtol=1e-12)
    own = found.labels == 1 if found.is_multi_label else np.eye(40, dtype=bool)[found.labels]
    np.testing.assert_array_equal(there[own], here[own])
    np.testing.assert_array_equal(-np.sort(-there)[:, :5], -np.sort(-here)[:, :5])
    np.testing.assert_array_equal(there.argmax(axis=1), here.argmax(axis=1))


def test_the_size_of_a_file_of_predictions_is_bounded(tmp_path: Path) -> None:
    found = predictions(2000)
    write_predictions(tmp_path / "predictions.csv", found, [bytes(32)] * 600)
    file = tmp_path / "predictions.csv"
    assert file.stat().st_size < 600 * 1500
    assert len(read(file, found).predictions.rows) == 600


@pytest.mark.parametrize(
    "cell",
    [
        '{"likeliest": {"strange": 0.5}, "others": 0.1}',
        '{"likeliest": {"class 00000": 0.5}}',
        '{"likeliest": {"class 00000": NaN}, "others": 0.1}',
        '{"likeliest": {"class 00000": 0.5}, "others": 1.5}',
        "[0.1]",
        "x",
    ],
)
def test_a_cell_that_is_none_of_ours_is_refused(cell: str, tmp_path: Path) -> None:
    found = predictions(3, 1)
    rows = [
        ["sha256", "name", "label", "predicted", "likeliest"],
        ["00", "x", "class 00000", "", cell],
    ]
    lines = [
        ",".join(json.dumps(c).replace('\\"', '""') if "," in c else c for c in row) for row in rows
    ]
    (tmp_path / "predictions.csv").write_text("\n".join(lines) + "\n")
    with pytest.raises(FileError):
        read(tmp_path / "predictions.csv", found)


def test_fewer_resamples_are_drawn_of_very_many_classes(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    real = confusion.count_intervals

    def counting(*arguments: Any, num_resamples: int, seed: int) -> Any:
        drawn.append(num_resamples)
        return real(*arguments, num_resamples=num_resamples, seed=seed)

    monkeypatch.setattr(averages, "count_intervals", counting)
    monkeypatch.setattr(averages, "COUNT_WORK", 30_000)
    for num_classes in (10, 100, 300):
        scores = predictions(num_classes).scores()
        assert f"{drawn[-1]} resamples" in scores["macro_f1"].method
    predictions(300).scores(num_resamples=150)
    assert drawn == [2000, 300, 200, 150]


def test_a_name_that_a_spreadsheet_would_compute_comes_back(tmp_path: Path) -> None:
    one = predictions(3, 2)
    odd = Predictions(("-1.jpg", "=a.jpg"), one.probabilities, one.labels, one.classes)
    written = write_predictions(tmp_path / "predictions.csv", odd, [bytes(32)] * 2)
    assert written.predictions.rows == odd.rows
    assert read(tmp_path / "predictions.csv", odd).predictions.rows == odd.rows
