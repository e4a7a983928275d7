"""Which of the eight steps to take, and with which numbers."""

from dataclasses import dataclass

from warmstart.errors import check_settings
from warmstart.learner.head_fit import check_head
from warmstart.results.head_fit import HEADS

NUM_STEPS = 8


@dataclass(frozen=True)
class RecipeNumbers:
    """The numbers of a recipe.

    Args:
        last_step: Stop after this one.
        minutes: What all of it may take; None takes what it needs. Fewer views, fewer cycles, or
            steps left out make it fit.
        head: Of step 3: "logistic", "mlp" (the head that the learner has), or "auto", which fits
            both and keeps the one with the lower loss on rows that did not train it.
        views: Augmented views of step 4. Ten gained no more than four with 5 to 100 images per
            class (benchmarks/few_images.py).
        rate_ratio: How much smaller the rate of each earlier layer group is; the note says 3 to 10.
            Gradients are clipped and the weights mixed afterwards, so that it need not protect.
        num_cycles: Of step 8, each twice as long as the one before: 3 are 1 + 2 + 4 epochs.
        patience: Epochs of step 8 without a better one, after which it over-fits and is stopped.
        held_back: Share of the training rows that chooses.
        fewest_held_back: Where those would be fewer rows, all training rows choose, out of fold. Of
            50 rows one answer is two points, and a loss is one or two odd pictures.
        num_folds: Of step 8 then. They cost twice as much as the last fit, with 3.
        rate_steps: Most steps of the search in step 7, which may not cost a tenth of step 8.
    """

    last_step: int = NUM_STEPS
    minutes: float | None = None
    head: str = "auto"
    views: int = 4
    rate_ratio: float = 1.0
    num_cycles: int = 3
    patience: int = 3
    held_back: float = 0.2
    fewest_held_back: int = 50
    num_folds: int = 3
    rate_steps: int = 25

    def __post_init__(self) -> None:
        """Refuse numbers out of their range, with a SettingError."""
        minutes, fewest = self.minutes, self.fewest_held_back
        check_head(self.head, ("auto", *HEADS))
        check_settings((
            ("last_step", self.last_step, 1 <= self.last_step <= NUM_STEPS, "a step from 1 to 8",
             "8"),
            ("minutes", minutes, minutes is None or minutes > 0, "minutes, or None", "10"),
            ("views", self.views, self.views >= 1, "1 or more views", "4"),
            ("rate_ratio", self.rate_ratio, self.rate_ratio >= 1, "a factor of at least 1", "1"),
            ("num_cycles", self.num_cycles, self.num_cycles >= 1, "1 or more cycles", "3"),
            ("patience", self.patience, self.patience >= 1, "1 or more epochs", "3"),
            ("held_back", self.held_back, 0 < self.held_back < 1, "a share in (0, 1)", "0.2"),
            ("fewest_held_back", fewest, fewest >= 0, "0 or more rows", "50"),
            ("num_folds", self.num_folds, self.num_folds >= 2, "2 or more folds", "3"),
            ("rate_steps", self.rate_steps, self.rate_steps >= 10, "10 or more steps", "25"),
        ))  # fmt: skip
