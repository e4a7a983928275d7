import html
import re
import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.checkup.checkup import Checkup
from warmstart.checkup.findings import CropLoss, FileFinding
from warmstart.comparison.compare import Comparison
from warmstart.data.table import Exclusion, ImageTable
from warmstart.display import (
    Displayed,
    Sheet,
    SheetTable,
    pad_text,
    sheet_html,
    sheet_text,
    text_width,
)
from warmstart.metrics.scores import Scores
from warmstart.results.confusion import ConfusionMatrix
from warmstart.results.decision_rule import BY_FEATURES, DecisionRule
from warmstart.results.head_fit import HeadFit, HeadTrial
from warmstart.results.history import EpochRecord, History
from warmstart.results.lr_curve import LRCurve
from warmstart.results.predictions import Predictions
from warmstart.terminal.epochs import columns

HOSTILE = "<script>alert(1)</script>\x1b[31m&\u202e"
NAMES = ("猫", HOSTILE, "向日葵")


def columns_of(text: str) -> int:
    """Columns that a terminal needs, by Unicode's own table: a second opinion."""
    wide = {"W": 2, "F": 2}
    return sum(wide.get(unicodedata.east_asian_width(sign), 1) for sign in text)


def cells_of(page: str) -> set[str]:
    found = re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", page)
    return {html.unescape(re.sub("<.*?>", "", cell)) for cell in found}


def predictions(num_rows: int = 12, *, labelled: bool = True) -> Predictions:
    labels = np.arange(num_rows) % 3 if labelled else np.full(num_rows, -1)
    probabilities = np.full((num_rows, 3), 0.2)
    probabilities[:, 1] = 0.6
    rows = tuple(f"{HOSTILE}/{number}.jpg" for number in range(num_rows))
    return Predictions(rows, probabilities, labels, NAMES)


def records(number: int) -> list[EpochRecord]:
    return [
        EpochRecord(n, 0, 3, 0.5, 0.4, {"valid_accuracy": 0.9}, (0.1,), 1.0) for n in range(number)
    ]


def shown() -> dict[str, Displayed]:
    found = predictions()
    trial = HeadTrial("logistic", "whole row", 10.0, 0.5, 0.8, 30)
    table = ImageTable(
        tmp := __import__("pathlib").Path("photos"),
        tuple(f"{n}.jpg" for n in range(6)),
        np.array(["train"] * 3 + ["valid"] * 3),
        np.arange(6) % 3,
        NAMES,
        (Exclusion(HOSTILE, HOSTILE),),
    )
    assert tmp.name == "photos"
    return {
        "predictions": found,
        "scores": found.scores(num_resamples=0),
        "matrix": found.confusion_matrix(),
        "history": History(records(3)),
        "curve": LRCurve(np.geomspace(1e-4, 1, 30), np.linspace(2, 1, 30), chance=2.0),
        "head": HeadFit(0, "logistic", "whole row", 10.0, 30, 1, 5, HOSTILE, (trial, trial), 0.1,
                        0.2, 0.9, 1.0),
        "table": table,
        "checkup": Checkup({"train": 3}, None, (FileFinding(HOSTILE, "broken"),), (), (), (), (),
                           (), CropLoss(0.1, ())),
        "comparison": Comparison(80, 3, 15, 2, 0, 0.12, 0.04, 0.2, 0.0075, 0.01),
    }  # fmt: skip


@pytest.mark.parametrize("name", shown())
def test_what_shows_itself_has_both_forms_without_markup_of_strangers_or_raw_arrays(
    name: str,
) -> None:
    thing = shown()[name]
    text, page = repr(thing), thing._repr_html_()
    for form in (text, page):
        assert "array(" not in form
        assert "\x1b" not in form
        assert "\u202e" not in form
    assert "<script>" not in page
    assert not re.search(
        r"(?<!-)color:|background|#[0-9a-f]{3,6}\b", re.sub("(?s)<svg.*", "", page)
    )
    assert page.count("<table") == page.count("</table>")
    assert len(text.splitlines()) < 60


@pytest.mark.parametrize("name", ["predictions", "scores", "matrix", "history", "head", "table"])
def test_the_page_says_what_the_text_says(name: str) -> None:
    thing = shown()[name]
    text = repr(thing)
    words = [cell.removesuffix(" ") for cell in cells_of(thing._repr_html_())]
    assert len(words) > 5
    for cell in words:
        assert all(part in text for part in cell.split("  ")), cell


def test_columns_of_a_table_stand_below_each_other_in_any_script() -> None:
    matrix = ConfusionMatrix(np.array([[8, 2, 0], [1, 9, 0], [0, 0, 7]]), ("猫", "dog", "向日葵"))
    scores = Scores.from_json(predictions().scores(num_resamples=0).to_json())
    for text in (str(matrix), repr(shown()["table"]), "\n".join(scores._class_lines())):
        lines = [line for line in text.splitlines() if re.search(r"\d$", line)]
        assert len({columns_of(line) for line in lines}) == 1, text


@given(st.text(st.sampled_from("aé猫ｱ한 "), max_size=8), st.booleans())
def test_a_padded_text_is_as_wide_as_asked(text: str, is_right: bool) -> None:
    assert columns_of(pad_text(text, 20, is_right=is_right)) == 20
    assert text_width(text) == columns_of(text)


def test_epochs_are_the_columns_of_the_terminal() -> None:
    record = records(1)[0]
    (grid,) = History([record])._sheet().tables
    assert dict(zip(grid.titles, grid.rows[0], strict=True)) == columns(record)


def test_a_long_history_shows_its_ends() -> None:
    (grid,) = History(records(100))._sheet().tables
    assert [row[0] for row in grid.rows][:5] == ["0", "1", "2", "3", "4"]
    assert grid.rows[-1][0] == "99"
    assert len(grid.rows) == 30
    assert "70 epochs" in grid.more


def test_what_was_printed_as_it_grew_is_folded() -> None:
    page = History(records(2))._repr_html_()
    assert page.startswith("<details><summary>")
    assert "accuracy 0.9" in page.partition("</summary>")[0]


def test_predictions_of_no_row_are_shown() -> None:
    none = Predictions((), np.empty((0, 3)), np.empty(0, np.int64), NAMES)
    assert "0 rows, 3 classes" in repr(none)


def test_predictions_without_labels_show_no_truth() -> None:
    (grid,) = predictions(labelled=False)._sheet().tables
    assert grid.titles == ("row", "answer", "probability")
    assert grid.more == "and 4 rows more"


def test_many_labels_and_rows_without_any_are_shown() -> None:
    labels = np.array([[1, 0, 1], [-1, -1, -1], [0, 0, 0]])
    found = Predictions(("a", "b", "c"), np.full((3, 3), 0.6), labels, NAMES)
    (grid,) = found._sheet().tables
    assert [row[1] for row in grid.rows] == ["猫|向日葵", "–", "–"]


def test_predictions_are_shown_though_scores_of_known_are_missing() -> None:
    rule = DecisionRule(unknown_below=0.5, unknown_by=BY_FEATURES)
    found = Predictions(("a",), np.array([[0.2, 0.6, 0.2]]), np.array([-1]), NAMES, answering=rule)
    assert "0.6000" in repr(found)


def test_unpacking_says_what_to_write() -> None:
    with pytest.raises(TypeError, match=r"Fix: found = learn.TTA\(\)") as raised:
        _log_preds, _y = predictions()
    assert len(str(raised.value).splitlines()) == 3


def test_a_matrix_of_many_classes_shows_what_is_confused() -> None:
    counts = np.eye(60, dtype=np.int64)
    counts[3, 5] = 4
    page = ConfusionMatrix(counts, tuple(f"class {n}" for n in range(60)))._repr_html_()
    assert page.count("<tr>") == 2
    assert "class 5" in page


def test_a_sheet_has_facts_grids_and_notes() -> None:
    grid = SheetTable(
        ("name", "number"), (("a", "1"), ("b", "22")), strong=frozenset({(1, 1)}), more="…"
    )
    sheet = Sheet("Title", (("fact", "value"),), (grid,), ("look",), draw=lambda: "<svg></svg>")
    lines = ["Title", "  fact  value", "", "  name  number", "  a          1", "  b         22",
             "  …", "note: look"]  # fmt: skip
    assert sheet_text(sheet).splitlines() == lines
    assert "<strong>22</strong>" in sheet_html(sheet)
    assert "<svg></svg>" in sheet_html(sheet)
