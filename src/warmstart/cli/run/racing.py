"""`warmstart train --seconds`: several backbones race, and the best of them answer together."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.cli.run.config import BEGAN, RunConfig
from warmstart.cli.run.fitting import Fitted
from warmstart.cli.run.folder import RunFolder
from warmstart.cli.run.learning_curve import find_learning_curve
from warmstart.cli.run.outcome import TrainedModel, leave_outcome
from warmstart.cli.run.pinning import hash_of_others, images_sha256, pin
from warmstart.cli.run.settings import TrainSettings
from warmstart.data.content import ContentHashes
from warmstart.data.output_paths import cache_folder
from warmstart.images.resize import available_resizer
from warmstart.terminal.colour import show_lines

FINISHING_SECONDS = 6.0  # for the model's folder, the scores, the learning curve and the report


def run_race(config: RunConfig, data: ImageClassifierData, run: Path) -> None:
    """Try backbones until the time is up, and leave the model that they make together.

    Args:
        config: What was asked for; of a run that is gone on with, also what was decided.
        data: As the first of the backbones that were named sees them.
        run: Where everything is written.
    """
    from warmstart.recipe.race import Race  # torch loads here

    settings = config.asked
    store = cache_folder(settings.cache_dir)
    hashes = ContentHashes(store / "content.sqlite")
    here = {
        "images_sha256": images_sha256(data.source, hashes),
        "resizer": available_resizer(data.tfms.recipe.resizer),
    }
    if settings.others is not None:
        here["others_sha256"] = hash_of_others(Path(settings.others))
    config = pin(config, here, run)
    decided = config

    def keep(chosen: Mapping[str, Any]) -> None:
        nonlocal decided
        decided = pin(decided, dict(chosen), run)

    race = Race(
        settings.seconds,
        settings.raced_archs,
        seed=settings.seed,
        device=settings.device,
        precision=settings.precision,
        cache_dir=settings.cache_dir,
        balance=settings.balance,
    )
    result = race.run(
        data, reserve=finishing(settings), began=BEGAN.get(), chosen=config.chosen, on_choice=keep
    )
    show_lines()
    show_lines(result.record.outcome())
    if settings.others is not None:
        result = result.with_unknown(Path(settings.others), false_accept=settings.false_accept)
        show_lines(result.predictor.card.answering.how[-1])
    folder = RunFolder(run)
    curve = find_learning_curve(decided, result.learners[0], folder)
    leave_outcome(folder, TrainedModel.of_race(result, curve), Fitted(decided))


def finishing(settings: TrainSettings) -> float:
    """Seconds to keep for what comes after the race: all of it, or less of a shorter time."""
    return min(FINISHING_SECONDS, (settings.seconds or 0.0) / 2)
