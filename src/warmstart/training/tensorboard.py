"""What happens in a fit, for TensorBoard to draw."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from warmstart.errors import SettingError
from warmstart.results.history import History


def tensorboard_writer(
    folder: str | Path, groups: Sequence[str], first_step: int
) -> Callable[[History], None]:
    """A listener for ``fit``.

    Args:
        folder: Where the event files go; it is made.
        groups: Names of the layer groups that train.
        first_step: How many steps the learner has done in earlier fits. What the folder holds from
            there on is of a fit that was stopped, and is not drawn.

    Returns:
        A function that writes what is new of a fit's history: loss and rates of every step; losses
        and metrics of every epoch, at its last step.

    Raises:
        SettingError: the package tensorboard is not installed.
    """
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError as error:
        raise SettingError(
            f"tensorboard={str(folder)!r} needs the package tensorboard, which is not installed.",
            expected="the optional part of this package that brings it.",
            fix="pip install 'warmstart[tensorboard]'",
        ) from error
    writer = SummaryWriter(str(folder), purge_step=first_step)
    num_steps = num_epochs = 0

    def write(history: History) -> None:
        nonlocal num_steps, num_epochs
        for i in range(num_steps, len(history.step_losses)):
            writer.add_scalar("loss/step", history.step_losses[i], first_step + i)
            for name, lr in zip(groups, history.step_lrs[i], strict=True):
                writer.add_scalar(f"lr/{name}", lr, first_step + i)
        num_steps = len(history.step_losses)
        ends = np.cumsum([record.num_steps for record in history.records])
        for record, end in list(zip(history.records, ends, strict=True))[num_epochs:]:
            scalars = {"loss/train": record.train_loss, "loss/valid": record.valid_loss}
            scalars |= {f"metrics/{name}": value for name, value in record.metrics.items()}
            for name, value in scalars.items():
                if value is not None:
                    writer.add_scalar(name, value, first_step + int(end) - 1)
        num_epochs = len(history.records)
        writer.flush()

    return write
