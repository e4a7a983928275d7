"""Two models that are trained alike: one on all training rows, one without those held back.

The first is what will be delivered. The second has not seen the rows that decide whether a step
helped, so they can. Heads on stored activations take seconds, so both are trained; a body takes
minutes, so only the second is thawed, and is delivered if it is the better one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor

from warmstart.learner.conv_learner import ConvLearner
from warmstart.results.history import History
from warmstart.results.predictions import Predictions
from warmstart.training.state import copied


@dataclass(frozen=True)
class State:
    """Weights, and the epochs that led to them."""

    weights: dict[str, Tensor]
    history: History


class Twins:
    """``choice`` is what the second model says of the held-back rows, None before it was asked."""

    def __init__(self, learn: ConvLearner, held_back: float) -> None:
        """Both begin as the learner is."""
        self.learn, self.held_back = learn, held_back
        self.whole = self.part = self._state()
        self.choice: Predictions | None = None
        self._before: tuple[State, State, Predictions | None] = (self.whole, self.part, None)
        self.is_thawed = False

    def train(self, fit: Callable[[], object]) -> None:
        """Train both heads in the same way."""
        self._remember()
        self.whole = self._trained(self.whole, 0.0, fit)
        self.part = self._trained(self.part, self.held_back, fit)

    def train_thawed(self, fit: Callable[[], object]) -> None:
        """Train the second model as a whole; from now on it is what would be delivered."""
        self._remember()
        self.is_thawed = True
        self.part = self._trained(self.part, self.held_back, fit)

    def thaw(self) -> None:
        """Go on with the second model."""
        self._put(self.part, self.held_back)

    def judge(self) -> None:
        """Ask the second model about the held-back rows."""
        self._put(self.part, self.held_back)
        self.choice = self.learn.predict("held_back")

    def undo(self) -> None:
        """Go back to before the last training."""
        self.whole, self.part, self.choice = self._before
        self.is_thawed = False

    @contextmanager
    def delivered(self) -> Iterator[None]:
        """The learner as it would be delivered now."""
        self._put(self.part if self.is_thawed else self.whole, 0.0)
        try:
            yield
        finally:
            self._put(self.part, self.held_back)

    def deliver(self) -> None:
        """End with the model that has proved best."""
        self._put(self.part if self.is_thawed else self.whole, 0.0)
        if not self.is_thawed:
            self.learn.freeze()

    def _remember(self) -> None:
        self._before = (self.whole, self.part, self.choice)

    def _trained(self, state: State, held_back: float, fit: Callable[[], object]) -> State:
        self._put(state, held_back)
        fit()
        return self._state()

    def _put(self, state: State, held_back: float) -> None:
        self.learn.put_weights(state.weights)
        self.learn.history = state.history.copy()
        self.learn.hold_back(held_back)

    def _state(self) -> State:
        return State(copied(self.learn.model.state_dict()), self.learn.history.copy())
