"""What is minimised: the loss of each row."""

from torch import Tensor, nn


def row_losses(
    logits: Tensor, targets: Tensor, smoothing: float = 0.0, weights: Tensor | None = None
) -> Tensor:
    """The loss of each row (N,): cross-entropy, or the mean binary one over the classes.

    Args:
        logits: (N, K).
        targets: (N,) classes, or (N, K) of 0 and 1.
        smoothing: Share of the target that is spread evenly: over the K classes, or over yes and
            no of each class.
        weights: (K,) how much a row of each class counts; of many labels, how much having the
            label counts against not having it.
    """
    if targets.ndim == 2:
        soft = targets * (1 - smoothing) + smoothing / 2 if smoothing else targets
        return nn.functional.binary_cross_entropy_with_logits(
            logits, soft, reduction="none", pos_weight=weights
        ).mean(dim=1)
    losses = nn.functional.cross_entropy(
        logits, targets, reduction="none", label_smoothing=smoothing
    )
    return losses if weights is None else losses * weights[targets]
