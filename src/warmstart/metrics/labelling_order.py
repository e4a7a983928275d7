"""Which pictures without a label teach a model most, if a person names them."""

import numpy as np
from numpy.typing import NDArray

MOST_PICKED = 500  # by diversity; nobody labels more in one sitting, and the rest is by margin


def labelling_order(
    probabilities: NDArray[np.floating],
    features: NDArray[np.floating],
    *,
    num_picked: int = MOST_PICKED,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Order rows so that the first are both doubtful and unlike each other.

    Each row stands for the gradient that the likeliest class as its label would give the last
    layer: (p - one-hot) times the features. It is long where the model doubts, and two rows are
    near each other where they would teach the same. Rows are drawn by k-means++: each with a chance
    that grows with the squared distance to those drawn before. The others follow by the margin
    between their two likeliest classes, the smallest first.

    Args:
        probabilities: (N, K).
        features: (N, D); each row is divided by its length.
        num_picked: How many are drawn.
        seed: Of the draws.

    Returns:
        (N,) positions, the most useful first.

    Reference:
        Ash, Zhang, Krishnamurthy, Langford, Agarwal (2020), "Deep batch active learning by diverse,
        uncertain gradient lower bounds", arXiv 1906.03671, algorithm 1.

    Differs from:
        The paper: the first row is the one with the longest gradient, where k-means++ takes any;
        and no distance counts for more than the row's own gradient, or rows that the model is sure
        of, which teach nothing, would be drawn for being far from the doubtful ones.
    """
    num_rows = len(probabilities)
    residual = np.asarray(probabilities, np.float64).copy()
    residual[np.arange(num_rows), residual.argmax(axis=1)] -= 1
    rows = np.asarray(features, np.float64)
    rows = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    length = (residual**2).sum(axis=1) * (rows**2).sum(axis=1)  # of each gradient, squared
    random = np.random.default_rng(seed)
    picked: list[int] = []
    left = length.copy()
    while len(picked) < min(num_picked, num_rows) and left.sum() > 0:
        chances = left / left.sum()
        picked.append(int(random.choice(num_rows, p=chances) if picked else left.argmax()))
        row = picked[-1]
        # the inner product of two gradients is that of the residuals times that of the features
        inner = (residual @ residual[row]) * (rows @ rows[row])
        left = np.minimum(left, np.maximum(length + length[row] - 2 * inner, 0))
        left[picked] = 0
    two = -np.sort(-np.asarray(probabilities, np.float64), axis=1)[:, :2]
    margins = two[:, 0] - two[:, 1] if two.shape[1] == 2 else two[:, 0]
    margins[picked] = -1
    rest = np.argsort(margins, kind="stable")[len(picked) :]
    return np.concatenate([np.array(picked, np.int64), rest.astype(np.int64)])
