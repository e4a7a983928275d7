"""What the network sees of the rows that a report shows: pixels, where it looked, activations."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from warmstart.activations.frozen_part import FrozenPart
from warmstart.activations.namespace import CacheNamespace
from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.batches.rendering import View, stream_pixels
from warmstart.batches.source import num_cores, plain_name
from warmstart.errors import SettingError, UnreadableImageError
from warmstart.inference.grad_cam import grad_cam
from warmstart.inference.member import noting
from warmstart.inference.network_member import NetworkMember
from warmstart.inference.predictor import Predictor
from warmstart.report.choice import galleries_of, rows_to_explain, rows_to_map, rows_to_show
from warmstart.report.content import SeenRows
from warmstart.results.gallery import most_mistaken
from warmstart.results.predictions import Predictions
from warmstart.terminal.waiting import waiting

OTHER_BYTES = "its file is another one by now"
Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class Photos:
    """Judged photos as they were: ``read`` gives bytes, which must be those of ``hashes``."""

    member: NetworkMember
    names: Sequence[str]
    hashes: Sequence[bytes]
    read: Callable[[int], bytes]

    def content(self, row: int) -> bytes:
        """The bytes of one.

        Raises:
            UnreadableImageError: there are none, or others.
        """
        content = self.read(row)
        if hashlib.sha256(content).digest() != self.hashes[row]:
            raise UnreadableImageError(self.names[row], OTHER_BYTES)
        return content

    def render(self, row: int) -> Pixels:
        """The plain view, as people see it."""
        return self.member.recipe.render(self.content(row), self.names[row], use_damaged=True)

    def prepare(self, row: int) -> View:
        """The plain view, as the network sees it: a device may have to finish it."""
        recipe, views_on = self.member.recipe, self.member.views_on
        if views_on is None:
            return self.render(row)
        return views_on.prepare(recipe, self.content(row), self.names[row], use_damaged=True)


def seen_rows(
    predictor: Predictor,
    predictions: Predictions,
    hashes: Sequence[bytes],
    read: Callable[[int], bytes],
    cache_dir: Path,
) -> SeenRows:
    """Read the few photos that are shown; take activations from the store where they are there.

    Args:
        predictor: What made the predictions.
        predictions: Of some rows.
        hashes: The sha256 of the bytes that each of them had; other bytes are not shown.
        read: Position of a row → its bytes; may raise UnreadableImageError.
        cache_dir: Where activations may be stored.

    Returns:
        All that could be had, and in words what could not.
    """
    member = predictor.networks[0]

    photos = Photos(member, predictions.rows, hashes, read)
    chosen = galleries_of(predictions)
    wanted = rows_to_show(chosen)
    with waiting("reading photos to show", leads=True):
        pixels, failures = rendered(photos.render, wanted)
    gaps = [missing_photos(failures, len(wanted))] if failures else []
    rows = [row for row in rows_to_explain(chosen) if row in pixels]
    try:
        with waiting("finding where the network looked"):
            heat = heat_of(predictor, predictions, pixels, rows)
    except SettingError as error:
        heat = {}
        gaps.append(f"No picture shows where the network looked: {error.what}")
    if len(predictor.members) > 1:
        gaps.append(
            f"Where the network looked, and the map, are those of {predictor.card.arch} alone, the "
            f"first of {len(predictor.members)} backbones."
        )
    mapped = rows_to_map(len(predictions.rows))
    activations = None
    if len(mapped):
        activations = stored(predictor, [hashes[row] for row in mapped], cache_dir)
    if len(mapped) and activations is None:
        activations, failures = computed(member.frozen, photos.prepare, mapped)
    if len(mapped) and activations is None:
        gaps.append(
            "The map of the images: their activations are not stored any more, and "
            + missing_photos(failures, len(mapped))
        )
    has_map = activations is not None
    return SeenRows(pixels, heat, activations, mapped if has_map else None, tuple(gaps))


def rendered(
    render: Callable[[int], Pixels], rows: Sequence[int]
) -> tuple[dict[int, Pixels], list[UnreadableImageError]]:
    """What the network sees of some rows, and the photos that cannot be read."""
    found: dict[int, Pixels] = {}
    failures: list[UnreadableImageError] = []
    for block in noting(stream_pixels(render, rows, num_threads=num_cores()), failures):
        found |= dict(zip(block.rows.tolist(), block.pixels, strict=True))
    return found, failures


def missing_photos(failures: Sequence[UnreadableImageError], number: int) -> str:
    """How many photos could not be had, and why the first of them."""
    first = failures[0]
    return (
        f"{len(failures)} of {number} photos to be shown cannot be read, and are left out; the "
        f"first: {first.name} ({first.reason})."
    )


def heat_of(
    predictor: Predictor, predictions: Predictions, pixels: dict[int, Pixels], rows: list[int]
) -> dict[int, NDArray[np.float64]]:
    """Where the network found its answer, by row; of many labels the most mistaken one."""
    if not rows or not isinstance(predictor.model, ClassifierNetwork):
        return {}
    card = predictor.card
    if predictions.is_multi_label:
        classes = [most_mistaken(predictions, row) for row in rows]
    else:
        classes = [int(predictions.predicted[row]) for row in rows]
    maps = grad_cam(
        predictor.model,
        Normalise(card.mean, card.std),
        np.stack([pixels[row] for row in rows]),
        classes,
    )
    return dict(zip(rows, maps, strict=True))


def stored(
    predictor: Predictor, hashes: Sequence[bytes], cache_dir: Path
) -> NDArray[np.floating] | None:
    """Activations (N, D) of the plain view, None unless all of them are stored."""
    folder = cache_dir / "activations"
    member = predictor.networks[0]
    frozen = member.frozen
    if not (folder / frozen.card.identity).is_dir():
        return None
    namespace = CacheNamespace(folder, frozen.card)
    keys = frozen.keys(plain_name(member.recipe, member.views_on), hashes)
    if namespace.missing(keys):
        return None
    return np.asarray(namespace.gather(namespace.locate(keys)), np.float32)


def computed(
    frozen: FrozenPart, render: Callable[[int], View], rows: NDArray[np.int64]
) -> tuple[NDArray[np.floating] | None, list[UnreadableImageError]]:
    """The same activations from the photos; None with the failures if one cannot be read."""
    failures: list[UnreadableImageError] = []
    stream = stream_pixels(
        render, rows.tolist(), block=frozen.runner.batch, num_threads=num_cores()
    )
    parts = []
    for _, values in frozen.runner.run(noting(stream, failures)):
        parts.append(np.asarray(values, np.float32))
    if failures or not parts:
        return None, failures
    return np.concatenate(parts), failures
