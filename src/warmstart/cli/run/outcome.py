"""What a run leaves, however its model was trained: files, and what it says on the terminal."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from warmstart.cli.run.config import RunConfig
from warmstart.cli.run.fitting import Fitted
from warmstart.cli.run.folder import CONFUSION, EXCLUSIONS, MODEL, REPORT, FinishedRun, RunFolder
from warmstart.cli.run.learning_curve import show_learning_curve
from warmstart.cli.run.settings import TableSettings
from warmstart.cli.text.ending import NextSteps, show_meaning, show_next
from warmstart.cli.text.scores import show_accuracy, show_unknown
from warmstart.data.table import ImageTable, damaged_notes
from warmstart.errors import printable
from warmstart.files.remote_reading import as_place
from warmstart.metrics.scores import Scores
from warmstart.report.content import DataFacts
from warmstart.results.history import History
from warmstart.results.learning_curve import LearningCurve
from warmstart.results.race_record import RaceRecord
from warmstart.terminal.colour import show_lines
from warmstart.terminal.waiting import waiting

if TYPE_CHECKING:
    from warmstart.inference.predictor import Predictor
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.recipe.race_result import RaceResult
    from warmstart.results.predictions import Predictions

MOST_LISTED = 20


@dataclass(frozen=True, eq=False)
class TrainedModel:
    """A model, and what it says of the validation rows.

    ``hashes`` are the sha256 of their images, ``hash_of`` those of training rows by name.
    """

    table: ImageTable
    predictions: "Predictions"
    hashes: Sequence[bytes]
    hash_of: Mapping[str, bytes]
    history: History
    noticed: tuple[str, ...]
    versions: Mapping[str, str]
    numeric_mode: str
    out_of_fold: "Predictions | None"
    predictor: "Callable[[], Predictor]"
    save: Callable[[Path, dict[str, float]], object]
    learning_curve: LearningCurve | None = None
    race: RaceRecord | None = None

    @classmethod
    def of_learner(
        cls, learn: "ConvLearner", learning_curve: LearningCurve | None
    ) -> "TrainedModel":
        """What one learner has come to."""
        return cls(
            table=learn.data.table,
            predictions=learn.predict("valid"),
            hashes=learn.content_hashes("valid"),
            hash_of=hashes_by_name(learn, learn.out_of_fold),
            history=learn.history,
            noticed=tuple(learn.state.noticed),
            versions=learn.card.versions,
            numeric_mode=learn.numeric_mode,
            out_of_fold=learn.out_of_fold,
            predictor=learn.predictor,
            save=lambda folder, metrics: learn.save(folder, metrics=metrics),
            learning_curve=learning_curve,
        )

    @classmethod
    def of_race(cls, result: "RaceResult", learning_curve: LearningCurve | None) -> "TrainedModel":
        """What a race has come to."""
        first = result.learners[0]
        fits = [
            replace(fit, fit=number)
            for number, learn in enumerate(result.learners)
            for fit in learn.history.head_fits[-1:]
        ]
        return cls(
            table=first.data.table,
            predictions=result.predict("valid"),
            hashes=result.content_hashes("valid"),
            hash_of=hashes_by_name(first, result.out_of_fold),
            history=History(head_fits=fits),
            noticed=tuple(first.state.noticed),
            versions=first.card.versions,
            numeric_mode=first.numeric_mode,
            out_of_fold=result.out_of_fold,
            predictor=lambda: result.predictor,
            save=lambda folder, metrics: result.save(folder, metrics=metrics),
            learning_curve=learning_curve,
            race=result.record,
        )


def hashes_by_name(learn: "ConvLearner", rows: "Predictions | None") -> dict[str, bytes]:
    """The sha256 of the training images, where some of them are to be written down."""
    if rows is None:
        return {}
    table = learn.data.table
    names = [table.names[row] for row in table.rows("train")]
    return dict(zip(names, learn.content_hashes("train"), strict=True))


def leave_outcome(folder: RunFolder, model: TrainedModel, fitted: Fitted) -> None:
    """Write everything, say it, and write the report last, so that nobody waits for it."""
    scores = model.predictions.scores()
    finished = write_outcome(folder, model, fitted, scores)
    show_outcome(folder.path, model, scores)
    is_race = model.race is not None and len(model.race.members) > 1
    first = model.race.members[0].arch if is_race and model.race is not None else None
    show_learning_curve(model.learning_curve, fitted.config, first)
    run = folder.path
    if fitted.config.asked.report:
        from warmstart.cli.run.report import write_run_report  # matplotlib loads here

        with waiting("writing the report", leads=True):
            write_run_report(finished, run, run / REPORT, predictor=model.predictor())
    show_next_steps(run, fitted.config, model)


def write_outcome(
    folder: RunFolder, model: TrainedModel, fitted: Fitted, scores: Scores
) -> FinishedRun:
    """Write model, history, predictions, scores, data, environment, confusion, and the result.

    Returns:
        The same as plain data.
    """
    from warmstart.learner.environment import environment  # torch loads here

    accuracy = model.predictions.accuracy
    model.save(folder.path / MODEL, {"valid_accuracy": accuracy})
    folder.write_history(model.history)
    saved = folder.write_predictions(model.predictions, model.hashes)
    out_of_fold = None
    if model.out_of_fold is not None:
        hashes = [model.hash_of[name] for name in model.out_of_fold.rows]
        out_of_fold = folder.write_out_of_fold(model.out_of_fold, hashes)
    folder.write_scores(scores)
    facts = DataFacts.of_table(model.table, model.noticed)
    folder.write_facts(facts, model.table.damaged)
    machine = environment(model.versions, model.numeric_mode)
    folder.write_environment(machine)
    if model.race is not None:
        folder.write_race(model.race)
    if not model.predictions.is_multi_label:
        model.predictions.confusion_matrix().plot(folder.path / CONFUSION)
    config = replace(fitted.config, result={"valid_accuracy": accuracy}).anywhere
    config.write(folder.path)
    return FinishedRun(
        config,
        saved,
        replace(model.history, comparable_from=0),  # which is not written down
        facts,
        machine,
        steps=fitted.steps,
        curve=fitted.curve,
        out_of_fold=out_of_fold,
        scores=scores,
        learning_curve=model.learning_curve,
        race=model.race,
    )


def show_next_steps(run: Path, config: RunConfig, model: TrainedModel | None = None) -> None:
    """Print where a run lies, and what to do with it: look, try a photo, judge.

    Args:
        run: Its folder.
        config: Of the run.
        model: What it has come to; None where only its folder is known.
    """
    asked = config.asked
    plain = TableSettings()
    options = [getattr(asked, field.name) for field in fields(TableSettings)]
    is_plain = options == [getattr(plain, field.name) for field in fields(TableSettings)]
    photo, said = None, None
    if model is not None and not model.predictions.is_multi_label:
        photo, said = photo_to_try(model.table, model.predictions)
    source = as_place(asked.source) if is_plain else None
    report = run / REPORT
    found = report if report.exists() else None
    show_lines(f"\nrun:        {run}")
    show_next(NextSteps(run, run / MODEL, found, photo, said, source))


def photo_to_try(table: ImageTable, predictions: "Predictions") -> tuple[Path, str | None]:
    """A validation photo: one that was taken for another class if there is one, and for which."""
    wrong = np.flatnonzero(predictions.predicted != predictions.labels)
    position = int(wrong[0]) if len(wrong) else 0
    said = predictions.classes[int(predictions.predicted[position])] if len(wrong) else None
    return table.path(int(table.rows("valid")[position])), said


def show_outcome(run: Path, model: TrainedModel, scores: Scores) -> None:
    """Print what was left out, how good the model is, and what that means."""
    table, predictions = model.table, model.predictions
    exclusions = table.exclusions
    if exclusions:
        show_lines(f"\n{len(exclusions)} file(s) left out:")
        for exclusion in exclusions[:MOST_LISTED]:
            show_lines(printable(f"  {exclusion.name}: {exclusion.reason}"))
        if len(exclusions) > MOST_LISTED:
            show_lines(f"  … all of them in {run / EXCLUSIONS}")
    for item in damaged_notes(table.damaged):
        show_lines(f"\n{printable(item)}")
    show_unknown(predictions)
    show_accuracy(scores)
    show_meaning(predictions, scores, model.out_of_fold)
