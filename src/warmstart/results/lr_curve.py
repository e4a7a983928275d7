"""Losses against rates, and the rate to start with."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.display import Displayed, Sheet
from warmstart.files.strict import convert, refuse_file

USUAL = 0.01  # what served heads and unfrozen bodies alike (benchmarks/lr_suggestion.py)
SMOOTHING_DECADES = 0.2  # standard deviation of the average over neighbouring rates
SMOOTHING_STEPS = 0.6  # and at least so many steps, where few steps lie far apart
LEARNED = 0.65  # of the fall, by the step up to which the rates are added up
WORTHWHILE = 0.2  # of the loss of chance: a smaller fall tells of little to learn
DENSE = 0.12  # decades between steps: steps further apart only tell where the loss rises
FLOOR = 0.2  # the floor ends where a fifth of the fall is lost again
RISEN = 0.05  # or, if that is more, a twentieth of the loss of chance
LARGEST = 1 / 3  # of the last rate before the loss rises; no suggestion is larger,
LARGEST_USUAL = 1 / 5  # and the usual rate less: where little can be gained, no harm is to be done
TRAINED = 1 / 3  # of the loss of chance, below which a network has learned before
FIRST_LOSSES = 5  # whose mean is the loss before the sweep: at the smallest rates nothing moves
HIGHEST = 4.0  # times the first loss; beyond it a loss says no more than that it diverged


@dataclass(frozen=True, eq=False, repr=False)
class LRCurve(Displayed):
    """``lrs`` (S,) growing, ``losses`` (S,) of the step taken with each; S may be 0.

    ``before`` (S,) is what the weights from before the sweep lose on the same batches, with the
    same dropout: the difference is free of the noise between batches. Without it the mean of the
    first losses stands for all. ``chance`` is the loss of a network that knows nothing, None where
    nobody says. ``usual`` is the rate for weights of which a sweep says nothing, or too little;
    ``share`` is a factor on whatever is suggested. ``told`` is a suggestion that was made before,
    by this version or an older one, and holds as it was.

    Example:
        >>> import numpy as np
        >>> from warmstart import LRCurve
        >>> lrs = np.geomspace(1e-4, 1, 60)
        >>> curve = LRCurve(lrs, 2 - np.exp(-np.abs(np.log10(lrs / 0.05))), chance=2.0)
        >>> print(f"{curve.suggestion:.4f}")
        0.0375
    """

    lrs: NDArray[np.float64]
    losses: NDArray[np.float64]
    share: float = 1.0
    chance: float | None = None
    before: NDArray[np.float64] | None = None
    usual: float = USUAL
    told: float | None = None

    @property
    def start(self) -> float:
        """The mean loss before the sweep."""
        if self.before is None or not len(self.before):
            return start_of(self.losses)
        return float(np.mean(self.before))

    @property
    def spacing(self) -> float:
        """Decades from one rate to the next."""
        return float(np.log10(self.lrs[1] / self.lrs[0])) if len(self.lrs) > 1 else 0.0

    @property
    def changes(self) -> NDArray[np.float64]:
        """What the sweep has changed in the loss of each step's batch (S,); bounded."""
        before = self.start if self.before is None else self.before
        highest = HIGHEST * max(self.start if np.isfinite(self.start) else 0.25, self.chance or 0.0)
        losses = np.where(np.isfinite(self.losses), self.losses, highest)
        changes: NDArray[np.float64] = np.minimum(losses, highest) - before
        return np.where(np.isfinite(changes), changes, highest)

    @property
    def smoothed_changes(self) -> NDArray[np.float64]:
        """Mean of the changes (S,) at rates near each, weighted by distance in decades.

        A mean over both sides has its fall and its rise where the losses have them; a running
        mean of past steps has both too late, by half a decade in a sweep of a hundred steps.
        """
        decades = np.log10(self.lrs)
        width = max(SMOOTHING_DECADES, SMOOTHING_STEPS * self.spacing)
        weights = np.exp(-0.5 * ((decades[:, None] - decades[None, :]) / width) ** 2)
        means: NDArray[np.float64] = weights @ self.changes / weights.sum(axis=1)
        return means

    @property
    def smoothed(self) -> NDArray[np.float64]:
        """The smoothed loss (S,), as if every step had met a batch of the mean difficulty."""
        return self.smoothed_changes + (self.start if np.isfinite(self.start) else 0.0)

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw it: a matplotlib figure, also written to ``path`` if one is given.

        Example:
            >>> from pathlib import Path
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     figure = curve.plot(Path(folder) / "figure.png")
            ...     print([file.name for file in Path(folder).iterdir()])
            ['figure.png']
        """
        from warmstart.plots.curves import plot_lr_curve  # here: matplotlib takes a second

        return plot_lr_curve(self.lrs, self.losses, self.smoothed, self.suggestion, path)

    @property
    def is_trained(self) -> bool:
        """Whether the loss began far below chance: then a sweep has next to nothing to lower."""
        return self.chance is not None and bool(self.start < TRAINED * self.chance)

    @property
    def fall(self) -> float:
        """How far the smoothed loss falls in all, 0 or more."""
        return max(0.0, -float(self.smoothed_changes.min(initial=0.0)))

    @property
    def turning(self) -> float:
        """The last rate before the loss rises: of the floor, or, of a trained network, of all.

        It is where the steps that have risen are best parted from those that have not, so that
        neither one unlucky batch before it nor a lucky one after it moves it.
        """
        if not len(self.lrs):
            return float("inf")
        level = 0.0 if self.is_trained else -self.fall
        height = max(FLOOR * -level, RISEN * (self.chance or self.start))
        has_risen = self.changes > level + height
        lowest = 0 if self.is_trained else int(self.smoothed_changes.argmin())
        before, after = np.cumsum(has_risen[lowest:]), np.cumsum(~has_risen[lowest:])
        wrong = np.append(0, before) + after[-1] - np.append(0, after)
        return float(self.lrs[max(0, lowest + int(wrong.argmin()) - 1)])

    @property
    def suggestion(self) -> float:
        """A rate for a fit of some epochs.

        Where the loss falls, the rates up to the step by which two thirds of the fall are done
        add up to the distance that the weights had to go, and a fit may begin with a rate of that
        size; but with no more than a third of the last rate before the loss rises. Where it
        hardly falls, as after a fit, or steps are too far apart, there is nothing to read off,
        and the usual rate is suggested, but no more than a fifth of that last rate.

        Example:
            >>> print(f"{curve.suggestion:.4f}")
            0.0375

        Differs from:
            A tenth of the rate at the minimum (fastai), and steepest slope or valley (fastai 2):
            after a fit all three take noise for the curve. Measured in benchmarks/lr_suggestion.py.
        """
        if self.told is not None:
            return self.told
        if not len(self.lrs):
            return self.share * self.usual
        rate = min(self.usual, LARGEST_USUAL * self.turning)
        if self.spacing <= DENSE and self.fall > WORTHWHILE * (self.chance or self.start):
            learned = int((self.smoothed_changes <= -LEARNED * self.fall).argmax())
            rate = min(float(self.lrs[: learned + 1].sum()), LARGEST * self.turning)
        return self.share * min(rate, float(self.lrs[-1]))

    def _sheet(self) -> Sheet:
        facts = [("suggestion", f"{self.suggestion:.2g}")]
        if not len(self.lrs):
            return Sheet("LRCurve: nothing was tried", tuple(facts))
        facts.append(("tried", f"{len(self.lrs)} rates, {self.lrs[0]:.1g} to {self.lrs[-1]:.2g}"))
        return Sheet("LRCurve: loss by learning rate", tuple(facts), draw=self._svg)

    def _svg(self) -> str:
        from warmstart.plots.figure import svg_of  # here: matplotlib takes a second

        return svg_of(self.plot(), "lr-curve")

    def to_json(self) -> dict[str, Any]:
        """Every field and the suggestion, as plain data; None for a loss that is no number.

        Example:
            >>> sorted(curve.to_json())
            ['before', 'chance', 'losses', 'lrs', 'share', 'told', 'usual']
        """
        told = {"told": self.suggestion}
        return {name: listed(value) for name, value in (asdict(self) | told).items()}

    @classmethod
    def from_json(cls, entry: Mapping[str, Any], name: str = "the curve") -> "LRCurve":
        """Read what ``to_json`` wrote; what an older version did not write has its default.

        Args:
            entry: As plain data.
            name: What errors call it.

        Example:
            >>> LRCurve.from_json(curve.to_json()).suggestion == curve.suggestion
            True
        """
        found = convert(dict(entry), CurveFile, name)
        lengths = {len(found.lrs), len(found.losses), len(found.before or found.losses)}
        if len(lengths) > 1 or any(b <= a for a, b in pairwise((0.0, *found.lrs))):
            refuse_file(name, "has rates that do not grow, or not a loss for each")
        lists = {"lrs": found.lrs, "losses": found.losses, "before": found.before}
        arrays = {
            field: None if values is None else np.array(values, dtype=np.float64)
            for field, values in lists.items()
        }
        return cls(**(vars(found) | arrays))


@dataclass(frozen=True)
class CurveFile:
    """What is kept of a curve; None stands for a loss that is no number."""

    lrs: tuple[float, ...]
    losses: tuple[float | None, ...]
    share: float = 1.0
    chance: float | None = None
    before: tuple[float | None, ...] | None = None
    usual: float = USUAL
    told: float | None = None


def start_of(losses: NDArray[np.float64]) -> float:
    """The loss before the sweep, from its first losses; nan where there are none."""
    return float(np.mean(losses[:FIRST_LOSSES])) if len(losses) else float("nan")


def listed(value: Any) -> Any:
    """An array as a list, what is not finite in it as None."""
    if not isinstance(value, np.ndarray):
        return value
    return [float(number) if np.isfinite(number) else None for number in value]
