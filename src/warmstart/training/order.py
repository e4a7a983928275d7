"""Which rows form which batch: a function of the seed and the epoch, of nothing else."""

import hashlib

import numpy as np
from numpy.typing import NDArray


def derive(seed: int, *path: int | str) -> int:
    """A 63-bit seed for one purpose, so that no two purposes share random numbers."""
    text = "/".join(str(part) for part in (seed, *path))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def epoch_batches(num_rows: int, batch_size: int, seed: int, epoch: int) -> list[NDArray[np.int64]]:
    """Shuffle and part; every row once.

    Args:
        num_rows: Training rows.
        batch_size: Rows per batch.
        seed: The run's seed.
        epoch: Counted over all fits.

    Returns:
        Positions (B,) per batch. A last batch of one joins the batch before it, because BatchNorm
        cannot learn from a single row.
    """
    order = np.random.default_rng(derive(seed, "order", epoch)).permutation(num_rows)
    return parted(order, batch_size)


def parted(order: NDArray[np.int64], batch_size: int) -> list[NDArray[np.int64]]:
    """Batches of what is in order; a last one of one joins the batch before it."""
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    if len(batches) > 1 and len(batches[-1]) == 1:
        last = batches.pop()
        batches[-1] = np.concatenate([batches[-1], last])
    return batches


def num_batches(num_rows: int, batch_size: int) -> int:
    """How many batches ``epoch_batches`` gives."""
    full, rest = divmod(num_rows, batch_size)
    return max(1, full + (rest > 1 or (rest == 1 and full == 0)))
