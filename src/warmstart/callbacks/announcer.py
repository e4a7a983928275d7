"""Between a fit and its callbacks: what is new is told, and nobody's error reaches the fit."""

import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from warmstart.callbacks.events import Callback, EpochEnd, FitBegin, FitEnd, StepEnd
from warmstart.errors import DivergedError, TrainingError, WarmstartError, reason_of
from warmstart.results.history import History


class Announcer:
    """Tells callbacks of one fit; one that fails is told nothing more.

    ``failures`` says in words which did.
    """

    def __init__(
        self,
        callbacks: Sequence[Callback] = (),
        groups: Sequence[str] = (),
        first_step: int = 0,
        on_failure: Callable[[str], None] = lambda _: None,
    ) -> None:
        """Tell nothing yet.

        Args:
            callbacks: Who is told, in this order.
            groups: Names of the layer groups that train.
            first_step: How many steps the learner has done in earlier fits.
            on_failure: Told at once of every error in a callback, in words.
        """
        self.callbacks, self.on_failure = list(callbacks), on_failure
        self.groups, self.first_step = tuple(groups), first_step
        self.failures: list[str] = []
        self._num_steps = self._num_epochs = self._num_done = 0

    @contextmanager
    def during(
        self,
        *,
        fit: int,
        num_epochs: int,
        steps_per_epoch: int,
        done: History,
        settings: Mapping[str, Any],
        key: str,
    ) -> Iterator[None]:
        """A fit, from before its first step to its end, however it ends.

        Args:
            fit: Its number.
            num_epochs: Of the whole fit.
            steps_per_epoch: Of each.
            done: What was done before a kill; it is told again.
            settings: What decides what it does, as plain data.
            key: The same whenever it is gone on with; "" without a checkpoint.

        Raises:
            KeyboardInterrupt: as the fit did; likewise every other error of it.
            DivergedError: likewise.
        """
        self._num_done = len(done.step_losses)
        outcome = "failed"
        try:
            self._begin(
                FitBegin(
                    fit=fit,
                    groups=self.groups,
                    first_step=self.first_step,
                    num_epochs=num_epochs,
                    steps_per_epoch=steps_per_epoch,
                    num_done=self._num_done,
                    settings=settings,
                    key=key,
                )
            )
            self.update(done)
            yield
            outcome = "finished"
        except KeyboardInterrupt:
            outcome = "interrupted"
            raise
        except DivergedError:
            outcome = "diverged"
            raise
        finally:
            self._tell("on_fit_end", FitEnd(fit, self._num_steps, outcome))

    def update(self, history: History) -> None:
        """Tell what is new.

        Args:
            history: All that has happened in the fit so far.
        """
        if not self.callbacks:
            return
        ends = np.cumsum([record.num_steps for record in history.records]).tolist()
        while self._num_steps < len(history.step_losses):
            i = self._num_steps
            self._num_steps += 1
            lrs = dict(zip(self.groups, history.step_lrs[i], strict=True))
            is_replayed = i < self._num_done
            self._tell(
                "on_step", StepEnd(self.first_step + i, history.step_losses[i], lrs, is_replayed)
            )
            self._tell_epochs(history, ends, is_replayed=is_replayed)
        self._tell_epochs(history, ends, is_replayed=False)

    def _tell_epochs(self, history: History, ends: list[int], *, is_replayed: bool) -> None:
        """Those whose last step was told."""
        while self._num_epochs < len(ends) and ends[self._num_epochs] <= self._num_steps:
            number = self._num_epochs
            self._num_epochs += 1
            step = self.first_step + ends[number] - 1
            self._tell("on_epoch", EpochEnd(step, history.records[number], is_replayed))

    def _begin(self, event: FitBegin) -> None:
        """Tell all of them.

        Raises:
            TrainingError: one fails; those before it are told of the end.
            WarmstartError: likewise, in its own words.
        """
        wanted, self.callbacks = self.callbacks, []
        for callback in wanted:
            try:
                callback.on_fit_begin(event)
            except WarmstartError:
                raise
            except Exception as error:
                raise TrainingError(
                    f"the callback {callback_name(callback)} failed in on_fit_begin "
                    f"({error_in_words(error)}), before the first step.",
                    expected="callbacks that can be told of a fit.",
                    fix="mend it, or leave it out of callbacks=[...].",
                ) from error
            self.callbacks.append(callback)

    def _tell(self, method: str, event: StepEnd | EpochEnd | FitEnd) -> None:
        for callback in tuple(self.callbacks):
            try:
                getattr(callback, method)(event)
            except Exception as error:  # noqa: BLE001 - a callback is anybody's code
                self.callbacks.remove(callback)
                text = (
                    f"the callback {callback_name(callback)} failed in {method} "
                    f"({error_in_words(error)}), and is told nothing more; training is not touched."
                )
                self.failures.append(text)
                self.on_failure(text)


def callback_name(callback: Callback) -> str:
    """What a callback is called: its class."""
    return type(callback).__qualname__


def error_in_words(error: Exception) -> str:
    """Kind and text of an error, and where it was raised."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    text = reason_of(error)
    kind = type(error).__name__
    said = kind if text == kind else f"{kind}: {text}"
    return f"{said}; {Path(last.filename).name}, line {last.lineno}"


def places_of_callbacks(callbacks: Sequence[Callback]) -> tuple[Path, ...]:
    """Files and folders that callbacks write, as far as they say so."""
    return tuple(Path(place) for each in callbacks for place in getattr(each, "places", ()))
