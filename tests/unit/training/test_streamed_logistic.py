"""Rows that are read in each pass have the solution of rows that are held."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from warmstart.training import streamed_logistic
from warmstart.training.head_choice import choose_logistic
from warmstart.training.process import limited_threads
from warmstart.training.streamed_logistic import StreamedProblem, logistic_problem

PARTS = ((0, 8), (8, 16))


@dataclass(eq=False)
class CountedRows:
    """An array, and the longest block that was asked for."""

    values: NDArray[np.float32]
    longest: int = field(default=0)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.values), self.values.shape[1]

    def __len__(self) -> int:
        return len(self.values)

    def block(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        self.longest = max(self.longest, len(rows))
        return self.values[rows]


def rows(num_rows: int, *, is_multi_label: bool = False) -> tuple[NDArray[np.float32], Any]:
    random = np.random.default_rng(0)
    labels = np.arange(num_rows) % 3
    centres = random.normal(size=(3, 16))
    x = np.abs(centres[labels] + 2 * random.normal(size=(num_rows, 16))).astype(np.float32)
    if not is_multi_label:
        return x, labels
    extra = random.random((num_rows, 3)) < 0.2
    return x, ((labels[:, None] == np.arange(3)) | extra).astype(np.int64)


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streamed_logistic, "BLOCK_NUMBERS", 64 * 16)


@pytest.mark.parametrize("is_multi_label", [False, True])
@pytest.mark.parametrize("num_rows", [20, 700])  # fewer than dimensions and classes have, and more
def test_it_is_the_same_choice(num_rows: int, is_multi_label: bool) -> None:
    x, y = rows(num_rows, is_multi_label=is_multi_label)
    read = CountedRows(x)
    weights = np.random.default_rng(1).random(y.shape) + 0.5
    folds = np.where(np.arange(num_rows) % 7 == 6, -1, np.arange(num_rows) // 2 % 5)
    parts = {"whole": PARTS, "half": PARTS[:1]}
    held, streamed = (
        choose_logistic(given, y, 3, parts, folds, weights=weights) for given in (x, read)
    )
    assert (streamed.features, streamed.penalty, streamed.num_folds) == (
        held.features, held.penalty, held.num_folds,
    )  # fmt: skip
    assert np.array_equal(np.isnan(streamed.out_of_fold), np.isnan(held.out_of_fold))
    assert np.nanmax(np.abs(streamed.out_of_fold - held.out_of_fold)) < 1e-2
    assert held.weights is not None
    assert streamed.weights is not None
    largest = np.abs(held.weights.weight).max()
    assert np.abs(streamed.weights.weight - held.weights.weight).max() < 1e-3 * largest
    assert read.longest <= 128  # of the half, twice as many rows


def test_the_same_bits_each_time_and_with_any_number_of_threads() -> None:
    x, y = rows(700)
    found = []
    for threads in (1, 2):
        with limited_threads(threads):
            problem = logistic_problem(CountedRows(x), PARTS, y, 3)
            found.append(problem.fit(30.0))
    assert np.array_equal(found[0].weight, found[1].weight)
    assert np.array_equal(found[0].bias, found[1].bias)


def test_rows_that_cannot_be_read_stop_it() -> None:
    x, y = rows(700)

    class Broken(CountedRows):
        def block(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
            if rows[0] >= 256:
                raise OSError("gone")
            return super().block(rows)

    with pytest.raises(OSError, match="gone"):
        StreamedProblem(Broken(x), y, 3)
