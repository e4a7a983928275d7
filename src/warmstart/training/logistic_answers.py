"""What a logistic head answers, by numpy: the same bits with torch at hand and without it.

``einsum`` adds along a row by itself: no BLAS, whose sums differ with its threads and with how many
rows there are.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from warmstart.training.head_card import Parts

SHORTEST = 1e-12  # a row of zeros stays one


@dataclass(frozen=True, eq=False)
class LogisticAnswers:
    """Columns of the pooled row, and the linear layer: ``weight`` (K, D'), ``bias`` (K,)."""

    parts: Parts
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def logits(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Logits (N, K) in float64; a row's bits depend on nothing but the row.

        Args:
            features: (N, D) pooled rows.
        """
        found = []
        for first, last in self.parts:
            part = features[:, first:last].astype(np.float64)
            lengths = np.sqrt(np.einsum("nd,nd->n", part, part))
            found.append(part / np.maximum(lengths, SHORTEST)[:, None] * (last - first) ** 0.5)
        units = np.ascontiguousarray(np.concatenate(found, axis=1))
        products = np.einsum("nd,kd->nk", units, self.weight.astype(np.float64))
        return np.asarray(products + self.bias)
