"""The weights to which a fit that diverged goes back."""

from math import isfinite, log

from torch import nn

from warmstart.results.history import EpochRecord
from warmstart.training.state import copied, module_state, put_state

HIGHEST = 4.0  # times the loss of before, or of chance: a network that loses more has diverged


class LastGood:
    """Those that a fit began with, or of its last epoch after which the loss was no worse.

    A loss may be finite, and weights so large that no rate can mend them: an epoch that lost more
    than ``HIGHEST`` times what it began with is not good.
    """

    def __init__(self, module: nn.Module, num_classes: int) -> None:
        """Remember the weights of now."""
        self.module, self.chance = module, log(max(2, num_classes))
        self.tensors = copied(module_state(module))

    def see(self, record: EpochRecord, first_loss: float) -> None:
        """Remember the weights of now, if they are good.

        Args:
            record: Of the epoch that ended with them.
            first_loss: Of the first step of the fit.
        """
        loss = record.train_loss if record.valid_loss is None else record.valid_loss
        if isfinite(loss) and loss <= HIGHEST * max(first_loss, self.chance):
            self.tensors = copied(module_state(self.module))

    def put_back(self) -> None:
        """Write the remembered weights into the module."""
        put_state(self.module, self.tensors)
