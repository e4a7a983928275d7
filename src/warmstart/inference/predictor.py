"""A network that names pictures, whether just trained or loaded from a folder."""

import warnings
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.activations.inputs import regroup
from warmstart.backbones.card import Architecture
from warmstart.batches.pixels import PixelBlock, stream_pixels
from warmstart.batches.source import num_cores
from warmstart.errors import ModelFolderError, UnreadableImageError, UnreadableImagesError
from warmstart.images.view import ViewRecipe
from warmstart.inference.assembly import saved_network
from warmstart.inference.frozen_part import FrozenPart, chosen_device, frozen_part
from warmstart.inference.model_folder import ModelCard, read_model
from warmstart.inference.pictures import Picture, Pictures
from warmstart.inference.probabilities import BLOCK_ROWS, probabilities
from warmstart.results.predictions import Predictions


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
        shape = chances.shape if self.card.is_multi_label else len(given)
        return Predictions(
            given.names,
            chances,
            np.full(shape, -1),
            self.classes,
            answering=self.card.answering,
        )

    def rows(
        self, render: Callable[[int], NDArray[np.uint8]], num_rows: int
    ) -> NDArray[np.float64]:
        """Probabilities (N, K) of rendered rows.

        Raises:
            UnreadableImagesError: some cannot be decoded; all of them are listed.
        """
        failures: list[UnreadableImageError] = []
        stream = stream_pixels(
            render, range(num_rows), block=self.frozen.runner.batch, num_threads=num_cores()
        )
        outputs = [values for _, values in self.frozen.runner.run(noting(stream, failures))]
        if failures:
            raise UnreadableImagesError(failures)
        sizes = [min(BLOCK_ROWS, num_rows - i) for i in range(0, num_rows, BLOCK_ROWS)]
        blocks = regroup(iter(outputs), sizes, self.frozen.device)
        return self.chances(blocks)

    def chances(self, blocks: Iterable[Tensor]) -> NDArray[np.float64]:
        """Probabilities (N, K) of activations, in blocks of at most BLOCK_ROWS rows."""
        return probabilities(
            self.head,
            blocks,
            is_multi_label=self.card.is_multi_label,
            temperature=self.card.answering.temperature,
        )


def noting(
    blocks: Iterator[PixelBlock], failures: list[UnreadableImageError]
) -> Iterator[PixelBlock]:
    """Blocks as they come, their failures put into the list."""
    for block in blocks:
        failures += block.failures
        yield block


def load_predictor(
    folder: str | Path,
    *,
    device: str = "auto",
    arch: Architecture | None = None,
    custom_head: nn.Module | None = None,
) -> Predictor:
    """Load what ``learn.save(folder)`` wrote. Nothing in the folder is executed.

    Args:
        folder: The model folder.
        device: "auto", "cpu", "cuda" or "mps".
        arch: The function that built the backbone, if it was one of your own: a saved model
            contains no code.
        custom_head: Likewise, a module of the head's structure.

    Returns:
        A predictor that gives, on the same machine and versions, the same bits as the learner; it
        warns where the numeric mode differs.

    Raises:
        ModelFolderError: the folder needs code that it does not contain, or other code.
    """
    card, tensors = read_model(Path(folder))
    if card.head is None and custom_head is None:
        raise ModelFolderError(
            f"{folder} was saved with a head of the user's own; a saved model contains no code.",
            expected="the same module again.",
            fix="load_predictor(folder, custom_head=YourHead())",
        )
    network = saved_network(
        arch or found_architecture(card.arch), card.recipe["size"], card.head, custom_head
    )
    try:
        network.load_state_dict(tensors)
    except RuntimeError as error:
        raise ModelFolderError(
            f"{folder} holds weights of another structure than {card.arch} has here.",
            expected="the versions in its card: "
            + ", ".join(f"{name} {version}" for name, version in card.versions.items()),
            fix=f"pip install timm=={card.versions.get('timm', '1.0.31')}",
        ) from error
    place = chosen_device(device)
    frozen = frozen_part(network.to(place).eval(), card, place)
    if frozen.card.mode != card.mode:
        warnings.warn(
            f"the model was judged in numeric mode {card.mode}, and runs here in "
            f"{frozen.card.mode}: probabilities may differ in their last digits.",
            stacklevel=2,
        )
    return Predictor(network, frozen, network.head, card)


def found_architecture(name: str) -> Architecture:
    """What a card's name of an architecture stands for.

    Raises:
        ModelFolderError: it was a function of the user's own.
    """
    if name.startswith("torchvision."):
        import torchvision  # here: it takes seconds

        factory: Architecture = torchvision.models.get_model_builder(name.partition(".")[2])
        return factory
    import timm

    if timm.is_model(name.partition(".")[0]):
        return name
    raise ModelFolderError(
        f"the backbone {name!r} was built by a function of the user's own.",
        expected="the same function again; a saved model contains no code.",
        fix=f"load_predictor(folder, arch={name})",
    )
