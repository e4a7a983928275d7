"""A learner's report: what it knows, as one page."""

from collections.abc import Sequence
from pathlib import Path

from warmstart.learner.environment import environment
from warmstart.learner.explaining import seen_rows
from warmstart.learner.predicting import content_hashes, predict_views, rows_of_split
from warmstart.learner.state import LearnerState
from warmstart.ranks.own_folder import write_once
from warmstart.ranks.ranks import current_ranks
from warmstart.report.content import DataFacts, ReportContent, Reproduction
from warmstart.results.predictions import Predictions
from warmstart.results.step_record import StepRecord
from warmstart.terminal.waiting import waits


@waits("writing the report")
def report_learner(
    learn: LearnerState,
    path: str | Path,
    split: str,
    *,
    steps: Sequence[StepRecord] = (),
    pictures: str | Path | None = None,
) -> Path:
    """Judge a split, look at it, and write the page: one of several processes writes it.

    Args:
        learn: What is reported on.
        path: Where the page is written.
        split: "train", "valid" or "test"; its rows need labels.
        steps: Of a recipe, if one was followed.
        pictures: A folder for PNG files, if they are wanted.

    Returns:
        The file.
    """
    rows_of_split(learn.data.table, split)
    predictions = predict_views(learn, 0, split)

    def write() -> None:  # what one process alone looks at, too
        from warmstart.report.page import write_report  # here: matplotlib takes a second

        write_report(report_content(learn, predictions, split, steps), path, pictures)

    write_once(current_ranks(), Path(path), write)
    return Path(path)


def report_content(
    learn: LearnerState, predictions: Predictions, split: str, steps: Sequence[StepRecord]
) -> ReportContent:
    """What the page shows; arguments as of ``report_learner``."""
    rows = learn.data.table.rows(split)
    return ReportContent(
        title=learn.data.table.root.resolve().name or "images",
        backbone=learn.card.arch,
        sizes=(learn.card.recipe["size"],),
        weights_from=learn.card.weights_from,
        data=DataFacts.of_table(learn.data.table, learn.noticed),
        split=split,
        predictions=predictions,
        history=learn.history,
        seen=seen_rows(
            learn.predictor(),
            predictions,
            content_hashes(learn, split),
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
