"""Learning rates as a function of the step: nothing here needs a model."""

import math
from dataclasses import dataclass

from warmstart.arguments import optional, read_fields, real, whole
from warmstart.errors import SettingError

MOST_EPOCHS = 1_000_000  # more are a slip of the keyboard, and lengths of cycles multiply


@dataclass(frozen=True)
class Schedule:
    """How many epochs, and which factor on the full rate each step uses.

    With ``cycle_len`` None the rate is constant for ``n_cycle`` epochs; else cycle i lasts
    cycle_len · cycle_mult^i epochs, and within each the rate falls from full to zero.
    """

    n_cycle: int
    cycle_len: int | None = None
    cycle_mult: int = 1

    def __post_init__(self) -> None:
        """Refuse what has no meaning.

        Raises:
            SettingError: a number is not a positive integer, or there are too many epochs.
        """
        count = whole(1, MOST_EPOCHS)
        read_fields(self, n_cycle=count, cycle_len=optional(count), cycle_mult=count)
        total = 0
        for i in range(self.n_cycle):
            total += (self.cycle_len or 1) * self.cycle_mult**i
            if total > MOST_EPOCHS:
                raise SettingError(
                    f"n_cycle={self.n_cycle}, cycle_len={self.cycle_len}, "
                    f"cycle_mult={self.cycle_mult} are more than {MOST_EPOCHS:,} epochs.",
                    expected="fewer cycles, or cycles of one length.",
                    fix="pass n_cycle=3, cycle_len=1, cycle_mult=2.",
                )

    @property
    def cycle_epochs(self) -> tuple[int, ...]:
        """Epochs of each cycle; without cycles every epoch is one."""
        if self.cycle_len is None:
            return (1,) * self.n_cycle
        return tuple(self.cycle_len * self.cycle_mult**i for i in range(self.n_cycle))

    @property
    def num_epochs(self) -> int:
        """cycle_len · Σ cycle_mult^i."""
        return sum(self.cycle_epochs)

    def factor(self, step: int, steps_per_epoch: int) -> float:
        """The factor on the full rate at a step, in [0, 1].

        Args:
            step: Counted from 0 over the whole fit.
            steps_per_epoch: Batches per epoch.

        Returns:
            ½ (1 + cos(π T_cur / T_i)), T counted in steps; 1 without cycles.

        Reference:
            Loshchilov and Hutter, 2017, arXiv 1608.03983, eq. 5 with η_min = 0.

        Differs from:
            fastai 0.7, whose first cycle starts at 1/100 of the rate for its first steps.
        """
        if self.cycle_len is None:
            return 1.0
        for epochs in self.cycle_epochs:
            if step < epochs * steps_per_epoch:
                return 0.5 * (1 + math.cos(math.pi * step / (epochs * steps_per_epoch)))
            step -= epochs * steps_per_epoch
        return 0.0

    def ends_cycle(self, epoch: int) -> bool:
        """Whether a cycle ends with this epoch, counted from 0."""
        ends, total = set(), 0
        for epochs in self.cycle_epochs:
            total += epochs
            ends.add(total - 1)
        return epoch in ends


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

    def factor(self, step: int, steps_per_epoch: int) -> float:
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


def between(begin: float, end: float, place: float) -> float:
    """A value on half a cosine from ``begin`` to ``end``."""
    return end + (begin - end) * 0.5 * (1 + math.cos(math.pi * place))


def schedule_of(
    n_cycle: int, cycle_len: int | None, cycle_mult: int, *, one_cycle: bool
) -> Schedule | OneCycle:
    """Restarts, or one rise and fall over as many epochs.

    Args:
        n_cycle: Number of epochs, or of cycles if ``cycle_len`` is given.
        cycle_len: Epochs of the first cycle.
        cycle_mult: Each cycle is so many times as long as the one before.
        one_cycle: One rise and fall instead.
    """
    schedule = Schedule(n_cycle, cycle_len, cycle_mult)
    return OneCycle(schedule.num_epochs) if one_cycle else schedule
