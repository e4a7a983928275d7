"""The steps of a training run, in order.

Nothing here loads torch before decoding has begun: its seconds are used.
"""

from pathlib import Path

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.cli.run.config import RunConfig
from warmstart.cli.run.fitting import find_answers, fit_model, last_step
from warmstart.cli.run.folder import RunFolder
from warmstart.cli.run.importing import load_beside
from warmstart.cli.run.learning_curve import find_learning_curve
from warmstart.cli.run.loading import build_learner, load_data
from warmstart.cli.run.outcome import TrainedModel, leave_outcome
from warmstart.cli.run.pinning import hash_of_others, images_sha256, pin
from warmstart.errors import SettingError
from warmstart.images.resize import available_resizer
from warmstart.terminal.colour import show_lines


def run_training(config: RunConfig, run: Path) -> None:
    """Precompute, find a rate, train the head, judge, save; or have several backbones race.

    Args:
        config: What was asked for; of a run that is gone on with, also what was chosen.
        run: Where everything is written.
    """
    settings = config.asked
    check_rate(settings.lr)
    last_step(settings.steps)
    data = load_data(settings, quiet=True, resizer=config.resizer)
    show_lines(summary_of(data))
    if settings.seconds is not None:
        from warmstart.cli.run.racing import run_race  # a room of its own, seldom asked for

        run_race(config, data, run)
        return
    learn = build_learner(settings, data)
    store = learn.state.parts.pooled().hashes
    here = {
        "numeric_mode": learn.numeric_mode,
        "resizer": available_resizer(learn.data.tfms.recipe.resizer),
        "images_sha256": images_sha256(learn.data.source, store),
    }
    if settings.others is not None:
        here["others_sha256"] = hash_of_others(Path(settings.others))
    config = pin(config, here, run)
    folder = RunFolder(run)
    if not learn.data.table.is_multi_label:
        load_beside(load_plots)  # while the solver finds eigenvectors
    fitted = fit_model(config, learn, folder)
    find_answers(fitted.config, learn, fitted.held_back)
    curve = find_learning_curve(config, learn, folder)
    leave_outcome(folder, TrainedModel.of_learner(learn, curve), fitted)


def load_plots() -> None:
    """Load matplotlib, which draws the confusion matrix at the end."""
    import warmstart.plots.confusion  # noqa: F401


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
