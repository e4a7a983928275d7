"""The folder that a run leaves: plain files that can be read without warmstart."""

import json
import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NoReturn

from warmstart.cli.run.config import CARD, PREDICTIONS, RECIPE, RunConfig, read_config
from warmstart.cli.run.predictions_file import (
    SavedPredictions,
    read_prediction_rows,
    write_predictions,
)
from warmstart.cli.text.errors import resume_line
from warmstart.data.table import Exclusion
from warmstart.errors import DataError, WarmstartError, reason_of
from warmstart.files.cells import read_cells, unquoted, write_rows
from warmstart.files.reading import read_text
from warmstart.files.strict import json_table, parse_json, refuse_file
from warmstart.files.writing import write_whole, writing_text
from warmstart.inference.model_card import read_card
from warmstart.metrics.scores import Scores
from warmstart.report.content import DataFacts
from warmstart.results.decision_rule import BY_FEATURES, DecisionRule
from warmstart.results.history import History
from warmstart.results.learning_curve import LearningCurve
from warmstart.results.lr_curve import LRCurve
from warmstart.results.predictions import Predictions
from warmstart.results.race_record import RaceRecord
from warmstart.results.step_record import StepRecord, steps_from_jsonl, steps_to_jsonl

HISTORY, EXCLUSIONS = "history.jsonl", "exclusions.csv"
ENVIRONMENT, DATA, CURVE = "environment.json", "data.json", "lr_find.json"
STEPS, SCORES, REPORT = "steps.jsonl", "scores.json", "report.html"
LEARNING_CURVE, RACE = "learning_curve.json", "race.json"
OUT_OF_FOLD = "out_of_fold.csv"  # training rows, each by a head that did not see it
DAMAGED = "damaged.csv"  # is there where pictures are used though they are damaged
CONFUSION = "confusion.png"
MODEL, CHECKPOINTS = "model", "checkpoints"
MODEL_CARD = Path(MODEL, CARD)


@dataclass(frozen=True)
class DataFile:
    """What RUN/data.json says."""

    counts: dict[str, dict[str, int]]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class EnvironmentFile:
    """What RUN/environment.json says."""

    versions: dict[str, str]
    python: str
    system: str
    processor: str
    num_cores: int | None
    num_threads: int
    numeric_mode: str


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """What a finished run knows, whether computed just now or read from its folder.

    ``scores`` is None where those of the ``saved`` predictions are the same.
    """

    config: RunConfig
    saved: SavedPredictions
    history: History
    facts: DataFacts
    environment: Mapping[str, Any]
    steps: tuple[StepRecord, ...] = ()
    curve: LRCurve | None = None
    out_of_fold: Predictions | None = None
    scores: Scores | None = None
    learning_curve: LearningCurve | None = None
    race: RaceRecord | None = None


class RunFolder:
    """A run's folder: each of its files is written, and read, by a method of its own."""

    def __init__(self, path: Path) -> None:
        """Name the folder."""
        self.path = path

    def write_history(self, history: History) -> None:
        """One line per epoch, then the steps."""
        write_whole(self.path / HISTORY, history.to_jsonl())

    def read_history(self) -> History:
        """All epochs and steps."""
        file = self.path / HISTORY
        return History.from_jsonl(read_text(file), str(file))

    def write_predictions(
        self, predictions: Predictions, hashes: Sequence[bytes]
    ) -> SavedPredictions:
        """Write the validation rows; give them as they would be read."""
        return write_predictions(self.path / PREDICTIONS, predictions, hashes)

    def read_predictions(self) -> SavedPredictions:
        """What a run predicted for its validation rows; it must be finished."""
        self.check_finished()
        try:
            card, scores = read_card(self.path / MODEL).card, self.read_scores()
            saved = read_prediction_rows(self.path / PREDICTIONS, card)
        except (OSError, WarmstartError) as error:
            self.refuse(str(self.path), error, f"{PREDICTIONS}, {SCORES} and {MODEL_CARD}", "them")
        rule = DecisionRule(thresholds=card.answering.thresholds)
        if (saved.predictions.known_scores is not None) == (
            card.answering.unknown_by == BY_FEATURES
        ):
            below, by = card.answering.unknown_below, card.answering.unknown_by
            rule = replace(rule, unknown_below=below, unknown_by=by)
        predictions = replace(
            saved.predictions,
            answering=rule,
            chosen_on_these=scores.chosen_on_these,
        )
        return replace(saved, predictions=predictions)

    def write_out_of_fold(self, predictions: Predictions, hashes: Sequence[bytes]) -> Predictions:
        """Write training rows, each by a head that did not see it; as ``write_predictions``."""
        return write_predictions(self.path / OUT_OF_FOLD, predictions, hashes).predictions

    def read_out_of_fold(self) -> Predictions | None:
        """Training rows, each by a head that did not see it; None where a run has none."""
        file = self.path / OUT_OF_FOLD
        if not file.is_file():
            return None
        try:
            return read_prediction_rows(file, read_card(self.path / MODEL).card).predictions
        except (OSError, WarmstartError) as error:
            self.refuse(str(file), error, "the file", "it")

    def write_scores(self, scores: Scores) -> None:
        """Every score with its interval, as JSON."""
        write_whole(self.path / SCORES, scores.to_json() + "\n")

    def read_scores(self) -> Scores:
        """The scores of the validation rows, as they were when all probabilities were known."""
        return Scores.from_json(read_text(self.path / SCORES), str(self.path / SCORES))

    def write_facts(self, facts: DataFacts, damaged: Sequence[Exclusion] = ()) -> None:
        """How many images each split had, what was left out or is damaged, what was noticed."""
        write_exclusions(self.path / EXCLUSIONS, facts.exclusions)
        write_exclusions(self.path / DAMAGED, damaged)
        entry = {"counts": facts.counts, "notes": facts.notes}
        write_whole(self.path / DATA, json_text(entry))

    def read_facts(self) -> DataFacts:
        """How many images there were, and what was left out."""
        file = self.path / DATA
        found = parse_json(read_text(file), DataFile, str(file))
        return DataFacts(found.counts, read_exclusions(self.path / EXCLUSIONS), found.notes)

    def write_environment(self, environment: Mapping[str, Any]) -> None:
        """What the bits of the results depend on besides data and settings."""
        write_whole(self.path / ENVIRONMENT, json_text(environment))

    def read_environment(self) -> dict[str, Any]:
        """Versions and machine."""
        file = self.path / ENVIRONMENT
        return vars(parse_json(read_text(file), EnvironmentFile, str(file)))

    def write_steps(self, steps: Iterable[StepRecord]) -> None:
        """What each of the eight steps did and gained."""
        write_whole(self.path / STEPS, steps_to_jsonl(steps))

    def read_steps(self) -> tuple[StepRecord, ...]:
        """The steps of a run that took any."""
        file = self.path / STEPS
        return steps_from_jsonl(read_text(file), str(file)) if file.exists() else ()

    def write_curve(self, curve: LRCurve) -> LRCurve:
        """The losses that a rate was found by, and that rate; given as they would be read."""
        text = json_text(curve.to_json())
        write_whole(self.path / CURVE, text)
        return LRCurve.from_json(json_table(text, str(self.path / CURVE)))

    def read_curve(self, lr: float | None) -> LRCurve | None:
        """How the rate was found, if it was.

        Args:
            lr: The run's. A file that does not tell which rate was suggested is an older
                version's, whose rule was another.
        """
        file = self.path / CURVE
        if not file.exists():
            return None
        return LRCurve.from_json({"told": lr} | json_table(read_text(file), str(file)), str(file))

    def write_learning_curve(self, curve: LearningCurve) -> None:
        """What more images would buy."""
        write_whole(self.path / LEARNING_CURVE, curve.to_json() + "\n")

    def read_learning_curve(self) -> LearningCurve | None:
        """What more images would buy; None where a run did not ask, or could not tell."""
        file = self.path / LEARNING_CURVE
        return LearningCurve.from_json(read_text(file), str(file)) if file.exists() else None

    def write_race(self, race: RaceRecord) -> None:
        """Which backbones were tried, and which of them answer."""
        write_whole(self.path / RACE, race.to_json())

    def read_race(self) -> RaceRecord | None:
        """The race of a run that had one."""
        file = self.path / RACE
        return RaceRecord.from_json(read_text(file), str(file)) if file.exists() else None

    def read_config(self) -> RunConfig:
        """The config of a run that has a result.

        Raises:
            DataError: it was stopped before it had one, or a file of it is gone.
        """
        config = read_config(self.path)
        if not config.result:
            raise DataError(
                f"the run in {self.path} is not finished.",
                expected="a run with a result.",
                fix=resume_line(self.path),
            )
        gone = [n for n in (HISTORY, ENVIRONMENT, DATA) if not (self.path / n).is_file()]
        if gone:
            raise DataError(
                f"{self.path} has no {' and no '.join(gone)}.",
                expected="the files that `warmstart train` left there.",
                fix=f"train again: warmstart train {config.asked.source}",
            )
        return config

    def read(self, config: RunConfig) -> FinishedRun:
        """All that a finished run left, whose ``config`` this is."""
        saved = self.read_predictions()
        return FinishedRun(
            config,
            saved,
            self.read_history(),
            steps=self.read_steps(),
            facts=self.read_facts(),
            environment=self.read_environment(),
            curve=self.read_curve(config.lr),
            out_of_fold=self.read_out_of_fold(),
            scores=self.read_scores() if saved.is_short else None,
            learning_curve=self.read_learning_curve(),
            race=self.read_race(),
        )

    def check_finished(self) -> None:
        """See that a run is finished.

        Raises:
            DataError: it is not.
        """
        names = (PREDICTIONS, SCORES, MODEL_CARD)
        missing = [str(name) for name in names if not (self.path / name).is_file()]
        if missing:
            is_run = (self.path / RECIPE).is_file()
            raise DataError(
                f"{self.path} has no {missing[0]}.",
                expected="the folder of a finished run, that `warmstart train` wrote.",
                fix=resume_line(self.path) if is_run else "give another run.",
            )

    def refuse(self, what: str, error: Exception, files: str, them: str) -> NoReturn:
        """Say which files are not as they were written.

        Raises:
            DataError: always.
        """
        raise DataError(
            f"{what} cannot be read: {reason_of(error)}",
            expected=f"{files} as `warmstart train` wrote {them}.",
            fix="warmstart " + shlex.join(["train", "--like", str(self.path)]),
        ) from error


def write_exclusions(path: Path, exclusions: Iterable[Exclusion]) -> None:
    """One line per file that is in no row, if there is any."""
    listed = [(one.name, one.reason) for one in exclusions]
    if listed:
        with writing_text(path) as file:
            write_rows(file, [("name", "reason"), *listed])


def read_exclusions(file: Path) -> tuple[Exclusion, ...]:
    """Files that are in no row, if there are any."""
    if not file.exists():
        return ()
    titles, lines = read_cells(file)
    if titles != ["name", "reason"]:
        refuse_file(str(file), "does not have the columns name and reason")
    return tuple(Exclusion(*map(unquoted, line)) for line in lines)


def json_text(entry: object) -> str:
    """The content of a file that people can read."""
    return json.dumps(entry, indent=1, ensure_ascii=False, allow_nan=False)
