"""The steps of a training run, in order.

Nothing here loads torch before decoding has begun: its seconds are used.
"""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.cli.run.config import RunConfig
from warmstart.cli.run.fitting import Fitted, find_answers, fit_model, last_step
from warmstart.cli.run.folder import CONFUSION, EXCLUSIONS, MODEL, REPORT, FinishedRun, RunFolder
from warmstart.cli.run.loading import build_learner, load_data
from warmstart.cli.run.more_images import find_learning_curve, show_learning_curve
from warmstart.cli.run.report import write_run_report
from warmstart.cli.text.scores import show_scores
from warmstart.data.content import file_sha256
from warmstart.data.listing import list_images
from warmstart.data.table import ImageTable, damaged_notes
from warmstart.errors import DataError, SettingError, printable
from warmstart.metrics.scores import Scores
from warmstart.report.content import DataFacts
from warmstart.terminal.colour import show_lines

if TYPE_CHECKING:
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.results.predictions import Predictions

BEGUN_WITH = {  # what a run's bits depend on, and must not change while it is stopped
    "numeric_mode": "computer or its versions",
    "images_sha256": "images",
    "others_sha256": "pictures of other things",
}
MOST_LISTED = 20


def run_training(config: RunConfig, run: Path) -> "Predictions":
    """Precompute, find a rate, train the head, judge, save.

    Args:
        config: What was asked for; of a run that is gone on with, also what was chosen.
        run: Where everything is written.

    Returns:
        The predictions of the validation rows.
    """
    settings = config.asked
    check_rate(settings.lr)
    last_step(settings.steps)
    data = load_data(settings, quiet=True)
    show_lines(summary_of(data))
    learn = build_learner(settings, data)
    config = pin_inputs(config, learn, run)
    folder = RunFolder(run)
    fitted = fit_model(config, learn, folder)
    find_answers(fitted.config, learn, fitted.held_back)
    curve = find_learning_curve(config, learn, folder)
    predictions = learn.predict("valid")
    scores = predictions.scores()
    finished = write_outcome(folder, learn, fitted, predictions, scores)
    show_outcome(run, learn.data.table, predictions, scores)
    show_learning_curve(curve, config)
    finished = replace(finished, learning_curve=curve)
    if settings.report:  # last, so that nobody waits for it
        place = write_run_report(finished, run, run / REPORT, predictor=learn.predictor())
        show_lines(f"report:     {place}")
    return predictions


def check_rate(lr: float | None) -> None:
    """Check a rate before anything is read.

    Raises:
        SettingError: it is not a number above 0.
    """
    if lr is not None and not 0 < lr < float("inf"):
        raise SettingError(
            f"lr={lr} is no learning rate.",
            expected="one number above 0, such as 0.01.",
            fix="pass lr=0.01, or omit it to have one found.",
            flags=("--lr", "0.01"),
        )


def summary_of(data: ImageClassifierData) -> str:
    """What there is, without the splits that there are not."""
    lines = data.table.summary().splitlines()
    return "\n".join(line for line in lines if not line.endswith(": 0 images (none)"))


def pin_inputs(config: RunConfig, learn: "ConvLearner", run: Path) -> RunConfig:
    """Write down what the run's bits depend on, or see that it is as it was.

    Raises:
        DataError: the images or the numeric mode are not those that the run began with.
    """
    digest = hashlib.sha256()
    for split in ("train", "valid"):
        for content in learn.content_hashes(split):
            digest.update(content)
    here = {"numeric_mode": learn.numeric_mode, "images_sha256": digest.hexdigest()}
    if config.asked.others is not None:
        here["others_sha256"] = hash_of_others(Path(config.asked.others))
    for name, what in BEGUN_WITH.items():
        if name not in here:
            continue
        if config.chosen.get(name, here[name]) != here[name]:
            raise DataError(
                f"{run} cannot go on: its {what} changed ({name} was {config.chosen[name]}, and "
                f"is {here[name]}).",
                expected="what it began with, so that the result is that of one run.",
                fix=f"begin a new run: warmstart train {config.asked.source}",
            )
    config = config.with_chosen(**here)
    config.write(run)
    return config


def hash_of_others(place: Path) -> str:
    """A hash of the pictures of other things, whatever they are called."""
    contents = sorted(map(file_sha256, map(str, list_images([place]).files)))
    return hashlib.sha256(b"".join(contents)).hexdigest()


def write_outcome(
    folder: RunFolder,
    learn: "ConvLearner",
    fitted: Fitted,
    predictions: "Predictions",
    scores: Scores,
) -> FinishedRun:
    """Write model, history, predictions, scores, data, environment, confusion, and the result.

    Returns:
        The same as plain data.
    """
    from warmstart.learner.environment import environment  # torch loads here

    learn.save(folder.path / MODEL, metrics={"valid_accuracy": predictions.accuracy})
    folder.write_history(learn.history)
    saved = folder.write_predictions(predictions, learn.content_hashes("valid"))
    out_of_fold = write_out_of_fold(folder, learn)
    folder.write_scores(scores)
    facts = DataFacts.of_table(learn.data.table, tuple(learn.state.noticed))
    folder.write_facts(facts, learn.data.table.damaged)
    machine = environment(learn.card.versions, learn.numeric_mode)
    folder.write_environment(machine)
    if not predictions.is_multi_label:
        predictions.confusion_matrix().plot(folder.path / CONFUSION)
    config = replace(fitted.config, result={"valid_accuracy": predictions.accuracy}).anywhere
    config.write(folder.path)
    return FinishedRun(
        config,
        saved,
        replace(learn.history, comparable_from=0),  # which is not written down
        facts,
        machine,
        steps=fitted.steps,
        curve=fitted.curve,
        out_of_fold=out_of_fold,
        scores=scores,
    )


def write_out_of_fold(folder: RunFolder, learn: "ConvLearner") -> "Predictions | None":
    """Write what heads that did not see them say of training rows, if there were any."""
    rows = learn.out_of_fold
    if rows is None:
        return None
    table = learn.data.table
    names = [table.names[row] for row in table.rows("train")]
    hashes = dict(zip(names, learn.content_hashes("train"), strict=True))
    return folder.write_out_of_fold(rows, [hashes[name] for name in rows.rows])


def show_outcome(run: Path, table: ImageTable, predictions: "Predictions", scores: Scores) -> None:
    """Print what was left out, how good the model is, and where everything lies."""
    exclusions = table.exclusions
    if exclusions:
        show_lines(f"\n{len(exclusions)} file(s) left out:")
        for exclusion in exclusions[:MOST_LISTED]:
            show_lines(printable(f"  {exclusion.name}: {exclusion.reason}"))
        if len(exclusions) > MOST_LISTED:
            show_lines(f"  … all of them in {run / EXCLUSIONS}")
    for item in damaged_notes(table.damaged):
        show_lines(f"\n{printable(item)}")
    show_lines()
    show_scores(predictions, scores)
    show_lines(f"\nmodel:      {run / MODEL}")
    if not predictions.is_multi_label:
        show_lines(f"confusion:  {run / CONFUSION}")
    show_lines(f"run:        {run}")
