"""Stored rows that stay on the device that trains on them, as long as there is room."""

from math import prod

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from warmstart.activations.inputs import StoredInputs, to_tensor
from warmstart.activations.namespace import CacheNamespace
from warmstart.training.objective import sent_to

SHARE = 0.4  # of the memory of a GPU that is free; the network and its activations have the rest


class ResidentRows:
    """A table on a device, which fills as rows are asked for; what finds no room is sent each time.

    Rows are kept as they are stored, and become what ``to_tensor`` makes of them when asked for.
    """

    def __init__(
        self, namespace: CacheNamespace, device: torch.device, num_rows: int, budget: int
    ) -> None:
        """Hold nothing yet.

        Args:
            namespace: Where rows are stored.
            device: Where they stay.
            num_rows: The most that will be asked for.
            budget: Bytes that they may take.
        """
        self.namespace, self.device = namespace, device
        card = namespace.card
        row_bytes = prod(card.shape) * np.dtype(card.dtype).itemsize
        self.capacity = min(num_rows, budget // max(1, row_bytes))
        dtype = torch.from_numpy(np.empty(0, card.dtype)).dtype
        self.table = torch.empty((self.capacity, *card.shape), dtype=dtype, device=device)
        self.slots: dict[int, int] = {}  # by position in the store

    def take(self, positions: NDArray[np.int64]) -> Tensor:
        """Some rows (B, …), in this order."""
        missing = [p for p in dict.fromkeys(positions.tolist()) if p not in self.slots]
        if missing:
            first, last = len(self.slots), len(self.slots) + len(missing)
            if last > self.capacity:
                return to_tensor(self.namespace.gather(positions), self.device)
            rows = torch.from_numpy(self.namespace.gather(np.array(missing, np.int64)))
            self.table[first:last] = rows.to(self.device)
            self.slots |= zip(missing, range(first, last), strict=True)
        slots = torch.tensor([self.slots[position] for position in positions.tolist()])
        rows = self.table[sent_to(slots, self.device)]
        return rows if rows.dtype == torch.uint8 else rows.float()


class ResidentInputs(StoredInputs):
    """Rows from a store, whose training rows are sent to the device once in a fit."""

    def __init__(
        self,
        stored: StoredInputs,
        num_rows: int,
        budget: int | None = None,
    ) -> None:
        """Take over from inputs that would send each batch.

        Args:
            stored: The inputs.
            num_rows: Training rows, times the views of them that are stored.
            budget: Bytes that they may take; None is a share of what a GPU has free.
        """
        self.__dict__.update(vars(stored))
        if budget is None:
            budget = int(SHARE * torch.cuda.mem_get_info(self.device)[0])
        self.resident = ResidentRows(self.namespace, self.device, num_rows, budget)

    def taken(self, positions: NDArray[np.int64]) -> Tensor:
        """The same rows, out of the device's memory."""
        return self.resident.take(positions)
