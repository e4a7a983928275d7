"""ConvLearner: the note's workflow in one object."""

import contextlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from warmstart.activations.fill import fill
from warmstart.activations.folder import cache_folder
from warmstart.activations.inputs import ComputedInputs, StoredInputs, stored_blocks
from warmstart.activations.space import Space
from warmstart.backbones.bodies import build_body
from warmstart.backbones.network import ClassifierNetwork
from warmstart.backbones.pooling import ConcatPool
from warmstart.backbones.weights import load_pretrained
from warmstart.batches.pixels import stream_pixels
from warmstart.batches.source import PixelSource
from warmstart.classifier_data import ImageClassifierData
from warmstart.data.content import ContentHashes
from warmstart.errors import SettingError, UnreadableImagesError
from warmstart.inference.frozen_part import chosen_device
from warmstart.inference.model_folder import ModelCard, write_model
from warmstart.inference.pictures import Picture
from warmstart.inference.predictor import Predictor, frozen_part, render_threads
from warmstart.inference.probabilities import probabilities
from warmstart.results.history import EpochRecord, History
from warmstart.results.lr_curve import LRCurve
from warmstart.results.predictions import Predictions
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.head import HeadCard, build_head, dropouts_of
from warmstart.training.loop import FitSettings, fit
from warmstart.training.lr_finder import lr_find
from warmstart.training.objective import Targets
from warmstart.training.schedule import Schedule

SPLITS = ("train", "valid", "test")


class ConvLearner:
    """A pretrained network, frozen up to its new head, and the data it learns from."""

    def __init__(
        self,
        network: ClassifierNetwork,
        data: ImageClassifierData,
        card: ModelCard,
        *,
        device: torch.device,
        opt: str,
        seed: int,
        cache_dir: Path,
        precompute: bool,
    ) -> None:
        """Use ``ConvLearner.pretrained``, which builds the network."""
        self.model, self.data, self.card = network.to(device).eval(), data, card
        self.device, self.opt, self.seed, self.cache_dir = device, opt, seed, cache_dir
        self.precompute = precompute
        self.history = History()
        self.frozen = frozen_part(network, card, device)
        self.hashes = ContentHashes(cache_dir / "content.sqlite")
        self._num_epochs, self._num_fits = 0, 0

    @classmethod
    def pretrained(
        cls,
        arch: str,
        data: ImageClassifierData,
        precompute: bool = False,
        *,
        ps: float | Sequence[float] | None = None,
        xtra_fc: Sequence[int] = (512,),
        opt: str = "sgd",
        weights: str | Path | None = None,
        pretrained: bool = True,
        seed: int = 0,
        device: str = "auto",
        precision: str = "auto",
        cache_dir: str | Path | None = None,
    ) -> "ConvLearner":
        """A network whose body is pretrained and frozen, and whose head is new.

        Args:
            arch: The backbone.
            data: From ``ImageClassifierData``.
            precompute: Compute the frozen part once per image and keep its outputs on disk.
            ps: Dropout before the last layer; half of it before the others; or one per layer.
            xtra_fc: Sizes of the head's hidden layers.
            opt: "sgd" (momentum 0.9) or "adamw".
            weights: A file with the body's weights; None is the embedded default or timm's hub.
            pretrained: False begins with random weights, on purpose.
            seed: What the head, the order of rows and dropout depend on.
            device: "auto", "cpu", "cuda" or "mps".
            precision: Of the frozen part: "auto", "f32" or "bf16".
            cache_dir: Where activations are kept; None is WARMSTART_CACHE or ~/.cache/warmstart.

        Returns:
            The learner.
        """
        body = build_body(arch, seed=seed)
        source = "random"
        if pretrained:
            path = None if weights is None else Path(weights)
            source = load_pretrained(body.module, arch, path)
        place = chosen_device(device)
        pool = ConcatPool()
        num_features = width_of(nn.Sequential(body.module, pool), data.tfms.recipe.size)
        head_card = HeadCard(
            num_features, len(data.classes), tuple(xtra_fc), dropouts_of(ps, len(xtra_fc))
        )
        network = ClassifierNetwork(body.module, pool, build_head(head_card, seed=seed))
        card = ModelCard(
            arch=arch,
            classes=data.classes,
            is_multi_label=False,
            recipe=asdict(data.tfms.recipe),
            mean=data.tfms.card.mean,
            std=data.tfms.card.std,
            head=asdict(head_card),
            mode="",
            precision=precision,
            weights_from=source,
            versions=versions(),
        )
        return cls(
            network,
            data,
            card,
            device=place,
            opt=opt,
            seed=seed,
            cache_dir=cache_folder(cache_dir),
            precompute=precompute,
        )

    def fit(
        self,
        lr: float,
        n_cycle: int,
        cycle_len: int | None = None,
        cycle_mult: int = 1,
        *,
        wds: float = 0.0,
        checkpoint: str | Path | None = None,
        on_epoch: Callable[[EpochRecord], None] = print,
    ) -> History:
        """Train the head.

        Args:
            lr: Learning rate.
            n_cycle: Number of epochs, or of cycles if ``cycle_len`` is given.
            cycle_len: Epochs of the first cycle; the rate falls along half a cosine in each.
            cycle_mult: Each cycle is so many times as long as the one before.
            wds: Weight decay.
            checkpoint: A folder; a fit that was stopped goes on where it was.
            on_epoch: Told of every epoch.

        Returns:
            The history of this fit; ``learn.history`` has all of them.
        """
        schedule = Schedule(n_cycle, cycle_len, cycle_mult)
        settings = self._settings(lr, schedule, wds)
        number = self._num_fits
        file = (
            None
            if checkpoint is None
            else Checkpoint(Path(checkpoint) / f"fit-{number}.safetensors")
        )
        history = fit(
            self.model.head,
            [list(self.model.head.parameters())],
            self._inputs(),
            self._targets(),
            settings,
            checkpoint=file,
            on_epoch=on_epoch,
        )
        self._num_fits += 1
        self._num_epochs += schedule.num_epochs
        self.history.extend(history)
        self.model.eval()
        return history

    def lr_find(
        self, *, start_lr: float = 1e-5, end_lr: float = 10.0, num_steps: int = 100
    ) -> LRCurve:
        """Try rates from small to large; weights and everything else stay as they are."""
        return lr_find(
            self.model.head,
            [list(self.model.head.parameters())],
            self._inputs(),
            self._targets(),
            self._settings(1.0, Schedule(1), 0.0),
            lr_range=(start_lr, end_lr),
            num_steps=num_steps,
        )

    def predict(self, what: str | Picture | Iterable[Picture] = "valid") -> Predictions:
        """Probabilities of a split's rows, or of any pictures.

        Args:
            what: "train", "valid", "test", or paths, bytes, PIL images, arrays.

        Returns:
            Predictions, in table order or in the order given.

        Raises:
            SettingError: the split has no row.
        """
        if not (isinstance(what, str) and what in SPLITS):
            return self.predictor().predict(what)
        rows = self.data.table.rows(what)
        if len(rows) == 0:
            here = [split for split in SPLITS if len(self.data.table.rows(split))]
            raise SettingError(
                f"there is no {what} row.",
                expected="one of: " + ", ".join(here) + ".",
                fix=f'learn.predict("{here[0]}")',
            )
        table = self.data.table
        if self.precompute:
            space, keys = self._stored(rows)
            blocks = stored_blocks(space, space.locate(keys), self.device)
            chances = probabilities(self.model.head, blocks, is_multi_label=False)
        else:
            source = self._source()
            chances = self.predictor().rows(lambda i: source.render(int(rows[i])), len(rows))
        names = tuple(table.names[row] for row in rows)
        return Predictions(names, chances, table.labels[rows], self.data.classes)

    def predictor(self) -> Predictor:
        """What ``load_predictor`` would give, without saving."""
        return Predictor(self.model, self.frozen, self.model.head, self.card)

    def save(self, folder: str | Path, *, metrics: dict[str, float] | None = None) -> Path:
        """Write the model as plain files.

        Args:
            folder: Where.
            metrics: Scores that the card shall show.

        Returns:
            The folder.
        """
        entry = asdict(self.card) | {"mode": self.frozen.card.mode, "metrics": metrics or {}}
        write_model(Path(folder), ModelCard(**entry), self.model.state_dict())
        return Path(folder)

    def _settings(self, lr: float, schedule: Schedule, weight_decay: float) -> FitSettings:
        return FitSettings(
            lrs=(float(lr),),
            schedule=schedule,
            batch_size=self.data.bs,
            opt=self.opt,
            weight_decays=(weight_decay,),
            seed=self.seed,
            first_epoch=self._num_epochs,
            fit_number=self._num_fits,
        )

    def _source(self) -> PixelSource:
        return PixelSource(self.data.table, self.data.tfms.recipe)

    def _targets(self) -> Targets:
        table = self.data.table
        train, valid = (torch.from_numpy(table.labels[table.rows(s)]) for s in ("train", "valid"))
        return Targets(train, valid)

    def _inputs(self) -> StoredInputs | ComputedInputs:
        self._drop_or_refuse()
        table = self.data.table
        train, valid = table.rows("train"), table.rows("valid")
        if self.precompute:
            space, keys = self._stored(np.concatenate([train, valid]))
            train_keys = keys[: len(train)]
            return StoredInputs(space, lambda _: train_keys, keys[len(train) :], self.device)
        source = self._source()
        return ComputedInputs(
            self.frozen.runner,
            lambda _: lambda i: source.render(int(train[i])),
            (lambda i: source.render(int(valid[i])), len(valid)),
            self.device,
            render_threads(),
        )

    def _drop_or_refuse(self) -> None:
        """Find the unreadable images before anything is trained."""

    def _stored(self, rows: NDArray[np.int64]) -> tuple[Space, list[bytes]]:
        """Names of rows, all of them stored.

        Raises:
            UnreadableImagesError: some cannot be decoded.
        """
        source = self._source()
        hashes = source.content_hashes(rows, self.hashes)
        keys = self.frozen.keys(self.data.tfms.recipe.name(), hashes)
        space = Space(self.cache_dir / "activations", self.frozen.card)
        failures = fill(
            space,
            keys,
            lambda missing: stream_pixels(
                lambda i: source.render(int(rows[i])),
                missing,
                block=self.frozen.runner.batch,
                num_threads=render_threads(),
            ),
            lambda: self.frozen.runner,
        )
        if failures:
            raise UnreadableImagesError(failures)
        return space, keys


def width_of(features: nn.Module, size: int) -> int:
    """The number of features of one row."""
    features.eval()
    with torch.inference_mode():
        return int(features(torch.zeros(1, 3, size, size)).shape[1])


def versions() -> dict[str, str]:
    """Versions of what can change a result."""
    names = (
        "warmstart",
        "torch",
        "timm",
        "torchvision",
        "openvino",
        "numpy",
        "pillow",
        "simplejpeg",
    )
    found = {}
    for name in names:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[name] = metadata.version(name)
    return found
