"""ConvLearner: the note's workflow in one object."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from warmstart.activations.inputs import ComputedInputs, StoredInputs, stored_blocks
from warmstart.activations.space import Space
from warmstart.backbones.card import Architecture
from warmstart.backbones.network import ClassifierNetwork
from warmstart.batches.source import num_cores
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.data.cache_folder import cache_folder
from warmstart.errors import SettingError, UnreadableImagesError
from warmstart.inference.assembly import NetworkPlan, new_network
from warmstart.inference.frozen_part import chosen_device, frozen_part
from warmstart.inference.model_folder import ModelCard, write_model
from warmstart.inference.pictures import Picture
from warmstart.inference.predictor import Predictor
from warmstart.inference.probabilities import probabilities
from warmstart.inference.table_activations import TableActivations
from warmstart.learner.checks import positive, silent, versions, without_unreadable
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve
from warmstart.results.predictions import Predictions
from warmstart.terminal.epochs import epoch_printer
from warmstart.terminal.progress import no_progress, show_progress
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.loop import FitSettings, fit
from warmstart.training.lr_finder import lr_find
from warmstart.training.objective import Targets
from warmstart.training.schedule import Schedule

SPLITS = ("train", "valid", "test")


class ConvLearner:
    """A pretrained network, frozen up to its new head, and the data that it learns from."""

    def __init__(
        self,
        network: ClassifierNetwork,
        data: ImageClassifierData,
        card: ModelCard,
        *,
        device: torch.device,
        opt: str = "sgd",
        seed: int = 0,
        cache_dir: Path,
        precompute: bool = False,
        quiet: bool = False,
    ) -> None:
        """Use ``ConvLearner.pretrained``, which builds the network."""
        self.model, self.data, self.card = network.to(device).eval(), data, card
        self.device, self.opt, self.seed, self.quiet = device, opt, seed, quiet
        self.precompute = precompute
        self.history = History()
        frozen = frozen_part(network, card, device)
        self.activations = TableActivations(
            frozen, cache_dir, no_progress if quiet else show_progress
        )
        self._num_epochs, self._num_fits = 0, 0

    @classmethod
    def pretrained(
        cls,
        arch: Architecture,
        data: ImageClassifierData,
        precompute: bool = False,
        *,
        ps: float | Sequence[float] | None = None,
        xtra_fc: Sequence[int] = (512,),
        custom_head: nn.Module | None = None,
        opt: str = "sgd",
        weights: str | Path | None = None,
        pretrained: bool = True,
        seed: int = 0,
        device: str = "auto",
        precision: str = "auto",
        cache_dir: str | Path | None = None,
        quiet: bool = False,
    ) -> "ConvLearner":
        """A network whose body is pretrained and frozen, and whose head is new.

        Args:
            arch: The backbone: a timm name, a torchvision factory, or a function that returns an
                ``nn.Module``.
            data: From ``ImageClassifierData``.
            precompute: Compute the frozen part once per image and keep its outputs on disk.
            ps: Dropout before the last layer; half of it before the others; or one per layer.
            xtra_fc: Sizes of the head's hidden layers.
            custom_head: A head of your own, (N, D) → (N, K), instead of the standard one.
            opt: "sgd" (momentum 0.9) or "adamw".
            weights: A file with the body's weights; None is the embedded default or timm's hub.
            pretrained: False begins with random weights, on purpose.
            seed: What the head, the order of rows and dropout depend on.
            device: "auto", "cpu", "cuda" or "mps".
            precision: Of the frozen part: "auto", "f32" or "bf16".
            cache_dir: Where activations are kept; None is WARMSTART_CACHE or ~/.cache/warmstart.
            quiet: Print nothing.

        Returns:
            The learner. With ``precompute``, everything has been computed.
        """
        place = chosen_device(device)
        plan = NetworkPlan(
            arch,
            num_classes=len(data.classes),
            size=data.tfms.recipe.size,
            sizes=tuple(xtra_fc),
            ps=ps,
            custom_head=custom_head,
            weights=None if weights is None else Path(weights),
            is_pretrained=pretrained,
            seed=seed,
        )
        network, head, source = new_network(plan)
        card = ModelCard(
            arch=data.tfms.card.name,
            classes=data.classes,
            is_multi_label=data.table.is_multi_label,
            recipe=asdict(data.tfms.recipe),
            mean=data.tfms.card.mean,
            std=data.tfms.card.std,
            head=head,
            mode="",
            precision=precision,
            weights_from=source,
            versions=versions(),
        )
        learn = cls(
            network,
            data,
            card,
            device=place,
            opt=opt,
            seed=seed,
            cache_dir=cache_folder(cache_dir),
            precompute=precompute,
            quiet=quiet,
        )
        if precompute:
            learn._ready()
        return learn

    def fit(
        self,
        lr: float,
        n_cycle: int,
        cycle_len: int | None = None,
        cycle_mult: int = 1,
        *,
        wds: float = 0.0,
        checkpoint: str | Path | None = None,
    ) -> History:
        """Train the head.

        Args:
            lr: Learning rate.
            n_cycle: Number of epochs, or of cycles if ``cycle_len`` is given.
            cycle_len: Epochs of the first cycle; the rate falls along half a cosine in each.
            cycle_mult: Each cycle is so many times as long as the one before.
            wds: Weight decay.
            checkpoint: A folder; a fit that was stopped goes on where it was, and one that was
                finished is not done again.

        Returns:
            The history of this fit; ``learn.history`` has all of them.
        """
        schedule = Schedule(n_cycle, cycle_len, cycle_mult)
        settings = self._settings(positive(lr, "lr"), schedule, wds)
        file = f"fit-{self._num_fits}.safetensors"
        inputs = self._inputs()
        try:
            history = fit(
                self.model.head,
                [list(self.model.head.parameters())],
                inputs,
                self._targets(),
                settings,
                checkpoint=None if checkpoint is None else Checkpoint(Path(checkpoint) / file),
                on_epoch=silent if self.quiet else epoch_printer(),
            )
        finally:
            self.model.eval()
        self._num_fits += 1
        self._num_epochs += schedule.num_epochs
        self.history.extend(history)
        return history

    def lr_find(
        self, *, start_lr: float = 1e-5, end_lr: float = 10.0, num_steps: int = 100
    ) -> LRCurve:
        """Try rates from small to large; weights and everything else stay as they are.

        Args:
            start_lr: First rate.
            end_lr: Last rate.
            num_steps: Steps between them.

        Returns:
            The curve, with ``.suggestion`` and ``.plot()``.
        """
        try:
            return lr_find(
                self.model.head,
                [list(self.model.head.parameters())],
                self._inputs(),
                self._targets(),
                self._settings(1.0, Schedule(1), 0.0),
                lr_range=(start_lr, end_lr),
                num_steps=num_steps,
            )
        finally:
            self.model.eval()

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
        self._ready(what)
        rows, table = self.data.table.rows(what), self.data.table
        if len(rows) == 0:
            here = [split for split in SPLITS if len(table.rows(split))]
            raise SettingError(
                f"there is no {what} row.",
                expected="one of: " + ", ".join(here) + ".",
                fix=f'learn.predict("{here[0]}")',
            )
        if self.precompute:
            space, keys = self._stored(rows)
            blocks = stored_blocks(space, space.locate(keys), self.device)
            chances = probabilities(
                self.model.head, blocks, is_multi_label=self.card.is_multi_label
            )
        else:
            source = self.data.source
            chances = self.predictor().rows(lambda i: source.render(int(rows[i])), len(rows))
        names = tuple(table.names[row] for row in rows)
        return Predictions(names, chances, table.labels[rows], self.data.classes)

    def content_hashes(self, split: str) -> list[bytes]:
        """The sha256 of each row's image, in table order."""
        rows = self.data.table.rows(split)
        return self.data.source.content_hashes(rows, self.activations.hashes)

    @property
    def numeric_mode(self) -> str:
        """Runner, version, number type and instruction set of the frozen part."""
        return self.activations.frozen.card.mode

    def predictor(self) -> Predictor:
        """What ``load_predictor`` would give, without saving."""
        return Predictor(self.model, self.activations.frozen, self.model.head, self.card)

    def save(self, folder: str | Path, *, metrics: dict[str, float] | None = None) -> Path:
        """Write the model as plain files: safetensors and JSON.

        Args:
            folder: Where.
            metrics: Scores that the card shall show.

        Returns:
            The folder.
        """
        card = replace(self.card, mode=self.numeric_mode, metrics=metrics or {})
        write_model(Path(folder), card, self.model.state_dict())
        return Path(folder)

    def _settings(self, lr: float, schedule: Schedule, weight_decay: float) -> FitSettings:
        return FitSettings(
            lrs=(lr,),
            schedule=schedule,
            batch_size=self.data.bs,
            opt=self.opt,
            weight_decays=(weight_decay,),
            seed=self.seed,
            first_epoch=self._num_epochs,
            fit_number=self._num_fits,
        )

    def _targets(self) -> Targets:
        table = self.data.table
        train, valid = (torch.from_numpy(table.labels[table.rows(s)]) for s in ("train", "valid"))
        return Targets(train.float(), valid.float()) if train.ndim == 2 else Targets(train, valid)

    def _inputs(self) -> StoredInputs | ComputedInputs:
        self._ready()
        table, source = self.data.table, self.data.source
        train, valid = table.rows("train"), table.rows("valid")
        if self.precompute:
            space, keys = self._stored(np.concatenate([train, valid]))
            train_keys = keys[: len(train)]
            return StoredInputs(space, lambda _: train_keys, keys[len(train) :], self.device)
        return ComputedInputs(
            self.activations.frozen.runner,
            lambda _: lambda i: source.render(int(train[i])),
            (lambda i: source.render(int(valid[i])), len(valid)),
            self.device,
            num_cores(),
        )

    def _stored(self, rows: NDArray[np.int64]) -> tuple[Space, list[bytes]]:
        """Space and names of rows that ``_ready`` has seen."""
        space, keys, _ = self.activations.store(self.data.source, rows)
        return space, keys

    def _ready(self, split: str = "train") -> None:
        """See that every row can be read, and with ``precompute`` is stored.

        Raises:
            UnreadableImagesError: some cannot be decoded, and are not to be dropped.
        """
        splits = ("train", "valid") if split in {"train", "valid"} else (split,)
        rows = np.concatenate([self.data.table.rows(name) for name in splits])
        if self.precompute:
            failures = self.activations.store(self.data.source, rows)[2]
        else:
            failures = self.activations.unreadable(self.data.source, rows)
        if failures and self.data.on_unreadable == "raise":
            raise UnreadableImagesError(failures)
        if failures:
            self.data = without_unreadable(self.data, failures)
