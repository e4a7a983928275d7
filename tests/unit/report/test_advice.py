"""Advice: said where the numbers carry it, and not where they do not."""

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.report.content import content, many_labels, more_images

from warmstart.report.advice import Advice, advice_of
from warmstart.report.content import DataFacts, ReportContent
from warmstart.results.history import EpochRecord, History
from warmstart.results.predictions import Predictions

CLASSES = ("daisy", "rose", "sunflower")


def judged(counts: list[list[int]], said: float = 0.9) -> Predictions:
    """Rows of these counts of (true, said)."""
    truth, answer = [], []
    for i, row in enumerate(counts):
        for j, number in enumerate(row):
            truth += [i] * number
            answer += [j] * number
    classes = CLASSES[: len(counts)]
    probabilities = np.full((len(truth), len(classes)), (1 - said) / (len(classes) - 1))
    probabilities[np.arange(len(truth)), answer] = said
    return Predictions(
        tuple(f"{i}.jpg" for i in range(len(truth))), probabilities, np.array(truth), classes
    )


def of(whole: ReportContent) -> list[Advice]:
    return advice_of(whole, whole.predictions.scores(num_resamples=0))


def texts(whole: ReportContent) -> str:
    return " | ".join(one.text for one in of(whole))


def test_a_pair_that_is_confused_is_named_with_its_interval() -> None:
    found = of(content(judged([[21, 0, 7], [0, 28, 0], [2, 0, 26]])))
    (pair,) = [one for one in found if "is taken for" in one.text]
    assert pair.text.startswith("daisy is taken for sunflower 7 times in 28: photograph more of")
    assert pair.evidence == (
        "Of others like them it would be between 13 % and 43 %, and sunflower for daisy 2 times in "
        "28."
    )


@pytest.mark.parametrize("counts", [[[26, 2, 0], [0, 27, 1], [1, 0, 27]], [[5, 1], [1, 5]]])
def test_no_pair_is_named_that_chance_explains(counts: list[list[int]]) -> None:
    assert "is taken for" not in texts(content(judged(counts)))
    assert "Look at the wrong photos one by one" in texts(content(judged(counts)))


def test_three_in_very_many_are_no_pattern() -> None:
    assert "is taken for" not in texts(content(judged([[997, 3], [0, 1000]])))


def test_few_photos_and_none_wrong() -> None:
    few = of(content(judged([[20, 0], [0, 20]])))
    assert few[0].text.startswith("Only 40 photos judged this model")
    assert "between 91 % and 100 %" in few[0].evidence
    assert "Nothing is wrong" not in " ".join(one.text for one in few)
    many = of(content(judged([[100, 0], [0, 100]])))
    assert many[0].text.startswith("Nothing is wrong here: judge more photos")
    assert "wrong up to 2 % of the time" in many[0].evidence


@pytest.mark.parametrize(
    ("low", "high", "text"),
    [
        (0.02, 0.08, "More photos would help, do<g> first."),
        (0.002, 0.02, "More photos would help a little."),
        (-0.01, 0.02, "Whether more photos would help cannot be told from these."),
        (-0.001, 0.004, "More photos of the same kind would hardly help"),
    ],
)
def test_more_photos_are_advised_as_far_as_the_interval_says(
    low: float, high: float, text: str
) -> None:
    curve = replace(more_images(), gain=(low + high) / 2, gain_low=low, gain_high=high)
    assert text in texts(content(judged([[90, 10], [10, 90]]), learning_curve=curve))


def test_probabilities_that_are_too_high_are_said_of_enough_rows() -> None:
    for rows, is_said in ((60, True), (20, False)):
        wrong = rows // 4
        found = judged([[rows - wrong, wrong], [wrong, rows - wrong]], said=0.95)
        assert ("they are too high: train with --calibrate" in texts(content(found))) == is_said
    assert "calibrate" not in texts(content(judged([[95, 5], [5, 95]], said=0.95)))


def test_labels_that_are_contradicted_are_counted() -> None:
    rows = judged([[28, 2], [0, 30]], said=0.9)
    found = of(content(judged([[90, 10], [10, 90]]), out_of_fold=rows))
    assert "Look at the labels of 2 training photos" in " ".join(one.text for one in found)
    doubtful = judged([[28, 2], [0, 30]], said=0.6)  # 1.5 times as likely
    assert "labels of" not in texts(content(out_of_fold=doubtful))


def test_leaks_a_rise_and_small_classes_are_said() -> None:
    records = [
        EpochRecord(i, 0, 3, 0.1, loss, {}, (0.01,), 1.0) for i, loss in enumerate((1.0, 2.0))
    ]
    whole = content(
        judged([[90, 10], [10, 90]]),
        history=History(records),
        data=DataFacts(
            {"train": {"daisy": 7, "rose": 700}},
            notes=("the same bytes are in two splits: what trains also judges, 1 picture",),
        ),
    )
    assert "Train for fewer epochs" in texts(whole)
    assert "Take the doubled photos out of one side" in texts(whole)
    assert "Photograph more of daisy." in texts(whole)
    assert "fewer epochs" not in texts(content())


def test_many_labels_get_what_can_be_said_of_them() -> None:
    assert texts(content(many_labels())).startswith("Only 30 photos judged this model")
