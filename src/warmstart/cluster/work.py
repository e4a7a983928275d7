"""The unit of work: a batch of named images → its rows. An engine needs to know nothing else."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.kept_graph import kept_runner
from warmstart.activations.namespace import row_key
from warmstart.activations.runner import PrefixRunner
from warmstart.activations.shard import KEY_BYTES
from warmstart.batches.rendering import PixelBlock, stream_pixels
from warmstart.batches.source import CHANGED, num_cores
from warmstart.cluster.batch import Batch, BatchRows, NamedImage
from warmstart.errors import CacheError, UnreadableImageError, UnreadableImagesError
from warmstart.images.augment import Augmentation
from warmstart.images.augmented import AugmentedRecipe
from warmstart.images.view import USED, ViewRecipe
from warmstart.inference.loading import load_predictor
from warmstart.inference.pictures import Pictures
from warmstart.inference.predictor import Predictor

if TYPE_CHECKING:
    from warmstart.activations.frozen_part import FrozenPart

Rows = Callable[[Batch], BatchRows]


@runtime_checkable
class Task(Protocol):
    """What is to be made of images: plain data that can be sent to another computer."""

    def load(self) -> Rows:
        """Read and compile what it takes, once per process."""


class ImageWork:
    """A batch of named images → a row for each, on whatever computer it is unpickled.

    The network is loaded and compiled at the first batch, once per process. Images are decoded by
    threads, as many as the process has cores.
    """

    def __init__(self, task: Task) -> None:
        """Say what is to be made.

        Args:
            task: ``Probabilities`` or ``Activations``.
        """
        self.task = task
        self._rows: Rows | None = None

    def __call__(self, batch: Batch) -> BatchRows:
        """The rows of a batch; what cannot be read is named in them.

        Args:
            batch: Images; the order of rows is theirs.
        """
        return self.load()(batch)

    def load(self) -> Rows:
        """Load and compile now, so that the first batch does not wait for it."""
        if self._rows is None:
            self._rows = self.task.load()
        return self._rows

    def __getstate__(self) -> dict[str, Any]:
        """Without the network, which each process compiles for itself."""
        return {"task": self.task, "_rows": None}


class BatchPictures(Pictures):
    """The images of a batch as a predictor takes them; remembers what their bytes hash to."""

    def __init__(self, batch: Batch) -> None:
        """Take them in their order; nothing is read yet."""
        self.batch, self.left_out = batch, ()
        self.names = tuple(image.name for image in batch)
        self.hashes: dict[int, bytes] = {}

    def __len__(self) -> int:
        """How many."""
        return len(self.batch)

    def __iter__(self) -> Iterator[bytes]:
        """The bytes of each."""
        return map(self.content, range(len(self)))

    def content(self, position: int) -> bytes:
        """The bytes of one."""
        content = read_exactly(self.batch[position])
        self.hashes[position] = hashlib.sha256(content).digest()
        return content


def read_exactly(image: NamedImage) -> bytes:
    """The bytes of an image.

    Args:
        image: Which.

    Raises:
        UnreadableImageError: it cannot be read, or has other bytes than it should.
    """
    content = image.read()
    if image.sha256 and hashlib.sha256(content).digest() != image.sha256:
        raise UnreadableImageError(image.name, CHANGED)
    return content


@dataclass(frozen=True)
class Probabilities:
    """What a saved model, or a published one, says of images: rows of probabilities (K,).

    ``model`` is a folder that every worker can read, or a name; ``namespace`` are hexadecimal
    digits that name it and all that is asked of it; ``num_views``, ``plain_weight`` and
    ``augmentation`` are as in ``Predictor.TTA``; ``modes`` are the numeric modes in which rows are
    to be computed, () where any is right.
    """

    model: str
    namespace: str = ""
    num_views: int = 0
    plain_weight: float | None = None
    augmentation: Augmentation | str | None = None
    on_unreadable: str = "raise"
    device: str = "auto"
    modes: tuple[str, ...] = ()

    def load(self) -> Rows:
        """The model, loaded once; a CacheError where it computes in another mode here."""
        predictor = load_predictor(self.model, device=self.device)
        check_modes(self.modes, tuple(member.mode for member in predictor.members))
        return lambda batch: self.rows(predictor, batch)

    def rows(self, predictor: Predictor, batch: Batch) -> BatchRows:
        """The rows of a batch.

        Args:
            predictor: The model.
            batch: The images.
        """
        positions = list(range(len(batch)))
        failures: tuple[tuple[str, str], ...] = ()
        pictures = BatchPictures(batch)
        empty = np.empty((0, len(predictor.classes)))
        while positions:
            try:
                found = predictor.TTA(
                    pictures, self.num_views, plain_weight=self.plain_weight,
                    aug_tfms=self.augmentation, on_unreadable=self.on_unreadable,
                )  # fmt: skip
            except UnreadableImagesError as error:
                failures += tuple((one.name, one.reason) for one in error.errors)
                unread = {one.name for one in error.errors}
                positions = [i for i in positions if batch[i].name not in unread]
                pictures = BatchPictures([batch[i] for i in positions])
                continue
            view = predictor.members[0].recipe.name()
            keys = [
                row_key(self.namespace, view, pictures.hashes[i]) for i in range(len(positions))
            ]
            return BatchRows(
                np.array(positions, np.int64), key_array(keys), found.probabilities,
                found.known_scores, failures, found.notes,
            )  # fmt: skip
        return BatchRows(np.array([], np.int64), key_array([]), empty, failures=failures)


@dataclass(frozen=True)
class Activations:
    """What comes out of a frozen part, as it is stored: rows of ``dtype``.

    ``namespace`` and ``mode`` are the store's; ``graph`` is the folder of the graph that an earlier
    process kept, ``frozen`` the part itself, for a worker that cannot read it.
    """

    namespace: str
    mode: str
    recipe: ViewRecipe
    view: int = 0
    augmentation: Augmentation | None = None
    view_seed: int = 0
    graph: str | None = None
    frozen: "FrozenPart | None" = None

    def load(self) -> Rows:
        """The frozen part, compiled once.

        Raises:
            CacheError: it computes in another mode here than the store is named after.
        """
        runner: PrefixRunner | None = None
        if self.graph is not None:
            runner = kept_runner(Path(self.graph))
        if runner is None and self.frozen is not None:
            runner = self.frozen.runner
        if runner is None:
            raise CacheError(
                f"the graph in {self.graph} cannot be read by this worker.",
                expected="a store (--cache-dir) that every worker can read.",
                fix="choose a folder on a disk that all computers share.",
            )
        check_modes((self.mode,), (runner.mode,))
        ready = runner
        return lambda batch: self.rows(ready, batch)

    def rows(self, runner: PrefixRunner, batch: Batch) -> BatchRows:
        """The rows of a batch.

        Args:
            runner: The frozen part's.
            batch: The images.
        """
        hashes: dict[int, bytes] = {}

        def render(position: int) -> NDArray[np.uint8]:
            content = read_exactly(batch[position])
            hashes[position] = hashlib.sha256(content).digest()
            return self.pixels(content, batch[position], hashes[position])

        failures: list[UnreadableImageError] = []

        def blocks() -> Iterator[PixelBlock]:
            stream = stream_pixels(
                render, range(len(batch)), block=runner.batch, num_threads=num_cores()
            )
            for block in stream:
                failures.extend(block.failures)
                yield block

        positions, values = [], []
        for block, outputs in runner.run(blocks()):
            positions += block.rows.tolist()
            values.append(outputs)
        names = [self.view_name(batch[i]) for i in positions]
        keys = [
            row_key(self.namespace, name, hashes[i])
            for name, i in zip(names, positions, strict=True)
        ]
        unread = tuple((one.name, one.reason) for one in failures)
        rows = np.concatenate(values)
        return BatchRows(np.array(positions, np.int64), key_array(keys), rows, failures=unread)

    def pixels(self, content: bytes, image: NamedImage, sha256: bytes) -> NDArray[np.uint8]:
        """The view of an image that is stored: (size, size, 3) uint8."""
        if self.augmentation is None or self.view == 0:
            return self.recipe.render(content, image.name, use_damaged=image.use_damaged)
        views = AugmentedRecipe(self.recipe, self.augmentation, self.view_seed)
        damaged = image.use_damaged
        return views.render(content, image.name, self.view, sha256, use_damaged=damaged)

    def view_name(self, image: NamedImage) -> str:
        """What a row of that view is called by."""
        name = self.recipe.name()
        if self.augmentation is not None and self.view > 0:
            name = AugmentedRecipe(self.recipe, self.augmentation, self.view_seed).name(self.view)
        return name + (USED if image.use_damaged else "")


def key_array(keys: list[bytes]) -> NDArray[np.uint8]:
    """Names of rows as (n, 32)."""
    return np.frombuffer(b"".join(keys), np.uint8).reshape(len(keys), KEY_BYTES)


def check_modes(wanted: tuple[str, ...], found: tuple[str, ...]) -> None:
    """See that a worker computes as whoever sent the work would: rows of one job are alike.

    Raises:
        CacheError: it does not.
    """
    if wanted and wanted != found:
        raise CacheError(
            f"this worker computes in numeric mode {', '.join(found)}; the work was begun in "
            f"{', '.join(wanted)}.",
            expected="workers with the same versions, and processors of one kind.",
            fix="set WARMSTART_PRECISION=f32 and ONEDNN_MAX_CPU_ISA=AVX2 for all of them.",
        )
