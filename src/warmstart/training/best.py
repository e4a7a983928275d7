"""The best epoch so far, by the loss or a score of rows that do not train."""

from collections.abc import Mapping
from math import inf, isnan

from torch import Tensor, nn

from warmstart.errors import SettingError
from warmstart.metrics.evaluate import BriefScores
from warmstart.results.history import History
from warmstart.training.objective import ChoosingInputs, Inputs, Targets
from warmstart.training.settings import FitSettings
from warmstart.training.state import copied, module_state


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

    def see(self, judged: BriefScores, module: nn.Module) -> bool:
        """Keep the weights if they are the best so far, and say whether they are.

        An epoch whose loss is not a number is never the best.
        """
        score = 0.0 if self.best_by == "loss" else float(getattr(judged, self.best_by))
        is_better = score > self.score or (score == self.score and judged.loss < self.loss)
        if not is_better or isnan(judged.loss):
            self.num_stale_epochs += 1
            return False
        self.loss, self.score, self.num_stale_epochs = judged.loss, score, 0
        self.tensors = copied(module_state(module))
        return True

    def restore(
        self, tensors: Mapping[str, Tensor], loss: float, score: float, num_stale_epochs: int
    ) -> None:
        """Go on where a checkpoint was."""
        self.tensors, self.loss, self.score = dict(tensors), loss, score
        self.num_stale_epochs = num_stale_epochs


def chosen_on(targets: Targets) -> str:
    """The rows that choose: "choice" where some are held back for it, else "valid"."""
    return "valid" if targets.choice is None else "choice"


def check_choice(settings: FitSettings, inputs: Inputs, targets: Targets) -> None:
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


def kept_epoch(history: History, fit_number: int = 0) -> int | None:
    """The epoch whose weights a fit ended with; None if nobody chose: it was the last one."""
    kept = [
        record.epoch for record in history.records if record.fit == fit_number and record.is_best
    ]
    return kept[-1] if kept else None
