"""What a report is made of, as plain data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.data.table import Exclusion, ImageTable
from warmstart.metrics.scores import Scores
from warmstart.results.history import History
from warmstart.results.learning_curve import LearningCurve
from warmstart.results.lr_curve import LRCurve
from warmstart.results.predictions import Predictions
from warmstart.results.race_record import RaceRecord
from warmstart.results.step_record import StepRecord


@dataclass(frozen=True)
class DataFacts:
    """The images: ``counts`` of each class in each split, and notes of their reader."""

    counts: Mapping[str, Mapping[str, int]]
    exclusions: tuple[Exclusion, ...] = ()
    notes: tuple[str, ...] = ()

    @classmethod
    def of_table(cls, table: ImageTable, noticed: tuple[str, ...] = ()) -> "DataFacts":
        """Those of a table, and what was noticed in training."""
        return cls(table.counts(), table.exclusions, (*table.notes, *noticed))


@dataclass(frozen=True)
class Reproduction:
    """How to do it again: what to type, settings and seeds, versions and machine."""

    command: str | None
    settings: Mapping[str, Any]
    environment: Mapping[str, Any]


@dataclass(frozen=True, eq=False)
class SeenRows:
    """What the network sees of some rows, by their position in the predictions.

    ``pixels`` (S, S, 3) uint8 each, ``heat`` (h, w) maps of what spoke for the answer,
    ``activations`` (N, D) of the rows ``mapped`` (N,), None where there are none. ``gaps`` say in
    words what could not be had, and why.
    """

    pixels: Mapping[int, NDArray[np.uint8]] = field(default_factory=dict)
    heat: Mapping[int, NDArray[np.float64]] = field(default_factory=dict)
    activations: NDArray[np.floating] | None = None
    mapped: NDArray[np.int64] | None = None
    gaps: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class ReportContent:
    """A run, judged on ``predictions`` of its ``split``.

    ``sizes`` are the sides in pixels of what each of the model's networks sees.

    ``out_of_fold`` is what heads that did not see them say of the training rows; ``scores`` are
    those of the predictions, if these do not have every probability. ``model`` is the folder of the
    saved model, None where nobody knows one.
    """

    title: str
    backbone: str
    sizes: tuple[int, ...]
    weights_from: str
    data: DataFacts
    split: str
    predictions: Predictions
    history: History
    seen: SeenRows
    reproduction: Reproduction
    steps: tuple[StepRecord, ...] = ()
    lr_curve: LRCurve | None = None
    out_of_fold: Predictions | None = None
    scores: Scores | None = None
    learning_curve: LearningCurve | None = None
    race: RaceRecord | None = None
    model: str | None = None
