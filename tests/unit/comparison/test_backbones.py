"""Which backbone to take: the fastest of those that the best is not shown to be better than."""

import numpy as np

from warmstart.comparison.backbones import BackboneTrial, against_the_next, ranked, to_take
from warmstart.results.predictions import Predictions

NUM_ROWS = 200


def trial(arch: str, num_right: int, seconds: float = 1.0) -> BackboneTrial:
    """The first so many rows right."""
    labels = np.arange(NUM_ROWS) % 2
    called = np.where(np.arange(NUM_ROWS) < num_right, labels, 1 - labels)
    names = tuple(f"{row}.jpg" for row in range(NUM_ROWS))
    return BackboneTrial(
        arch, Predictions(names, np.eye(2)[called], labels, ("cat", "dog")), seconds, 9, 9
    )


def names_of(trials: list[BackboneTrial]) -> list[str]:
    return [each.arch for each in trials]


def test_the_most_accurate_comes_first_and_of_equals_the_faster() -> None:
    trials = [trial("c", 150), trial("slow", 190, 9.0), trial("fast", 190, 2.0), trial("a", 199)]
    assert names_of(ranked(trials)) == ["a", "fast", "slow", "c"]


def test_neighbours_are_compared() -> None:
    found = against_the_next(ranked([trial("a", 190), trial("b", 189), trial("c", 150)]))
    assert [each.is_better for each in found] == ["can't tell", "yes"]
    assert [each.difference for each in found] == [1 / NUM_ROWS, 39 / NUM_ROWS]


def test_the_fastest_that_may_be_as_good_is_taken() -> None:
    trials = [trial("best", 190, 9.0), trial("near", 189, 3.0), trial("poor", 150, 1.0)]
    chosen, equals = to_take(ranked(trials))
    assert chosen.arch == "near"
    assert names_of(equals) == ["best", "near"]


def test_the_best_is_taken_where_it_is_shown_to_be_so() -> None:
    chosen, equals = to_take(ranked([trial("best", 190, 9.0), trial("poor", 150, 1.0)]))
    assert chosen.arch == "best"
    assert names_of(equals) == ["best"]


def test_one_alone() -> None:
    assert against_the_next([trial("a", 190)]) == []
    assert to_take([trial("a", 190)])[0].arch == "a"
