"""Logistic regression on rows that are read in every pass: the same problem, memory for a block.

The objective, the eigenbasis, the path of penalties and the tolerance are ``LogisticProblem``'s.
Instead of turning N rows into the basis, K vectors are turned out of it in each pass. The basis
comes of one pass that sums up products of rows. Where it is used, and what it costs:
docs/decisions/0048-heads-on-rows-that-stay-in-the-store.md.
"""

from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.training.head_card import Parts, num_columns
from warmstart.training.logistic import (
    BLOCK_NUMBERS,
    EXACT_NUMBERS,
    ONE_THREAD_SIDE,
    LogisticProblem,
    eigenvectors,
)
from warmstart.training.logistic_head import unit_parts
from warmstart.training.process import limited_threads


@runtime_checkable
class RowBlocks(Protocol):
    """Rows that can be read again and again: the same values each time."""

    @property
    def shape(self) -> tuple[int, int]:
        """(N, D)."""

    def __len__(self) -> int:
        """N."""

    def block(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Some of them (B, D), by position."""


@dataclass(frozen=True, eq=False)
class UnitRows:
    """Some columns of rows, each part of length 1, made of each block when it is read."""

    rows: RowBlocks
    parts: Parts

    @property
    def shape(self) -> tuple[int, int]:
        """(N, D')."""
        return len(self.rows), num_columns(self.parts)

    def __len__(self) -> int:
        """N."""
        return len(self.rows)

    def block(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Some of them (B, D'), by position."""
        return np.ascontiguousarray(unit_parts(self.rows.block(rows), self.parts), np.float32)


class StreamedProblem(LogisticProblem):
    """Rows that are read block by block in each pass, in their order."""

    def __init__(
        self,
        features: RowBlocks,
        targets: NDArray[np.integer],
        num_classes: int,
        *,
        weights: NDArray[np.floating] | None = None,
        device: torch.device | None = None,
    ) -> None:
        """Find the basis, in one pass.

        Args:
            features: (N, D), finite.
            targets: As of ``LogisticProblem``; so are the others.
            num_classes: K.
            weights: (N,) or, of many labels, (N, K).
            device: Where blocks are multiplied.
        """
        place = self.take_targets(targets, num_classes, weights, device)
        self.features, self.num_rows = features, len(features)
        self.mean = torch.zeros(features.shape[1], device=place)
        with limited_threads(1 if min(features.shape) <= ONE_THREAD_SIDE else None):
            mean, products = self.moments()
            self.basis, values = eigenvectors(products)
        self.mean, self.variances, self.spanned = mean.float(), values / self.num_rows, None

    def moments(self) -> tuple[Tensor, Tensor]:
        """The mean (D,) of all rows, and the products (D, D) of what is left of them, float64.

        Sums are of differences from the first block's mean, so that little is lost when the mean
        is taken off them. Few rows are multiplied in float64, as ``eigenbasis`` does.
        """
        width = len(self.mean)
        is_exact = self.num_rows * width <= EXACT_NUMBERS
        shift = None
        total = self.mean.new_zeros(width, dtype=torch.float64)
        products = self.mean.new_zeros((width, width), dtype=torch.float64)
        for _, rows in self.blocks(1):
            shift = rows.mean(dim=0) if shift is None else shift
            apart = rows - shift
            exact = apart.double() if is_exact else apart
            total += apart.sum(dim=0, dtype=torch.float64)
            products += exact.T @ exact
        offset = total / self.num_rows
        mean = offset if shift is None else shift.double() + offset
        return mean, products - self.num_rows * offset[:, None] * offset

    def blocks(self, num_vectors: int) -> Iterator[tuple[slice, Tensor]]:
        """All rows less their mean, in order; the next block is read while one is multiplied."""
        size = max(1, BLOCK_NUMBERS // max(num_vectors, len(self.mean)))
        parts = [slice(first, first + size) for first in range(0, self.num_rows, size)]
        with ThreadPoolExecutor(1, "rows") as reader:
            ahead = deque(reader.submit(self.read, part) for part in parts[:1])
            for part, following in zip(parts, [*parts[1:], None], strict=True):
                rows = ahead.popleft().result()
                if following is not None:
                    ahead.append(reader.submit(self.read, following))
                yield part, torch.from_numpy(rows).to(self.device) - self.mean

    def read(self, part: slice) -> NDArray[np.float32]:
        """Rows (B, D) as they are."""
        return self.features.block(np.arange(self.num_rows)[part])

    def to_rows(self, vectors: Tensor) -> Tensor:
        """Vectors (J, R) of the eigenbasis as vectors (J, D) of the features, float32."""
        return (vectors @ self.basis.T).float()

    def to_basis(self, sums: Tensor) -> Tensor:
        """Sums (J, D) of rows as vectors (J, R) of the eigenbasis, float64."""
        return sums.double() @ self.basis

    def out_of_fold(self, solution: Tensor, folds: Tensor, num_folds: int) -> Tensor:
        """Logits (N, K) of each row by the problem that did not see it; 0 where none judges it."""
        heads = solution.view(num_folds, self.num_classes, -1)
        vectors = [self.to_rows(head[:, :-1]) for head in heads]
        found = self.mean.new_zeros((self.num_rows, self.num_classes))
        for part, rows in self.blocks(self.num_classes):
            own = folds[part]
            for fold, head in enumerate(heads):
                judged = own == fold
                found[part][judged] = rows[judged] @ vectors[fold].T + head[:, -1].float()
        return found


def logistic_problem(
    rows: NDArray[np.floating] | RowBlocks,
    parts: Parts,
    targets: NDArray[np.integer],
    num_classes: int,
    *,
    weights: NDArray[np.floating] | None = None,
    device: torch.device | None = None,
) -> LogisticProblem:
    """The problem of some columns of pooled rows, each part of length 1.

    Args:
        rows: (N, D), held, or read in each pass.
        parts: The columns.
        targets: As of ``LogisticProblem``; so are the others.
        num_classes: K.
        weights: (N,) or, of many labels, (N, K).
        device: Where it is solved.
    """
    if isinstance(rows, np.ndarray):
        units = unit_parts(rows, parts)
        return LogisticProblem(units, targets, num_classes, weights=weights, device=device)
    return StreamedProblem(
        UnitRows(rows, parts), targets, num_classes, weights=weights, device=device
    )
