"""How a logistic head that is too large to be solved is trained: on mini-batches."""

from warmstart.training.logistic_head import LogisticHeadCard
from warmstart.training.schedule import Schedule
from warmstart.training.settings import FitSettings

NUM_EPOCHS, RATE, NUM_ROWS = 10, 1e-3, 256


def batch_settings(
    card: LogisticHeadCard, penalty: float, num_rows: int, *, seed: int
) -> FitSettings:
    """Of the fit.

    Args:
        card: The head.
        penalty: C of features of length 1; the head's are as long as the root of their number.
        num_rows: N that train.
        seed: Of the batches.
    """
    width = card.num_used / len(card.parts)
    return FitSettings(
        lrs=(RATE,),
        schedule=Schedule(1, NUM_EPOCHS),
        batch_size=NUM_ROWS,
        opt="adamw",
        weight_decays=(width / (penalty * num_rows),),
        seed=seed,
    )
