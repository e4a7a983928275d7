"""What a callback is told, as plain data, and what it has to be."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from warmstart.results.history import EpochRecord


@dataclass(frozen=True)
class FitBegin:
    """A fit is about to begin, or to go on.

    ``fit`` is its number and ``first_step`` that of its first step, both counted over all fits of
    the learner. ``num_done`` of its steps were done before a kill: they are told again, marked
    ``is_replayed``. ``groups`` names the layer groups that train, ``settings`` has rates, schedule,
    batch size, seed and the like. ``key`` is the same whenever this fit is gone on with from its
    checkpoint; "" where there is none.

    Example:
        >>> from warmstart.callbacks import FitBegin
        >>> FitBegin(0, ("head",), 0, num_epochs=3, steps_per_epoch=4).num_steps
        12
    """

    fit: int
    groups: tuple[str, ...]
    first_step: int
    num_epochs: int
    steps_per_epoch: int
    num_done: int = 0
    settings: Mapping[str, Any] = field(default_factory=dict)
    key: str = ""

    @property
    def num_steps(self) -> int:
        """All steps of the fit, if nothing ends it early.

        Example:
            >>> FitBegin(1, ("head",), 12, num_epochs=2, steps_per_epoch=5).num_steps
            10
        """
        return self.num_epochs * self.steps_per_epoch


@dataclass(frozen=True)
class StepEnd:
    """A step is done: its loss, and the rate of each layer group by name.

    Example:
        >>> from warmstart.callbacks import StepEnd
        >>> StepEnd(step=7, loss=0.5, lrs={"head": 0.01}).scalars
        {'loss/step': 0.5, 'lr/head': 0.01}
    """

    step: int
    loss: float
    lrs: Mapping[str, float]
    is_replayed: bool = False

    @property
    def scalars(self) -> dict[str, float]:
        """Every number, by the name that all loggers give it.

        Example:
            >>> StepEnd(step=0, loss=0.7, lrs={}).scalars
            {'loss/step': 0.7}
        """
        return {"loss/step": self.loss} | {f"lr/{name}": lr for name, lr in self.lrs.items()}


@dataclass(frozen=True)
class EpochEnd:
    """An epoch is done and judged; ``step`` was its last one.

    Example:
        >>> from warmstart.callbacks import EpochEnd
        >>> from warmstart.results.history import EpochRecord
        >>> record = EpochRecord(0, 0, 4, 0.5, 0.4, {"accuracy": 0.8}, (0.01,), 2.5)
        >>> EpochEnd(step=3, record=record).record.metrics["accuracy"]
        0.8
    """

    step: int
    record: EpochRecord
    is_replayed: bool = False

    @property
    def scalars(self) -> dict[str, float]:
        """Every number, by the name that all loggers give it.

        Example:
            >>> from warmstart.callbacks import EpochEnd
            >>> from warmstart.results.history import EpochRecord
            >>> record = EpochRecord(0, 0, 4, 0.5, None, {"accuracy": 0.8}, (0.01,), 2.5)
            >>> EpochEnd(step=3, record=record).scalars
            {'loss/train': 0.5, 'metrics/accuracy': 0.8}
        """
        record = self.record
        valid = {} if record.valid_loss is None else {"loss/valid": record.valid_loss}
        metrics = {f"metrics/{name}": value for name, value in record.metrics.items()}
        return {"loss/train": record.train_loss} | valid | metrics


@dataclass(frozen=True)
class FitEnd:
    """A fit is over after ``num_steps``; ``outcome`` says how.

    It is "finished", "interrupted" (Ctrl-C), "diverged", or "failed" (any other error).

    Example:
        >>> from warmstart.callbacks import FitEnd
        >>> FitEnd(fit=0, num_steps=12, outcome="finished").outcome
        'finished'
    """

    fit: int
    num_steps: int
    outcome: str


@runtime_checkable
class Callback(Protocol):
    """What ``fit(callbacks=[...])`` takes: a subclass of this, or anything with these methods.

    It is told, and cannot change training. An error in ``on_fit_begin`` stops the fit before its
    first step. After an error in another method the callback is told nothing more: the error is
    said at once, with the callback's name, and training goes on to the same bits. A subclass whose
    ``places`` names files and folders that it writes is refused among the user's images.

    Example:
        >>> from warmstart.callbacks import Callback
        >>> class Losses(Callback):
        ...     def __init__(self):
        ...         self.seen = []
        ...
        ...     def on_step(self, event):
        ...         self.seen.append(event.loss)
        >>> losses = Losses()  # what is not written here does nothing
    """

    def on_fit_begin(self, event: FitBegin) -> None:  # noqa: ARG002
        """Told before the first step; raise here what makes the fit pointless.

        Example:
            >>> from warmstart.callbacks import FitBegin
            >>> losses.on_fit_begin(FitBegin(0, ("head",), 0, num_epochs=3, steps_per_epoch=4))
        """
        return

    def on_step(self, event: StepEnd) -> None:  # noqa: ARG002
        """Told after every step, also of those that were done before a kill.

        Example:
            >>> from warmstart.callbacks import StepEnd
            >>> losses.on_step(StepEnd(step=0, loss=0.7, lrs={"head": 0.01}))
            >>> losses.seen
            [0.7]
        """
        return

    def on_epoch(self, event: EpochEnd) -> None:  # noqa: ARG002
        """Told after every epoch, likewise.

        Example:
            >>> from warmstart.callbacks import EpochEnd
            >>> from warmstart.results.history import EpochRecord
            >>> record = EpochRecord(0, 0, 4, 0.5, 0.4, {}, (0.01,), 2.5)
            >>> losses.on_epoch(EpochEnd(step=3, record=record))
        """
        return

    def on_fit_end(self, event: FitEnd) -> None:  # noqa: ARG002
        """Told once, however the fit ended.

        Example:
            >>> from warmstart.callbacks import FitEnd
            >>> losses.on_fit_end(FitEnd(fit=0, num_steps=12, outcome="finished"))
        """
        return
