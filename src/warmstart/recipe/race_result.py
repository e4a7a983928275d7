"""The model that came of a race of backbones."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from warmstart.classifier_data.arguments import check_outside_data
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.data.seen_images import SeenImages
from warmstart.display import Displayed, Sheet, SheetTable
from warmstart.inference.model_weights import joined_state, write_model
from warmstart.inference.predictor import Predictor
from warmstart.learner.conv_learner import ConvLearner
from warmstart.learner.decision import joined_others, seen_others, with_unknown
from warmstart.learner.predicting import content_hashes, rows_of_split, table_predictor
from warmstart.learner.state import remember_graph
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.results.predictions import Predictions
from warmstart.results.race_record import RaceRecord


@dataclass(frozen=True, eq=False, repr=False)
class RaceResult(Displayed):
    """The model that came of a race, and how it came.

    ``predictor`` answers by the mean of the logits of its members, at one temperature. The
    ``learners`` are those of the members, in their order. ``out_of_fold`` has predictions of the
    training rows by heads that did not see them, the members being chosen by the other folds; None
    where no row could judge.

    Example:
        >>> from warmstart import ImageClassifierData, Race, tfms_from_model
        >>> tfms = tfms_from_model("tf_efficientnet_lite0", 32)
        >>> data = ImageClassifierData.from_paths(folder, tfms, valid_pct=0.5, quiet=True)
        >>> race = Race(None, ["tf_efficientnet_lite0"], cache_dir=folder.parent / "store")
        >>> result = race.run(data, quiet=True)
        >>> result.record.stopped
        'all backbones that are to be had were tried'
    """

    record: RaceRecord
    predictor: Predictor
    learners: tuple[ConvLearner, ...]
    out_of_fold: OutOfFoldPredictions | None

    def __str__(self) -> str:
        """What was tried, what each cost and gained, and why it stopped."""
        return str(self.record)

    def _sheet(self) -> Sheet:
        rows = tuple(
            (
                trial.arch,
                "–" if trial.loss is None else f"{trial.loss:.4f}",
                "–" if trial.accuracy is None else f"{trial.accuracy:.4f}",
                f"{trial.seconds:.1f}",
            )
            for trial in self.record.trials
        )
        grid = SheetTable(("backbone tried", "loss", "accuracy", "seconds"), rows)
        outcome = tuple(("", line) for line in self.record.outcome().splitlines())
        return Sheet("RaceResult", outcome, (grid,))

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
        first, *others = (table_predictor(learn.state, split) for learn in self.learners)
        asked = replace(first, predictor=self.predictor, others=tuple(others))
        return asked.predictions(rows_of_split(first.source.table, split))

    def with_unknown(self, others: Any, *, false_accept: float = 0.05) -> "RaceResult":
        """The same model, which answers "unknown" to pictures of things that no class stands for.

        Args:
            others: Pictures of such things, as ``Predictor.predict`` takes them.
            false_accept: The share of new ones that may get another answer.

        Example:
            >>> photos = sorted((folder / "train" / "dog").iterdir())
            >>> careful = result.with_unknown(photos, false_accept=0.5)
            >>> careful.predictor.card.answering.unknown_below is None
            False
        """
        first, model = self.learners[0].state, self.predictor
        rows, known = seen_others(first, model, others)
        rule, _ = with_unknown(model.card.answering, rows, false_accept)
        seen = joined_others(model.seen or SeenImages(), rows)
        card = replace(model.card, answering=rule)
        return replace(self, predictor=Predictor(model.members, card, seen, known))

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
        state = joined_state([learn.state.network.tensors() for learn in self.learners])
        model = self.predictor
        sha256 = write_model(Path(folder), card, state, model.seen or SeenImages(), model.known)
        for number, learn in enumerate(self.learners):
            remember_graph(learn.state, card, sha256, number)
        return Path(folder)
