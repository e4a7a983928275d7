"""One cycle: up from a small rate, down to almost none."""

import math
from dataclasses import dataclass

from warmstart.arguments import read_fields, real, whole


@dataclass(frozen=True)
class OneCycle:
    """The rate climbs to its full value for ``pct_start`` of the steps and falls for the rest.

    Both ways along half a cosine. It begins at 1 / ``div`` of the full rate and ends at
    1 / (``div`` · ``final_div``). Momentum stays.

    Reference:
        Smith and Topin, 2018, arXiv 1708.07120.

    Differs from:
        The paper, which climbs and falls along straight lines and moves momentum the other way.
        Shape and defaults are those of torch's OneCycleLR, but for ``pct_start``.
    """

    num_epochs: int
    pct_start: float = 0.25
    div: float = 25.0
    final_div: float = 1e4

    def __post_init__(self) -> None:
        """Refuse numbers out of their range, with a SettingError."""
        read_fields(
            self,
            num_epochs=whole(1, example=4),
            pct_start=real(0.25, above=0, below=1),
            div=real(25, least=1),
            final_div=real(1e4, least=1),
        )

    def share(self, step: int, steps_per_epoch: int) -> float:
        """The factor on the full rate at a step, in (0, 1].

        Args:
            step: Counted from 0 over the whole fit.
            steps_per_epoch: Batches per epoch.

        Returns:
            1 / ``div`` at step 0, 1 at the peak, 1 / (``div`` · ``final_div``) at the last step.
        """
        last = self.num_epochs * steps_per_epoch - 1
        if last <= 0:
            return 1.0
        peak = min(last - 1, max(0, round(self.pct_start * last)))
        first, final = 1 / self.div, 1 / (self.div * self.final_div)
        if step < peak:
            return between(first, 1.0, step / peak)
        return between(1.0, final, min(1.0, (step - peak) / (last - peak)))

    def ends_cycle(self, epoch: int) -> bool:
        """Whether the cycle ends with this epoch, counted from 0."""
        return epoch == self.num_epochs - 1


def between(begin: float, end: float, share: float) -> float:
    """A value on half a cosine from ``begin`` to ``end``."""
    return end + (begin - end) * 0.5 * (1 + math.cos(math.pi * share))
