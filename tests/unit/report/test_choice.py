import numpy as np
import pytest
from tests.unit.report.content import many_labels, predictions

from warmstart.report.choice import (
    FEWEST_MAPPED,
    MOST_MAPPED,
    MOST_SURE,
    NUM_SHOWN,
    galleries_of,
    rows_to_explain,
    rows_to_map,
    rows_to_show,
)


@pytest.mark.parametrize(("num_classes", "each"), [(2, 4), (6, 2), (60, 1), (61, None)])
def test_the_sure_ones_are_some_of_each_class_or_those_of_the_least_certain(
    num_classes: int, each: int | None
) -> None:
    found = predictions(tuple(f"{k:03d}" for k in range(num_classes)), 12 * num_classes)
    sure = next(one for one in galleries_of(found) if one.title == "Most sure of each class")
    said = np.bincount(found.predicted[list(sure.rows)], minlength=num_classes)
    others = galleries_of(found)[: galleries_of(found).index(sure)]
    left = np.delete(found.predicted, [row for one in others for row in one.rows])
    if each is not None:
        assert (said == np.minimum(each, np.bincount(left, minlength=num_classes))).all()
        return
    assert len(sure.rows) == MOST_SURE
    assert said.max() == 1


def test_few_wrong_ones_are_shown_once_and_many_are_drawn_too() -> None:
    few, many = predictions(num_rows=40), predictions(num_rows=400)
    titles = [one.title for one in galleries_of(few)]
    wrong = int((few.predicted != few.labels).sum())
    assert 0 < wrong <= NUM_SHOWN
    assert f"All {wrong} that are wrong" in titles
    assert "Wrong, drawn at random" not in titles
    titles = [one.title for one in galleries_of(many)]
    assert titles[:2] == ["Most wrong", "Wrong, drawn at random"]


@pytest.mark.parametrize("num_rows", [10, 40, 400])
def test_no_picture_is_shown_twice(num_rows: int) -> None:
    """D8."""
    for found in (predictions(num_rows=num_rows), many_labels(num_rows)):
        rows = [row for one in galleries_of(found) for row in one.rows]
        assert len(rows) == len(set(rows))
        assert len(rows) >= min(num_rows, NUM_SHOWN)


def test_rows_are_listed_once_and_only_mistakes_are_explained() -> None:
    for found in (predictions(num_rows=400), many_labels()):
        chosen = galleries_of(found)
        shown = rows_to_show(chosen)
        assert shown == sorted({row for one in chosen for row in one.rows})
        explained = rows_to_explain(chosen)
        assert explained == sorted(chosen[0].rows)
        assert set(explained) <= set(shown)


def test_the_map_has_all_rows_or_a_draw_and_none_of_few() -> None:
    assert rows_to_map(FEWEST_MAPPED - 1).tolist() == []
    assert rows_to_map(FEWEST_MAPPED).tolist() == list(range(FEWEST_MAPPED))
    many = rows_to_map(MOST_MAPPED + 500)
    assert len(set(many.tolist())) == MOST_MAPPED
    assert many.tolist() == sorted(many.tolist())
    assert many[-1] > MOST_MAPPED
