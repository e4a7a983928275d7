"""What a command has computed by workers: parts of a list of files, on Ray, as predictions."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from pathlib import Path

import numpy as np

from warmstart.cli.run.engine_settings import EngineSettings
from warmstart.cli.run.predicting import PredictedPart
from warmstart.cluster.batch import Batch, BatchRows, NamedImage
from warmstart.cluster.job import PART_ROWS, Part, remove_shards, rows_in_order
from warmstart.cluster.ray_engine import RayEngine
from warmstart.cluster.ray_session import ray_session
from warmstart.cluster.shards import TICKET_DIGITS
from warmstart.cluster.work import ImageWork, Probabilities
from warmstart.errors import UnreadableImageError
from warmstart.files.objects import object_folder
from warmstart.images.augment import Augmentation
from warmstart.inference.model_card import ModelCard
from warmstart.inference.predictor import Predictor
from warmstart.results.predictions import Predictions
from warmstart.terminal.colour import show_lines
from warmstart.terminal.waiting import waiting


@contextmanager
def ray_workers(
    settings: EngineSettings, work: ImageWork, place: str, *, has_gpu: bool = False
) -> Iterator[RayEngine]:
    """Workers that end with the context.

    Args:
        settings: How many, and where Ray is.
        work: What they compute.
        place: The folder of shards.
        has_gpu: Whether each takes a GPU.
    """
    with ray_session(settings.address) as ray:
        num_workers = settings.workers or sum(node["Alive"] for node in ray.nodes())
        engine = RayEngine(ray, work, place, num_workers, has_gpu=has_gpu)
        try:
            yield engine
        finally:
            engine.close()
            if engine.num_deaths:
                show_lines(
                    f"note: {engine.num_deaths} worker(s) died and were replaced", is_error=True
                )


def file_parts(files: Sequence[Path], identity: str) -> list[Part]:
    """Files as parts of a job, PART_ROWS each, as one process predicts them.

    Args:
        files: All of them.
        identity: Names the job, its files included.
    """

    def batch(first: int) -> Batch:
        some = files[first : first + PART_ROWS]
        return [NamedImage(str(file), str(file.absolute())) for file in some]

    return [
        Part(
            sha256(f"{identity} {first}".encode()).hexdigest()[:TICKET_DIGITS],
            partial(batch, first),
            min(PART_ROWS, len(files) - first),
        )
        for first in range(0, len(files), PART_ROWS)
    ]


def task_of(
    model: Path,
    predictor: Predictor,
    identity: str,
    views: tuple[int, float | None, Augmentation | str | None],
    on_unreadable: str,
    device: str,
) -> Probabilities:
    """What workers compute: as this process would.

    Args:
        model: A model folder, or the name of a published one.
        predictor: What was loaded from it.
        identity: From ``model_identity``.
        views: How many are averaged, the share of the plain one, and how they differ.
        on_unreadable: "raise" or "use".
        device: Where each worker computes.
    """
    place = str(model.absolute() if model.exists() else model)
    modes = tuple(member.mode for member in predictor.members)
    return Probabilities(place, identity, *views, on_unreadable, device, modes)


@dataclass(frozen=True, eq=False)
class PredictionJob:
    """Files predicted by workers.

    ``task`` is what they compute, ``parts`` all of the job, ``card`` the model's; shards lie at
    ``place``. ``notify`` says what is noted of some predictions, and gives them as they are to be
    written.
    """

    task: Probabilities
    parts: Sequence[Part]
    card: ModelCard
    settings: EngineSettings
    place: str
    notify: Callable[[Predictions], Predictions]

    def predicted(self, num_done: int, has_begun: bool) -> Iterator[PredictedPart]:
        """What ``write_in_parts`` takes: everything but the first ``num_done`` files."""
        rest = self.parts[-(-num_done // PART_ROWS) :]  # the last may be short
        if not rest:
            return
        folder = object_folder(self.place)
        has_gpu = self.task.device.startswith("cuda")
        with (
            waiting("predicting", sum(part.num_images for part in rest), "images") as wait,
            ray_workers(self.settings, ImageWork(self.task), self.place, has_gpu=has_gpu) as engine,
        ):
            for part, made in rows_in_order(rest, folder, engine):
                names = [image.name for image in part.batch()]
                told = predicted_part(made, names, self.card, is_first=not has_begun)
                if told.predictions is not None:
                    told = replace(told, predictions=self.notify(told.predictions))
                    has_begun = True
                yield told
                wait.advance(part.num_images)

    def forget_shards(self) -> None:
        """Delete the shards: all that they hold is in the CSV by now."""
        remove_shards(self.parts, object_folder(self.place))


def predicted_part(
    made: BatchRows, names: Sequence[str], card: ModelCard, *, is_first: bool
) -> PredictedPart:
    """Rows that a worker has made, as what one process would have predicted.

    Args:
        made: The rows.
        names: Of all images of the part.
        card: Of the model.
        is_first: Whether titles stand before it.
    """
    unread = [UnreadableImageError(name, reason) for name, reason in made.failures]
    probabilities = np.asarray(made.rows, np.float64)
    found = Predictions(
        tuple(names[i] for i in made.positions),
        probabilities,
        np.full(probabilities.shape if card.is_multi_label else len(probabilities), -1),
        card.classes,
        answering=card.answering,
        notes=made.notes,
        known_scores=made.scores,
    )
    return PredictedPart(found if len(probabilities) else None, unread, len(names), is_first)
