"""A network that names pictures, whether just trained or loaded from a folder."""

import hashlib
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.activations.inputs import regroup
from warmstart.arguments import Reader, instance_of, path, reads
from warmstart.backbones.card import Architecture, is_timm_name, read_architecture
from warmstart.batches.pixels import PixelBlock, stream_pixels
from warmstart.batches.source import num_cores
from warmstart.errors import (
    ModelFolderError,
    SettingError,
    UnreadableImageError,
    UnreadableImagesError,
)
from warmstart.images.augment import Augmentation
from warmstart.images.augmented import AugmentedRecipe
from warmstart.images.presets import read_augmentation
from warmstart.images.view import ViewRecipe
from warmstart.inference.assembly import saved_network
from warmstart.inference.averaging import VIEW_READERS, mean_over_views
from warmstart.inference.frozen_part import FrozenPart, chosen_device, frozen_part
from warmstart.inference.model_folder import ModelCard, read_model
from warmstart.inference.pictures import Picture, Pictures
from warmstart.inference.probabilities import BLOCK_ROWS, probabilities
from warmstart.inference.whole_model import whole_model
from warmstart.results.predictions import Predictions

READERS: dict[str, Reader[Any]] = VIEW_READERS | {
    "aug_tfms": read_augmentation,
    "folder": path,
    "arch": read_architecture,
    "custom_head": instance_of(nn.Module, "the head that the model was saved with"),
}


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
            pictures: Paths (a folder stands for the images in it), bytes, open files, PIL images,
                arrays or tensors: see ``Pictures``.

        Returns:
            Predictions without labels; ``rows`` are the paths, or numbers where there is none.
        """
        return self.TTA(pictures, 0)

    @reads(**READERS)
    def TTA(  # noqa: N802 - the note's name
        self,
        pictures: Picture | Iterable[Picture],
        n_aug: int = 4,
        *,
        plain_weight: float | None = None,
        aug_tfms: Augmentation | str | Sequence[Augmentation | str] | None = None,
    ) -> Predictions:
        """Probabilities averaged over the plain view and some augmented ones.

        Args:
            pictures: As for ``predict``.
            n_aug: Augmented views of each picture, from view 1 on; 0 is ``predict``.
            plain_weight: Share of the plain view in [0, 1]; None weighs all views alike.
            aug_tfms: How views vary, as in ``tfms_from_model``; None is as in training, and then
                they are the views that ``learn.TTA`` averages.

        Returns:
            As from ``predict``.
        """
        given = Pictures(pictures)
        views = views_of(self.card, aug_tfms) if n_aug > 0 else None

        def render(view: int, position: int) -> NDArray[np.uint8]:
            content, name = given.content(position), given.names[position]
            if view == 0 or views is None:
                return self.recipe.render(content, name)
            return views.render(content, name, view, hashlib.sha256(content).digest())

        def chances(view: int) -> NDArray[np.float64]:
            return self.rows(partial(render, view), len(given))

        mean = mean_over_views(chances, n_aug, plain_weight)
        return Predictions(
            given.names,
            mean,
            np.full(mean.shape if self.card.is_multi_label else len(given), -1),
            self.classes,
            answering=self.card.answering,
            left_out=tuple((item.name, item.reason) for item in given.left_out),
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


def views_of(card: ModelCard, aug_tfms: Any) -> AugmentedRecipe:
    """How views of a picture differ: as in training, unless something else is asked for.

    Raises:
        SettingError: the card does not say.
    """
    if aug_tfms is None and card.augmentation is None:
        raise SettingError(
            "the model's card names no augmentation: it was trained on plain views, or saved "
            "before cards said so. There is nothing to average over.",
            expected="a model trained with an augmentation, or one to use now.",
            fix="predictor.TTA(pictures, aug_tfms=transforms_side_on)",
            flags=("--augment", "side_on"),
        )
    chosen = aug_tfms or Augmentation(**(card.augmentation or {}))
    return AugmentedRecipe(ViewRecipe(**card.recipe), chosen, card.view_seed)


def noting(
    blocks: Iterator[PixelBlock], failures: list[UnreadableImageError]
) -> Iterator[PixelBlock]:
    """Blocks as they come, their failures put into the list."""
    for block in blocks:
        failures += block.failures
        yield block


@reads(**READERS)
def load_predictor(
    folder: str | Path,
    *,
    device: str = "auto",
    arch: Architecture | None = None,
    custom_head: nn.Module | None = None,
) -> Predictor:
    """Load what ``learn.save(folder)`` wrote, or a published model as it is.

    Nothing in the folder is executed.

    Args:
        folder: The model folder; or, where nothing of that name is on disk, the timm name of an
            architecture, for its own pretrained classifier, such as ImageNet's 1,000 classes.
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
    if not Path(folder).exists():
        return published_predictor(str(folder), chosen_device(device))
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


def published_predictor(arch: str, place: torch.device) -> Predictor:
    """A published model with its own classifier.

    Raises:
        ModelFolderError: there is no such model.
    """
    if not is_timm_name(arch):
        raise ModelFolderError(
            f"{arch} is neither a model folder nor an architecture that timm knows.",
            expected="a folder that learn.save() wrote, or a timm name.",
            fix='check the spelling; load_predictor("tf_efficientnet_lite0") needs no folder.',
        )
    network, card = whole_model(arch)
    frozen = frozen_part(network.to(place).eval(), card, place)
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
