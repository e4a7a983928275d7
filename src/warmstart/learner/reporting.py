"""A learner's report: what it knows, as one page."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.inference.model_card import ModelCard
from warmstart.inference.predictor import Predictor
from warmstart.learner.environment import environment
from warmstart.learner.frozen_parts import FrozenParts
from warmstart.learner.seen_rows import seen_rows
from warmstart.report.content import DataFacts, ReportContent, Reproduction
from warmstart.report.page import write_report
from warmstart.results.history import History
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord


@runtime_checkable
class Reported(Protocol):
    """What a report asks of a learner."""

    data: ImageClassifierData
    card: ModelCard
    history: History
    parts: FrozenParts
    opt: str
    seed: int
    noticed: tuple[str, ...]
    out_of_fold: OutOfFoldPredictions | None

    @property
    def precompute(self) -> bool | int:
        """Whether, and how many views of, the frozen part's outputs are kept."""

    @property
    def numeric_mode(self) -> str:
        """Of the frozen part."""

    def predict(self, what: str) -> Predictions:
        """Probabilities of a split's rows."""

    def predictor(self) -> Predictor:
        """The network of now."""

    def content_hashes(self, split: str) -> list[bytes]:
        """The sha256 of each row's image."""


def report_learner(
    learn: Reported,
    path: str | Path,
    split: str,
    *,
    steps: Sequence[StepRecord] = (),
    pictures: str | Path | None = None,
) -> Path:
    """Judge a split, look at it, and write the page.

    Args:
        learn: What is reported on.
        path: Where the page is written.
        split: "train", "valid" or "test"; its rows need labels.
        steps: Of a recipe, if one was followed.
        pictures: A folder for PNG files, if they are wanted.

    Returns:
        The file.
    """
    predictions = learn.predict(split)
    rows = learn.data.table.rows(split)
    content = ReportContent(
        title=learn.data.table.root.resolve().name or "images",
        backbone=learn.card.arch,
        size=learn.card.recipe["size"],
        weights_from=learn.card.weights_from,
        data=DataFacts.of_table(learn.data.table, learn.noticed),
        split=split,
        predictions=predictions,
        history=learn.history,
        seen=seen_rows(
            learn.predictor(),
            predictions,
            learn.content_hashes(split),
            lambda position: learn.data.source.content(int(rows[position])),
            learn.parts.cache_dir,
        ),
        reproduction=Reproduction(
            None,
            {
                "batch size": learn.data.bs,
                "precompute": learn.precompute,
                "optimiser": learn.opt,
                "seed": learn.seed,
                "view seed": learn.data.tfms.view_seed,
            },
            environment(learn.card.versions, learn.numeric_mode),
        ),
        steps=tuple(steps),
        out_of_fold=learn.out_of_fold,
    )
    return write_report(content, path, pictures)
