"""The steps of a training run, in order. Only their imports need torch."""

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import tfms_from_model
from warmstart.cli.judge import tell
from warmstart.cli.run_folder import write_environment, write_history, write_predictions
from warmstart.cli.settings import TrainSettings
from warmstart.data.content import ContentHashes

if TYPE_CHECKING:
    from warmstart.learner.conv_learner import ConvLearner
    from warmstart.results.predictions import Predictions


def load_data(settings: TrainSettings) -> ImageClassifierData:
    """The data that the settings name."""
    tfms = tfms_from_model(settings.arch, settings.size)
    source = Path(settings.source)
    if source.suffix.lower() == ".csv":
        return ImageClassifierData.from_csv(
            source.parent,
            settings.folder,
            source,
            tfms,
            settings.bs,
            suffix=settings.suffix,
            split_column=settings.split_column,
            group=settings.group,
            label_sep=settings.label_sep,
            valid_pct=settings.valid_pct,
            on_unreadable=settings.on_unreadable,
        )
    return ImageClassifierData.from_paths(
        source,
        tfms,
        settings.bs,
        valid_pct=settings.valid_pct,
        on_unreadable=settings.on_unreadable,
    )


def build_learner(
    settings: TrainSettings, data: ImageClassifierData, cache_dir: Path | None
) -> "ConvLearner":
    """The learner that the settings name; decoding begins while torch is still loading."""
    hashes = ContentHashes(content_database(cache_dir))
    if settings.precompute and not hashes.knows_most(data.source.paths()):
        data = data.rendering_ahead()
    from warmstart.learner.conv_learner import ConvLearner  # seconds

    return ConvLearner.pretrained(
        settings.arch,
        data,
        settings.precompute,
        weights=settings.weights,
        pretrained=settings.pretrained,
        seed=settings.seed,
        device=settings.device,
        precision=settings.precision,
        cache_dir=cache_dir,
    )


def content_database(cache_dir: Path | None) -> Path:
    """Where content hashes are remembered."""
    from warmstart.data.cache_folder import cache_folder

    return cache_folder(cache_dir) / "content.sqlite"


def run_training(settings: TrainSettings, run: Path, cache_dir: Path | None) -> "Predictions":
    """Precompute, find a rate, train the head, judge, save.

    Args:
        settings: What was asked for.
        run: Where everything is written.
        cache_dir: Where activations are kept.

    Returns:
        The predictions of the validation rows.
    """
    data = load_data(settings)
    print(data.table.summary())
    learn = build_learner(settings, data, cache_dir)
    run.mkdir(parents=True, exist_ok=True)
    settings.write(run)
    lr = settings.lr
    if lr is None:
        lr = learn.lr_find().suggestion
        print(f"rate {lr:.2g}, found by trying (a tenth of where the loss turns)")
        settings = replace(settings, lr=lr)
        settings.write(run)  # what was found by measuring is found once
    learn.fit(lr, 1, cycle_len=settings.epochs, checkpoint=run / "checkpoints")
    predictions = learn.predict("valid")
    learn.save(run / "model", metrics={"valid_accuracy": predictions.accuracy})
    write_history(run, learn.history)
    write_predictions(run, predictions, learn.content_hashes("valid"))
    write_environment(run, learn.card.versions, learn.numeric_mode)
    report_exclusions(learn.data)
    tell(predictions)
    predictions.confusion_matrix().plot(run / "confusion.png")
    print(f"model:      {run / 'model'}\nconfusion:  {run / 'confusion.png'}\nrun:        {run}")
    return predictions


def report_exclusions(data: ImageClassifierData) -> None:
    """Name every file that is in no row."""
    if data.table.exclusions:
        print(f"\n{len(data.table.exclusions)} files were left out:")
        for exclusion in data.table.exclusions[:20]:
            print(f"  {exclusion.name}: {exclusion.reason}")
        if len(data.table.exclusions) > 20:
            print(f"  … all of them in {data.table.root}")
