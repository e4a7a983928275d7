"""Probabilities of rows by heads that were trained without them, and how such heads begin anew."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.errors import SettingError
from warmstart.training.head import build_head
from warmstart.training.head_card import HeadCard
from warmstart.training.loop import fit
from warmstart.training.lr_finder import lr_range_test
from warmstart.training.objective import Inputs, Targets
from warmstart.training.probabilities import probabilities
from warmstart.training.randomness import derive, seeded
from warmstart.training.settings import FitSettings

InputsOf = Callable[[NDArray[np.int64], NDArray[np.int64]], Inputs]
"""(Positions that train, positions that are judged) → inputs, the latter as ``valid``."""
HeadOf = Callable[[int], nn.Module]
"""A seed → a head that has learned nothing."""


@dataclass(frozen=True, eq=False)
class Folds:
    """Rows dealt to folds, and how a head for some of them is made and fed.

    ``folds`` (N,) from 0; ``targets`` (N,) classes or (N, K) of 0 and 1, as the loss wants them.
    """

    folds: NDArray[np.int64]
    targets: Tensor
    new_head: HeadOf
    inputs_of: InputsOf

    def __len__(self) -> int:
        """Number of folds."""
        return int(self.folds.max()) + 1

    def rows(self, fold: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Positions that train this fold's head, and those that it judges."""
        held = self.folds == fold
        return np.flatnonzero(~held), np.flatnonzero(held)

    def settings(self, settings: FitSettings, fold: int) -> FitSettings:
        """The same with the fold's own random numbers."""
        return replace(settings, seed=derive(settings.seed, "fold", fold))

    def found_rate(self, settings: FitSettings) -> float:
        """What ``lr_range_test`` suggests for the first fold's head, on the rows that train it."""
        own = self.settings(settings, 0)
        train, _ = self.rows(0)
        head = self.new_head(own.seed)
        inputs = self.inputs_of(train, train[:0])
        curve = lr_range_test(head, [list(head.parameters())], inputs, self.targets_of(train), own)
        return curve.suggestion

    def probabilities(
        self, settings: FitSettings
    ) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float64]]]:
        """Train a head per fold, and ask it about the fold.

        Args:
            settings: Of each fit; ``seed`` is that of all, each fold's own is derived from it.

        Yields:
            Positions (n,) and their probabilities (n, K).
        """
        for fold in range(len(self)):
            yield self.probabilities_of(fold, settings)

    def probabilities_of(
        self, fold: int, settings: FitSettings
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Train one fold's head, and ask it about the fold.

        Raises:
            SettingError: an epoch is to be chosen, and there are no rows for it.
        """
        if settings.chooses:
            raise SettingError(
                "keeps_best and patience choose an epoch, and cross-validation has no rows for it: "
                "those of the fold judge, so they must not choose.",
                expected="a number of epochs that is set beforehand.",
                fix="leave keeps_best and patience out; pass cycle_len=4.",
            )
        own = self.settings(settings, fold)
        train, held = self.rows(fold)
        head, inputs = self.new_head(own.seed), self.inputs_of(train, held)
        fit(head, [list(head.parameters())], inputs, self.targets_of(train), own)
        is_multi_label = self.targets.ndim == 2
        return held, probabilities(head, inputs.valid(), is_multi_label=is_multi_label)

    def targets_of(self, train: NDArray[np.int64]) -> Targets:
        """Labels that train; none that judge, so that no fit looks at the fold."""
        return Targets(self.targets[torch.from_numpy(train)], self.targets[:0])


def heads_like(head: nn.Module, card: HeadCard | None, device: torch.device) -> HeadOf:
    """What makes fresh heads.

    Args:
        head: The head that is there; it stays as it is.
        card: What a standard head is built from; None for one of the user's own.
        device: Where new heads go.

    Returns:
        A function of a seed. The caller's random state is untouched by it.
    """
    if card is None:
        return lambda seed: reset_copy(head, seed, device)
    return lambda seed: build_head(card, seed=seed).to(device)


def reset_copy(head: nn.Module, seed: int, device: torch.device) -> nn.Module:
    """A copy of a user's own head that begins anew, as each of its layers says it begins.

    Raises:
        SettingError: some of its parameters belong to a layer that does not say so.
    """
    copy = deepcopy(head).to(device)
    with seeded(seed, device):
        for name, module in copy.named_modules():
            own = [key for key, _ in module.named_parameters(recurse=False)]
            reset = getattr(module, "reset_parameters", None)
            if callable(reset):
                reset()
            elif own:
                raise SettingError(
                    f"the custom head cannot begin anew: {name or type(module).__name__} has "
                    f"{', '.join(own)} and no reset_parameters().",
                    expected="layers that can reset their own parameters, as torch's can.",
                    fix="give that module a method reset_parameters().",
                )
    for parameter in copy.parameters():
        parameter.grad = None
    return copy
