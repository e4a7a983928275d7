"""A fit for TensorBoard to draw."""

from pathlib import Path
from typing import Any

from warmstart.arguments import folder as read_folder
from warmstart.callbacks.events import Callback, EpochEnd, FitBegin, FitEnd, StepEnd
from warmstart.errors import SettingError


class TensorBoard(Callback):
    """Event files: loss and rates of every step, losses and metrics of every epoch.

    Names and steps are those of ``CSVLogger``. What the folder holds from a fit's first step on is
    of a fit that was stopped, and is not drawn.

    Example:
        >>> from warmstart.callbacks import TensorBoard
        >>> history = learn.fit(0.01, 1, callbacks=[TensorBoard(folder / "board")])
        >>> [file.name.split(".")[0] for file in (folder / "board").iterdir()]
        ['events']
    """

    def __init__(self, folder: str | Path) -> None:
        """Name the folder; it is made when a fit begins.

        Args:
            folder: Where.

        Raises:
            SettingError: the package tensorboard is not installed.
        """
        self.folder = Path(read_folder("folder", folder))
        self.places = (self.folder,)
        try:
            from torch.utils.tensorboard import SummaryWriter
        except ImportError as error:
            raise SettingError(
                f"TensorBoard({str(folder)!r}) needs the package tensorboard, which is not "
                "installed.",
                expected="the optional part of this package that brings it.",
                fix="pip install 'warmstart[tensorboard]'",
            ) from error
        self._open: Any = SummaryWriter
        self._writer: Any = None

    def on_fit_begin(self, event: FitBegin) -> None:
        """Begin an event file."""
        self._writer = self._open(str(self.folder), purge_step=event.first_step)

    def on_step(self, event: StepEnd) -> None:
        """Its loss and rates."""
        self._add(event)

    def on_epoch(self, event: EpochEnd) -> None:
        """Its losses and metrics; all that waits is written."""
        self._add(event)
        self._writer.flush()

    def on_fit_end(self, event: FitEnd) -> None:  # noqa: ARG002
        """Close the file."""
        self._writer.close()

    def _add(self, event: StepEnd | EpochEnd) -> None:
        for name, value in event.scalars.items():
            self._writer.add_scalar(name, value, event.step)
