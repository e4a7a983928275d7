"""Weights that a fit keeps beside its own: the best, the last good ones, a running average."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from math import inf, isfinite, isnan, log

import torch
from torch import Tensor, nn

from warmstart.errors import SettingError
from warmstart.metrics.evaluate import BriefScores
from warmstart.results.history import EpochRecord
from warmstart.training.objective import ChoosingInputs, Inputs, Targets
from warmstart.training.settings import FitSettings
from warmstart.training.state import clone_tensors, module_state, put_state

HIGHEST = 4.0  # times the loss of before, or of chance: a network that loses more has diverged


class BestEpoch:
    """Weights of the best epoch, and how long ago it was.

    ``score`` is what is to be highest, of equals the one with the lowest ``loss``; by "loss" all
    are equal.
    """

    def __init__(self, best_by: str = "loss") -> None:
        """No epoch yet."""
        self.best_by = best_by
        self.loss, self.score = inf, -inf
        self.num_stale_epochs = 0
        self.tensors: dict[str, Tensor] = {}

    def update(self, scores: BriefScores, module: nn.Module) -> bool:
        """Keep the weights if they are the best so far, and say whether they are.

        An epoch whose loss is not a number is never the best.
        """
        score = 0.0 if self.best_by == "loss" else float(getattr(scores, self.best_by))
        is_better = score > self.score or (score == self.score and scores.loss < self.loss)
        if not is_better or isnan(scores.loss):
            self.num_stale_epochs += 1
            return False
        self.loss, self.score, self.num_stale_epochs = scores.loss, score, 0
        self.tensors = clone_tensors(module_state(module))
        return True

    def restore(
        self, tensors: Mapping[str, Tensor], loss: float, score: float, num_stale_epochs: int
    ) -> None:
        """Go on where a checkpoint was."""
        self.tensors, self.loss, self.score = dict(tensors), loss, score
        self.num_stale_epochs = num_stale_epochs


def rows_that_choose(targets: Targets) -> str:
    """The rows that choose: "choice" where some are held back for it, else "valid"."""
    return "valid" if targets.choice is None else "choice"


def check_rows_that_choose(settings: FitSettings, inputs: Inputs, targets: Targets) -> None:
    """See that there is something to choose by.

    Raises:
        SettingError: there are no rows for it.
    """
    if not settings.chooses:
        return
    if targets.choice is not None and not isinstance(inputs, ChoosingInputs):
        raise SettingError(
            f"{type(inputs).__name__} gives no rows to choose by, and there are labels for such.",
            expected="inputs with a method choice().",
            fix="pass Targets(train, valid) without choice.",
        )
    if len(targets.valid if targets.choice is None else targets.choice) == 0:
        raise SettingError(
            "the best epoch is asked for, and there is no row to judge by.",
            expected="validation rows, or rows held back from training.",
            fix="pass keeps_best=False and patience=None, or data with validation rows.",
        )


class LastGood:
    """Those that a fit began with, or of its last epoch after which the loss was no worse.

    A loss may be finite, and weights so large that no rate can mend them: an epoch that lost more
    than ``HIGHEST`` times what it began with is not good.
    """

    def __init__(self, module: nn.Module, num_classes: int) -> None:
        """Remember the weights of now."""
        self.module, self.chance = module, log(max(2, num_classes))
        self.tensors = clone_tensors(module_state(module))

    def update(self, record: EpochRecord, first_loss: float) -> None:
        """Remember the weights of now, if they are good.

        Args:
            record: Of the epoch that ended with them.
            first_loss: Of the first step of the fit.
        """
        loss = record.train_loss if record.valid_loss is None else record.valid_loss
        if isfinite(loss) and loss <= HIGHEST * max(first_loss, self.chance):
            self.tensors = clone_tensors(module_state(self.module))

    def put_back(self) -> None:
        """Write the remembered weights into the module."""
        put_state(self.module, self.tensors)


class WeightAverage:
    """Exponential average of parameters and of BatchNorm's statistics; counters are copied.

    After t updates the decay is min(``decay``, (1 + t) / (10 + t)), as in TensorFlow: else the
    starting weights, which a short fit has in mind to leave, would outweigh the others.
    """

    def __init__(self, module: nn.Module, decay: float) -> None:
        """Begin with the weights as they are."""
        self.decay = decay
        self.tensors = clone_tensors(module_state(module))

    def update(self, module: nn.Module, num_updates: int) -> None:
        """Take in the weights after update ``num_updates``, counted from 1."""
        decay = min(self.decay, (1 + num_updates) / (10 + num_updates))
        with torch.no_grad():
            for name, tensor in module_state(module).items():
                if tensor.is_floating_point():
                    self.tensors[name].lerp_(tensor, 1 - decay)
                else:
                    self.tensors[name].copy_(tensor)

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Go on from an average that was kept."""
        for name, tensor in self.tensors.items():
            tensor.copy_(tensors[name])


@contextmanager
def with_average(module: nn.Module, average: WeightAverage | None) -> Iterator[None]:
    """The module with its average as weights, and then with its own again."""
    if average is None:
        yield
        return
    own = clone_tensors(module_state(module))
    put_state(module, average.tensors)
    try:
        yield
    finally:
        put_state(module, own)
