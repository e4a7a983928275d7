"""What more images would buy: found at the end of a run, if its training rows can tell."""

from typing import TYPE_CHECKING

from warmstart.cli.run.config import RunConfig
from warmstart.cli.run.folder import RunFolder
from warmstart.cli.text.ending import show_wrapped
from warmstart.errors import SettingError
from warmstart.results.learning_curve import LearningCurve
from warmstart.terminal.colour import notify

if TYPE_CHECKING:
    from warmstart.learner.conv_learner import ConvLearner


def find_learning_curve(
    config: RunConfig, learn: "ConvLearner", folder: RunFolder
) -> LearningCurve | None:
    """Measure and write the curve; say why where there is none.

    Args:
        config: The run's.
        learn: Trained; with a backbone that has not moved, also under an MLP.
        folder: Where it is written.
    """
    try:
        curve = learn.learning_curve(balance=config.asked.balance)
    except SettingError as error:
        notify(f"no learning curve: {error.what.removeprefix('no learning curve: ')}")
        return None
    folder.write_learning_curve(curve)
    return curve


def show_learning_curve(
    curve: LearningCurve | None, config: RunConfig, backbone: str | None = None
) -> None:
    """One line: twice as many photos, and the next class.

    Args:
        curve: What was found.
        config: The run's.
        backbone: Of several that answer together, the one whose curve it is.
    """
    if curve is not None:
        of = " (logistic heads)" if config.asked.head == "mlp" else ""
        of = of if backbone is None else f" ({backbone} alone)"
        show_wrapped(f"{curve}{of}")
