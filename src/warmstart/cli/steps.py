"""The steps of a training run, in order.

Nothing here loads torch before decoding has begun: its seconds are used.
"""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import tfms_from_model
from warmstart.cli.answer import find_answers
from warmstart.cli.full import last_step, train_fully
from warmstart.cli.outcome import tell_outcome, write_outcome
from warmstart.cli.paths import RECIPE
from warmstart.cli.recipe import Recipe, read_recipe
from warmstart.cli.run_folder import CURVE, REPORT, write_curve
from warmstart.cli.run_report import write_run_report
from warmstart.cli.settings import DataSettings, LearnSettings
from warmstart.cli.table_file import table_data
from warmstart.data.content import ContentHashes, file_sha256
from warmstart.data.csv_table import is_table
from warmstart.data.listing import list_images
from warmstart.data.output_paths import cache_folder
from warmstart.errors import DataError, DivergedError, SettingError
from warmstart.terminal.colour import show_lines

if TYPE_CHECKING:
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.results.predictions import Predictions


BEGUN_WITH = {  # what a run's bits depend on, and must not change while it is stopped
    "numeric_mode": "computer or its versions",
    "images_sha256": "images",
    "others_sha256": "pictures of other things",
}


def load_data(
    settings: DataSettings, *, for_check: bool = False, quiet: bool = False
) -> ImageClassifierData:
    """The data that the settings name; ``quiet`` where the caller tells what was noticed."""
    tfms = tfms_from_model(
        settings.arch,
        settings.size,
        aug_tfms=settings.augmentation,
        max_zoom=settings.max_zoom,
        crop_type=settings.crop_type,
    )
    source = Path(settings.source)
    if is_table(source):
        return table_data(source, settings, tfms, for_check=for_check, quiet=quiet)
    return ImageClassifierData.from_paths(
        source,
        tfms,
        settings.bs,
        trn_name=settings.trn_name,
        val_name=settings.val_name,
        test_name=settings.test_name,
        valid_pct=settings.valid_pct,
        seed=settings.split_seed,
        on_unreadable=settings.on_unreadable,
        fixes=settings.fixes,
        for_check=for_check,
        quiet=quiet,
    )


def build_learner(settings: LearnSettings, data: ImageClassifierData) -> "ConvLearner":
    """The learner that the settings name; decoding begins while torch is still loading."""
    hashes = ContentHashes(cache_folder(settings.cache_dir) / "content.sqlite")
    if settings.kept_views is True and not hashes.knows_most(data.source.paths()):
        data = data.rendering_ahead()
    from warmstart.learner.conv_learner import ConvLearner  # seconds

    return ConvLearner.pretrained(
        settings.arch,
        data,
        settings.kept_views,
        weights=settings.weights,
        pretrained=settings.pretrained,
        seed=settings.seed,
        device=settings.device,
        precision=settings.precision,
        cache_dir=settings.cache_dir,
    )


def run_training(recipe: Recipe, run: Path) -> "Predictions":
    """Precompute, find a rate, train the head, judge, save.

    Args:
        recipe: What was asked for; of a run that is gone on with, also what was chosen.
        run: Where everything is written.

    Returns:
        The predictions of the validation rows.
    """
    settings = recipe.asked
    refuse_rate(settings.lr)
    last_step(settings.steps)
    data = load_data(settings, quiet=True)
    show_lines(summary_of(data))
    learn = build_learner(settings, data)
    recipe = begun(recipe, learn, run)
    held_back = None
    if settings.full:
        held_back = train_fully(recipe, learn, run).held_back
    elif settings.head == "mlp":
        recipe = with_rate(recipe, learn, run)
        train(recipe, learn, run)
    else:
        learn.fit_head(settings.head, balance=settings.balance, checkpoint=run / "checkpoints")
    find_answers(recipe, learn, held_back)
    predictions = learn.predict("valid")
    scores = write_outcome(run, learn, predictions)
    recipe = read_recipe(run)  # with all that was chosen on the way
    replace(recipe, result={"valid_accuracy": predictions.accuracy}).write(run)
    tell_outcome(run, learn.data.table, predictions, scores)
    if settings.report:  # last, so that nobody waits for it
        place = write_run_report(run, run / REPORT, predictor=learn.predictor())
        show_lines(f"report:     {place}")
    return predictions


def refuse_rate(lr: float | None) -> None:
    """Check a rate before anything is read.

    Raises:
        SettingError: it is not a number above 0.
    """
    if lr is not None and not 0 < lr < float("inf"):
        raise SettingError(
            f"lr={lr} is no learning rate.",
            expected="one number above 0, such as 0.01.",
            fix="pass lr=0.01, or leave it away to have one found.",
            flags=("--lr", "0.01"),
        )


def summary_of(data: ImageClassifierData) -> str:
    """What there is, without the splits that there are not."""
    lines = data.table.summary().splitlines()
    return "\n".join(line for line in lines if not line.endswith(": 0 images (none)"))


def begun(recipe: Recipe, learn: "ConvLearner", run: Path) -> Recipe:
    """Write down what the run's bits depend on, or see that it is as it was.

    Raises:
        DataError: the images or the numeric mode are not those that the run began with.
    """
    digest = hashlib.sha256()
    for split in ("train", "valid"):
        for content in learn.content_hashes(split):
            digest.update(content)
    here = {"numeric_mode": learn.numeric_mode, "images_sha256": digest.hexdigest()}
    if recipe.asked.others is not None:
        here["others_sha256"] = hash_of_others(Path(recipe.asked.others))
    for name, what in BEGUN_WITH.items():
        if name not in here:
            continue
        if recipe.chosen.get(name, here[name]) != here[name]:
            raise DataError(
                f"{run} cannot go on: its {what} changed ({name} was {recipe.chosen[name]}, and "
                f"is {here[name]}).",
                expected="what it began with, so that the result is that of one run.",
                fix=f"begin a new run: warmstart train {recipe.asked.source}",
            )
    recipe = recipe.choosing(**here)
    recipe.write(run)
    return recipe


def hash_of_others(place: Path) -> str:
    """A hash of the pictures of other things, whatever they are called."""
    contents = sorted(map(file_sha256, map(str, list_images([place]).files)))
    return hashlib.sha256(b"".join(contents)).hexdigest()


def with_rate(recipe: Recipe, learn: "ConvLearner", run: Path) -> Recipe:
    """A recipe with a rate: what is found by trying is found once."""
    if recipe.lr is not None:
        return recipe
    curve = learn.lr_find()
    write_curve(run, curve)
    lr = curve.suggestion
    show_lines(f"rate {lr:.2g}, found by trying rates from small to large")
    recipe = recipe.choosing(lr=lr)
    recipe.write(run)
    return recipe


def train(recipe: Recipe, learn: "ConvLearner", run: Path) -> None:
    """Fit, or go on with a fit; what diverged at the first try is no run.

    Raises:
        DivergedError: the loss is not finite.
    """
    asked, checkpoints = recipe.asked, run / "checkpoints"
    is_new = not checkpoints.exists()
    try:
        learn.fit(
            recipe.lr or 0.0,
            1,
            checkpoint=checkpoints,
            tensorboard=asked.tensorboard,
            **recipe.mlp_fit(len(learn.data.table.rows("train"))),
        )
    except DivergedError:
        if is_new:  # so that the same folder can be used with a smaller rate
            shutil.rmtree(checkpoints, ignore_errors=True)
            for name in (RECIPE, CURVE):
                (run / name).unlink(missing_ok=True)
        raise
