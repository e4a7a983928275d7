"""Learning rates as a function of the step: nothing here needs a model."""

import math
from dataclasses import dataclass

from warmstart.errors import SettingError


@dataclass(frozen=True)
class Schedule:
    """How many epochs, and which share of the full rate each step uses.

    With ``cycle_len`` None the rate is constant for ``n_cycle`` epochs; else cycle i lasts
    cycle_len · cycle_mult^i epochs, and within each the rate falls from full to zero.
    """

    n_cycle: int
    cycle_len: int | None = None
    cycle_mult: int = 1

    def __post_init__(self) -> None:
        """Refuse what has no meaning.

        Raises:
            SettingError: a number is not a positive integer.
        """
        for name, value in (
            ("n_cycle", self.n_cycle),
            ("cycle_len", 1 if self.cycle_len is None else self.cycle_len),
            ("cycle_mult", self.cycle_mult),
        ):
            if isinstance(value, bool) or int(value) != value or value < 1:
                raise SettingError(
                    f"{name}={value!r} is not a whole number of at least 1.",
                    expected="fit(lr, n_cycle, cycle_len=None, cycle_mult=1).",
                    fix=f"pass {name}=1.",
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

    def share(self, step: int, steps_per_epoch: int) -> float:
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
