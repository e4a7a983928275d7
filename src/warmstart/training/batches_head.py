"""How a logistic head that is too large to be solved is trained: on mini-batches."""

from warmstart.training.logistic_head import LogisticHeadCard
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

NUM_EPOCHS, NUM_STEPS = 10, 3000  # at least so many of both
NUM_ROWS = 256
RATE = 3.84  # over the number of columns: half of what momentum 0.9 bears, whatever the classes


def batch_settings(
    card: LogisticHeadCard, penalty: float, num_rows: int, *, is_multi_label: bool, seed: int
) -> FitSettings:
    """Of a fit that comes near the solution.

    SGD, whose decay is the penalty itself. AdamW's is not: the longer it trains, the further it
    leaves the solution behind (benchmarks/logistic_head.py).

    Args:
        card: The head.
        penalty: C of features of length 1; the head's are as long as the root of their number.
        num_rows: N that train.
        is_multi_label: Whether the loss is a mean over classes, of which the solver takes the sum.
        seed: Of the batches.
    """
    width = card.num_used / len(card.parts)
    factor = card.num_classes if is_multi_label else 1
    steps = max(1, num_rows // NUM_ROWS)
    return FitSettings(
        lrs=(RATE / card.num_used * factor,),
        schedule=Schedule(1, max(NUM_EPOCHS, -(-NUM_STEPS // steps))),
        batch_size=NUM_ROWS,
        opt="sgd",
        weight_decays=(width / (penalty * num_rows * factor),),
        seed=seed,
    )
