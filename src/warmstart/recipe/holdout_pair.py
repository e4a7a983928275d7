"""Two models that are trained alike: one on all training rows, one without a holdout.

The first is what will be delivered. The second has not seen the rows that decide whether a step
helped, so they can. Heads on stored activations take seconds, so both are trained; a backbone
takes minutes, so only the second is unfrozen, and is delivered if it is the better one.

Where the holdout would be a few dozen rows there is no second model: every training row judges,
out of fold, and what is delivered has trained on all of them.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from torch import Tensor, nn

from warmstart.data.folds import fold_units
from warmstart.learner.conv_learner import ConvLearner
from warmstart.learner.holdout import Holdout
from warmstart.results.history import History
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.results.predictions import Predictions
from warmstart.training.head_card import read_head_card
from warmstart.training.state import clone_tensors

FEWEST_UNITS = 5  # pictures or groups: with fewer there is no cross-validation worth the name


@dataclass(frozen=True)
class State:
    """Weights, the head that some of them are of, and the epochs that led to them.

    ``head`` is only a structure, its values are in ``weights``; ``card`` is None of a head of the
    user's own.
    """

    weights: Mapping[str, Tensor]
    head: nn.Module
    card: dict[str, Any] | None
    history: History
    out_of_fold: OutOfFoldPredictions | None

    def with_weights(self, weights: Mapping[str, Tensor]) -> "State":
        """The same with other values."""
        return replace(self, weights=weights)


class HoldoutPair:
    """``holdout`` is what the second model says of its rows, None before it was asked.

    With ``is_out_of_fold`` it is what models of the same kind say of rows that they did not see.
    """

    def __init__(self, learn: ConvLearner, held_back: float, fewest_held_back: int) -> None:
        """Both begin as the learner is."""
        self.learn, self.held_back = learn, Holdout(held_back, learn.state.seed)
        self.fewest_held_back = fewest_held_back
        self.whole = self.part = self.state()
        self.holdout: Predictions | None = None
        self.is_unfrozen = False
        self._before: tuple[State, State, Predictions | None] = (self.whole, self.part, None)

    @cached_property
    def units(self) -> tuple[str, ...]:
        """What must stay in one fold, of each training row: its group, or copies of its content."""
        table = self.learn.data.table
        groups = table.groups
        named = None if groups is None else [groups[row] for row in table.rows("train")]
        return tuple(fold_units(named, self.learn.content_hashes("train")))

    @cached_property
    def is_out_of_fold(self) -> bool:
        """Whether the holdout would be so few rows that all training rows judge instead."""
        _, held = self.held_back.split(self.learn.data.table)
        return len(held) < self.fewest_held_back and len(set(self.units)) >= FEWEST_UNITS

    @property
    def evaluated(self) -> State:
        """The model that its holdout judges: without one, the one that is delivered."""
        return self.whole if self.is_out_of_fold else self.part

    def remember(self) -> None:
        """Undo goes back to here."""
        self._before = (self.whole, self.part, self.holdout)

    def train(self, fit: Callable[[], object], begin: State | None = None) -> None:
        """Train both in the same way.

        Args:
            fit: Trains the learner.
            begin: Where both begin; None goes on from what they are.
        """
        self.whole = self._trained(begin or self.whole, Holdout(), fit)
        if not self.is_out_of_fold:
            self.part = self._trained(begin or self.part, self.held_back, fit)

    def train_unfrozen(self, fit: Callable[[], object]) -> None:
        """Train the judged one as a whole; from now on it is what would be delivered."""
        rows = Holdout() if self.is_out_of_fold else self.held_back
        self.put_unfrozen(self._trained(self.evaluated, rows, fit))

    def put_unfrozen(self, state: State) -> None:
        """Take this for the model that is delivered."""
        self.is_unfrozen = True
        if self.is_out_of_fold:
            self.whole = state
        else:
            self.part = state

    def predict_holdout(self) -> Predictions:
        """What the second model says of the rows held back."""
        self.put(self.part, self.held_back)
        return self.learn.predict("held_back")

    def undo(self) -> None:
        """Go back to before the last training."""
        self.whole, self.part, self.holdout = self._before
        self.is_unfrozen = False

    def put_evaluated(self) -> None:
        """Go on with the model that is judged, without the rows that judge it."""
        self.put(self.evaluated, Holdout() if self.is_out_of_fold else self.held_back)

    @contextmanager
    def delivered(self) -> Iterator[None]:
        """The learner as it would be delivered now."""
        self.put(self.evaluated if self.is_unfrozen else self.whole, Holdout())
        try:
            yield
        finally:
            self.put_evaluated()

    def deliver(self) -> None:
        """End with the model that has proved best."""
        self.put(self.evaluated if self.is_unfrozen else self.whole, Holdout())
        if not self.is_unfrozen:
            self.learn.freeze()

    def put(self, state: State, held_back: Holdout) -> None:
        """Make the learner what a state says."""
        learn = self.learn
        if learn.state.network.head is not state.head:
            card = None if state.card is None else read_head_card(state.card)
            learn.put_head(state.head, card)
        learn.put_weights(state.weights)
        learn.state.history, learn.state.out_of_fold = state.history.copy(), state.out_of_fold
        learn.state.holdout = held_back

    def state(self) -> State:
        """What the learner is now."""
        learn = self.learn
        return State(
            clone_tensors(learn.model.state_dict()),
            learn.state.network.head,
            learn.card.head,
            learn.history.copy(),
            learn.out_of_fold,
        )

    def _trained(self, state: State, held_back: Holdout, fit: Callable[[], object]) -> State:
        self.put(state, held_back)
        fit()
        return self.state()
