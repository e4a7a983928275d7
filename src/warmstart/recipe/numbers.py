"""Which of the eight steps to take, and with which numbers."""

from dataclasses import dataclass

from warmstart.arguments import one_of, optional, read_fields, real, whole
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
        read_fields(
            self,
            last_step=whole(1, NUM_STEPS, example=NUM_STEPS),
            minutes=optional(real(10, above=0)),
            head=one_of("auto", *HEADS),
            views=whole(1, example=4),
            rate_ratio=real(1, least=1),
            num_cycles=whole(1, 20, example=3),
            patience=whole(1, example=3),
            held_back=real(0.2, above=0, below=1),
            fewest_held_back=whole(0, example=50),
            num_folds=whole(2, example=3),
            rate_steps=whole(10, example=25),
        )
