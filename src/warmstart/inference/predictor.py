"""A network that names pictures, whether just trained or loaded from a folder."""

import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from warmstart.activations.inputs import regroup
from warmstart.backbones.bodies import build_body
from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.backbones.pooling import ConcatPool
from warmstart.batches.pixels import PixelBlock, stream_pixels
from warmstart.errors import UnreadableImageError, UnreadableImagesError
from warmstart.images.view import ViewRecipe
from warmstart.inference.frozen_part import FrozenPart, chosen_device
from warmstart.inference.model_folder import ModelCard, read_model
from warmstart.inference.pictures import Picture, Pictures
from warmstart.inference.probabilities import BLOCK_ROWS, probabilities
from warmstart.results.predictions import Predictions
from warmstart.training.head import HeadCard, build_head


class Predictor:
    """Pixels through the frozen part's runner, then through the head."""

    def __init__(
        self, network: nn.Module, frozen: FrozenPart, head: nn.Module, card: ModelCard
    ) -> None:
        """Take the parts; ``network`` is the whole as an ordinary module."""
        self.model, self.frozen, self.head, self.card = network, frozen, head, card
        self.recipe = ViewRecipe(**card.recipe)

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.card.classes

    def predict(self, pictures: Picture | Iterable[Picture]) -> Predictions:
        """Probabilities of each picture, in the order given.

        Args:
            pictures: Paths (a folder stands for the images in it), bytes, PIL images or arrays.

        Returns:
            Predictions without labels; ``rows`` are the paths, or numbers where there is none.
        """
        given = Pictures(pictures)

        def render(position: int) -> NDArray[np.uint8]:
            return self.recipe.render(given.content(position), given.names[position])

        chances = self.rows(render, len(given))
        return Predictions(given.names, chances, np.full(len(given), -1), self.classes)

    def rows(
        self, render: Callable[[int], NDArray[np.uint8]], num_rows: int
    ) -> NDArray[np.float64]:
        """Probabilities (N, K) of rendered rows.

        Raises:
            UnreadableImagesError: some cannot be decoded; all of them are listed.
        """
        failures: list[UnreadableImageError] = []
        stream = stream_pixels(
            render, range(num_rows), block=self.frozen.runner.batch, num_threads=render_threads()
        )
        outputs = [values for _, values in self.frozen.runner.run(noting(stream, failures))]
        if failures:
            raise UnreadableImagesError(failures)
        sizes = [min(BLOCK_ROWS, num_rows - i) for i in range(0, num_rows, BLOCK_ROWS)]
        blocks = regroup(iter(outputs), sizes, self.frozen.device)
        return probabilities(self.head, blocks, is_multi_label=self.card.is_multi_label)


def noting(
    blocks: Iterator[PixelBlock], failures: list[UnreadableImageError]
) -> Iterator[PixelBlock]:
    """Blocks as they come, their failures put into the list."""
    for block in blocks:
        failures += block.failures
        yield block


def render_threads() -> int:
    """As many as there are cores for this process."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def assemble(
    arch: str, card: ModelCard, device: torch.device
) -> tuple[ClassifierNetwork, FrozenPart]:
    """The network of a card, with weights still to be loaded, and its frozen part."""
    if card.head is None:
        raise NotImplementedError
    body = build_body(arch)
    head = build_head(HeadCard.from_json(card.head))
    network = ClassifierNetwork(body.module, ConcatPool(), head).to(device).eval()
    return network, frozen_part(network, card, device)


def frozen_part(network: ClassifierNetwork, card: ModelCard, device: torch.device) -> FrozenPart:
    """Everything before the head, from pixels on."""
    prefix = nn.Sequential(Normalise(card.mean, card.std), network.backbone, network.pool)
    return FrozenPart(
        prefix,
        backbone=card.arch,
        cut="pooled",
        size=ViewRecipe(**card.recipe).size,
        device=device,
        precision=card.precision,
    )


def load_predictor(folder: str | Path, *, device: str = "auto") -> Predictor:
    """Load what ``learn.save(folder)`` wrote. Nothing in the folder is executed.

    Args:
        folder: The model folder.
        device: "auto", "cpu", "cuda" or "mps".

    Returns:
        A predictor that gives, on the same machine and versions, the same bits as the learner; it
        warns where the numeric mode differs.
    """
    card, tensors = read_model(Path(folder))
    network, frozen = assemble(card.arch, card, chosen_device(device))
    network.load_state_dict(tensors)
    if frozen.card.mode != card.mode:
        warnings.warn(
            f"the model was judged in numeric mode {card.mode}, and runs here in "
            f"{frozen.card.mode}: probabilities may differ in their last digits.",
            stacklevel=2,
        )
    return Predictor(network, frozen, network.head, card)
