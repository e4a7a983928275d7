"""A race of backbones while it runs, and how its members are chosen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.comparison.members import choose_members, chosen_inside_folds
from warmstart.errors import DataError, UnreadableImagesError, WarmstartError
from warmstart.inference.model_card import MOST_MEMBERS, joined_cards
from warmstart.inference.predictor import Predictor
from warmstart.learner.conv_learner import ConvLearner
from warmstart.learner.decision import with_sets, with_temperature
from warmstart.metrics.temperature import logits_of, probabilities_of
from warmstart.recipe.deadline import Deadline, TimeUpError, within
from warmstart.recipe.race_result import RaceResult
from warmstart.results.decision_rule import PLAIN
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.results.race_record import RaceMember, RaceRecord, RaceTrial
from warmstart.terminal.colour import show_lines
from warmstart.terminal.waiting import waiting

ALL_TRIED = "all backbones that are to be had were tried"
INTERRUPTED = "Ctrl-C"
CHOSEN = ("raced", "race_seconds", "race_over", "numeric_mode")  # what is decided once


@dataclass(frozen=True)
class RaceSettings:
    """How each backbone is tried; fields as those of ``Race``."""

    seed: int
    device: str
    precision: str
    cache_dir: str | Path | None
    balance: str | None


@dataclass(eq=False)
class RaceRun:
    """One race while it runs: the ``trials`` so far, and the ``learners`` that were finished."""

    data: list[ImageClassifierData]
    archs: list[str]
    deadline: Deadline
    settings: RaceSettings
    chosen: dict[str, Any]
    on_choice: Callable[[Mapping[str, Any]], None]
    quiet: bool = field(kw_only=True)
    trials: list[RaceTrial] = field(default_factory=list)
    learners: list[ConvLearner] = field(default_factory=list)
    stopped: str = ALL_TRIED

    def to_result(self) -> RaceResult:
        """Try one backbone after the other, then choose.

        Raises:
            KeyboardInterrupt: it was pressed before the first was tried.
        """
        ends = None if self.deadline.seconds is None else self.deadline.ends
        with waiting("a race of backbones", quiet=self.quiet, until=ends):
            try:
                self.try_all()
            except KeyboardInterrupt:
                if not self.learners:
                    raise
                self.stopped = INTERRUPTED
            self.tell(is_over=True)
            return result_of(self)

    def try_all(self) -> None:
        """Each that there is time for, or that an earlier process has tried."""
        before = list(self.chosen.get("raced", ()))
        for number, arch in enumerate(self.archs):
            is_known = arch in before
            if self.chosen.get("race_over") and not is_known:
                self.stopped = str(self.chosen["race_over"])
                continue
            if self.learners and not is_known and self.deadline.left <= 0:
                self.stopped = self.time_up()
                return
            try:
                with waiting(arch, quiet=self.quiet):
                    self.try_one(number, arch, is_timed=bool(self.learners) and not is_known)
            except TimeUpError as error:
                self.add(RaceTrial(arch, self.seconds_since_last, note=str(error)))
                self.stopped = self.time_up()
                return

    def try_one(self, number: int, arch: str, *, is_timed: bool) -> None:
        """Compute, fit, judge; a backbone that cannot be had does not stop the others.

        Raises:
            DataError: the pictures are at fault.
            UnreadableImagesError: some of them cannot be read.
            WarmstartError: it was the last, and no other was tried.
        """
        data = self.data[number]
        if self.learners:  # without what the first could not read
            first = self.learners[0].data
            data = replace(data, table=first.table, on_unreadable=first.on_unreadable)
        try:
            settings = self.settings
            learn = ConvLearner.pretrained(
                arch, data, seed=settings.seed, device=settings.device,
                precision=settings.precision, cache_dir=settings.cache_dir, quiet=True,
            )  # fmt: skip
            parts = learn.state.parts
            parts.quiet = self.quiet
            if is_timed:
                parts.watch = lambda progress: within(self.deadline, progress)
            learn.precompute = True
            learn.prepare()
            parts.quiet = True
            learn.fit_head("logistic", balance=settings.balance)
        except (DataError, UnreadableImagesError):
            raise
        except WarmstartError as error:
            if number == len(self.archs) - 1 and not self.learners:
                raise
            self.add(RaceTrial(arch, self.seconds_since_last, note=f"left out: {error.what}"))
            return
        self.learners.append(learn)
        record, rows = learn.history.head_fits[-1], learn.out_of_fold
        own = next((one for one in record.trials if one.features == record.features), None)
        if rows is None or own is None:
            note = f"out of fold, no row could judge: {record.reason}"
            self.add(RaceTrial(arch, self.seconds_since_last, note=note))
        else:
            self.add(
                RaceTrial(arch, self.seconds_since_last, own.loss, own.accuracy, own.num_judged)
            )
        self.tell(is_over=False)

    def time_up(self) -> str:
        """That the time is up, and whether the first backbone, tried in any case, took it all."""
        up = f"the {self.deadline.seconds:g} s were up"
        first = next(trial for trial in self.trials if trial.arch == self.learners[0].card.arch)
        if len(self.learners) > 1 or self.deadline.left > 0:
            return up
        return f"{up}: the first backbone alone took {first.seconds:.1f} s"

    @property
    def seconds_since_last(self) -> float:
        """What the trial took that ends now."""
        return self.deadline.spent - sum(trial.seconds for trial in self.trials)

    def add(self, trial: RaceTrial) -> None:
        """Remember a trial, and say it."""
        self.trials.append(trial)
        if not self.quiet:
            show_lines(trial)

    def tell(self, *, is_over: bool) -> None:
        """Say what is decided: it is decided once."""
        if self.chosen.get("race_over"):
            return
        self.chosen["raced"] = [learn.card.arch for learn in self.learners]
        self.chosen["race_seconds"] = self.deadline.spent
        self.chosen["numeric_mode"] = self.learners[0].numeric_mode
        if is_over:
            self.chosen["race_over"] = self.stopped
        self.on_choice({name: self.chosen[name] for name in CHOSEN if name in self.chosen})


def result_of(run: RaceRun) -> RaceResult:
    """The members, chosen by rows that trained none of them; then one temperature."""
    learners = run.learners
    shared = shared_rows([learn.out_of_fold for learn in learners])
    if shared is None:
        members = [RaceMember(learn.card.arch, None) for learn in learners[:MOST_MEMBERS]]
        chosen, nested = list(range(len(members))), None
    else:
        logits, rows = shared
        found = choose_members(logits, rows.labels)[:MOST_MEMBERS]
        chosen = [number for number, _ in found]
        members = [RaceMember(learners[number].card.arch, loss) for number, loss in found]
        inside = chosen_inside_folds(logits, rows.labels, rows.folds)
        nested = replace(
            rows, probabilities=probabilities_of(inside, is_multi_label=rows.is_multi_label)
        )
    kept = tuple(learners[number] for number in chosen)
    cards = [replace(learn.card, mode=learn.numeric_mode) for learn in kept]
    rule = PLAIN
    if nested is not None:
        rule = with_temperature(nested)[0]
        rule = rule if nested.is_multi_label else with_sets(rule, nested)
    card = replace(joined_cards(cards), answering=rule)
    parts = [member for learn in kept for member in learn.predictor().members]
    record = RaceRecord(tuple(run.trials), tuple(members), run.stopped, run.deadline.spent)
    return RaceResult(record, Predictor(parts, card, kept[0].state.seen), kept, nested)


def shared_rows(
    found: Sequence[OutOfFoldPredictions | None],
) -> tuple[list[NDArray[np.float64]], OutOfFoldPredictions] | None:
    """Logits of the rows that all learners judged, and those rows; None where there are none."""
    judged = [rows for rows in found if rows is not None]
    if len(judged) < len(found) or not judged:
        return None
    first = judged[0]
    names = set.intersection(*(set(rows.rows) for rows in judged))
    if not names:
        return None
    logits = []
    for rows in judged:
        place = {name: position for position, name in enumerate(rows.rows)}
        positions = [place[name] for name in first.rows if name in names]
        own = rows.probabilities[positions]
        logits.append(logits_of(own, is_multi_label=rows.is_multi_label))
    kept = np.array([name in names for name in first.rows])
    shared = replace(
        first,
        rows=tuple(name for name in first.rows if name in names),
        probabilities=first.probabilities[kept],
        labels=first.labels[kept],
        folds=first.folds[kept],
        penalties=tuple(penalty for rows in judged for penalty in rows.penalties[:1]),
    )
    return logits, shared
