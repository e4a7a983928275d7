"""What trying one backbone on the training images has shown."""

from dataclasses import dataclass

from warmstart.results.predictions import Predictions


@dataclass(frozen=True, eq=False)
class BackboneTrial:
    """Out-of-fold ``predictions`` of the training rows, and what the backbone costs.

    ``seconds_per_1000`` images are from files to probabilities, nothing stored; ``weights_bytes``
    the body's, in memory; ``row_bytes`` what one stored view of one image takes.
    """

    arch: str
    predictions: Predictions
    seconds_per_1000: float
    weights_bytes: int
    row_bytes: int
