"""What training images look like to the network as it predicts now."""

from warmstart.inference.network_member import features_of
from warmstart.learner.predicting import table_predictor
from warmstart.learner.state import LearnerState
from warmstart.metrics.known_features import FEWEST_ROWS, KnownFeatures, fit_known_features
from warmstart.training.probabilities import highest_logits


def known_to(learn: LearnerState) -> KnownFeatures | None:
    """Features of the plain views of the rows that train.

    Args:
        learn: The learner, whose images may have one class each.

    Returns:
        None where there are too few rows to say.
    """
    table = learn.data.table
    rows, _ = learn.holdout.split(table)
    if len(rows) < FEWEST_ROWS:
        return None
    blocks = table_predictor(learn, "train").blocks(rows)
    columns = next(iter(learn.feature_parts.values()))
    return fit_known_features(
        features_of(blocks), table.labels[rows], highest_logits(learn.network.head, blocks), columns
    )
