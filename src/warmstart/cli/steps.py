"""The steps of a training run, in order; each says what it did and how long it took."""

from pathlib import Path

import torch

from warmstart.classifier_data import ImageClassifierData, tfms_from_model
from warmstart.cli.judge import tell
from warmstart.cli.run_folder import write_environment, write_history
from warmstart.cli.settings import TrainSettings
from warmstart.learner import ConvLearner
from warmstart.results.predictions import Predictions


def load_data(settings: TrainSettings) -> ImageClassifierData:
    """The data that the settings name."""
    tfms = tfms_from_model(settings.arch, settings.size)
    return ImageClassifierData.from_paths(
        settings.source,
        tfms,
        settings.bs,
        valid_pct=settings.valid_pct,
        on_unreadable=settings.on_unreadable,
    )


def build_learner(
    settings: TrainSettings, data: ImageClassifierData, cache_dir: Path | None
) -> ConvLearner:
    """The learner that the settings name."""
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


def run_training(settings: TrainSettings, run: Path, cache_dir: Path | None) -> Predictions:
    """Precompute, find a rate, train the head, judge, save.

    Args:
        settings: What was asked for.
        run: Where everything is written.
        cache_dir: Where activations are kept.

    Returns:
        The predictions of the validation rows.
    """
    data = load_data(settings)
    run.mkdir(parents=True, exist_ok=True)
    settings.write(run)
    learn = build_learner(settings, data, cache_dir)
    lr = settings.lr
    if lr is None:
        lr = learn.lr_find().suggestion
        settings.with_lr(lr).write(run)  # a measured choice is made once
    learn.fit(
        lr,
        1,
        cycle_len=settings.epochs,
        checkpoint=run / "checkpoints",
    )
    predictions = learn.predict("valid")
    learn.save(run / "model", metrics={"valid_accuracy": predictions.accuracy})
    write_history(run, learn.history)
    write_environment(run, learn.card.versions, learn.frozen.card.mode, torch.get_num_threads())
    tell(predictions)
    print(f"model {run / 'model'}")
    return predictions
