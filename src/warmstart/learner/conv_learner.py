"""ConvLearner: the note's workflow in one object."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from warmstart.backbones.bodies import fit_to_size
from warmstart.backbones.card import Architecture
from warmstart.backbones.network import ClassifierNetwork, Normalise
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.data.cache_folder import cache_folder
from warmstart.errors import UnreadableImagesError
from warmstart.heads.fresh import heads_like
from warmstart.inference.assembly import NetworkPlan, new_network
from warmstart.inference.frozen_part import chosen_device
from warmstart.inference.model_folder import ModelCard, write_model
from warmstart.inference.pictures import Picture
from warmstart.inference.predictor import Predictor
from warmstart.inference.table_activations import TableActivations
from warmstart.learner.answers import Answers
from warmstart.learner.checks import (
    existing_rows,
    new_card,
    rates,
    same_classes,
    seen_through,
    silent,
    tell_plain_views,
    told_balance,
    without_unreadable,
)
from warmstart.learner.cross_validation import check_frozen, cross_validated
from warmstart.learner.feeding import NOTHING, Feeding, checked_precompute, targets_of
from warmstart.learner.frozen_parts import FrozenParts
from warmstart.learner.held_back import SHARE, HeldBack, check_chooser, tell_held_back
from warmstart.learner.judging import Judge
from warmstart.learner.layers import Layers
from warmstart.learner.reporting import report_learner
from warmstart.learner.snapshots import Snapshots
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve
from warmstart.results.out_of_fold import OutOfFoldPredictions
from warmstart.results.predictions import Predictions
from warmstart.terminal.epochs import epoch_printer
from warmstart.terminal.progress import no_progress, show_progress
from warmstart.training.allocator import keep_memory
from warmstart.training.balance import balanced
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.groups import per_group
from warmstart.training.head import HeadCard
from warmstart.training.loop import FitSettings, fit
from warmstart.training.lr_finder import lr_find
from warmstart.training.one_cycle import OneCycle
from warmstart.training.precision import NUM_ROWS, step_seconds
from warmstart.training.schedule import Schedule
from warmstart.training.tensorboard import tensorboard_writer

SPLITS = ("train", "valid", "test", "held_back")


class ConvLearner(Answers):
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
        precompute: bool | int = False,
        num_groups: int = 3,
        train_precision: str = "auto",
        quiet: bool = False,
    ) -> None:
        """Use ``ConvLearner.pretrained``, which builds the network."""
        self.model, self.data, self.card = network.to(device).eval(), data, card
        self.device, self.opt, self.seed, self.quiet = device, opt, seed, quiet
        self.train_precision, self.held_back = train_precision, NOTHING
        self.chosen_on_valid: tuple[str, ...] = ()
        self.history = History()
        self.layers = Layers(network, data.tfms.recipe.size, num_groups)
        self.parts = FrozenParts(
            network, device, cache_dir, lambda: no_progress if self.quiet else show_progress
        )
        self._num_epochs, self._num_fits, self._has_moved_body = 0, 0, False
        self._snapshots = Snapshots(network.head, None)
        self._precompute: bool | int = False
        self.precompute = precompute

    @classmethod
    def pretrained(
        cls,
        arch: Architecture,
        data: ImageClassifierData,
        precompute: bool | int = False,
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
        train_precision: str = "auto",
        cache_dir: str | Path | None = None,
        num_groups: int = 3,
        quiet: bool = False,
    ) -> "ConvLearner":
        """A network whose body is pretrained and frozen, and whose head is new.

        Args:
            arch: The backbone: a timm name, a torchvision factory, or a function that returns an
                ``nn.Module``.
            data: From ``ImageClassifierData``.
            precompute: Compute the frozen part once per image and keep its outputs on disk: True
                is the plain view, a number K is K augmented views of the training rows.
            ps: Dropout before the last layer; half of it before the others; or one per layer.
            xtra_fc: Sizes of the head's hidden layers.
            custom_head: A head of your own, (N, D) → (N, K), instead of the standard one.
            opt: "sgd" (momentum 0.9) or "adamw".
            weights: A file with the body's weights; None is the embedded default or timm's hub.
            pretrained: False begins with random weights, on purpose.
            seed: What the head, the order of rows and dropout depend on.
            device: "auto", "cpu", "cuda" or "mps".
            precision: Of the frozen part: "auto", "f32" or "bf16".
            train_precision: Of steps that train some of the body: "auto" takes the faster one,
                found by trying; or "f32" or "bf16".
            cache_dir: Where activations are kept; None is WARMSTART_CACHE or ~/.cache/warmstart.
            num_groups: Layer groups, the head being one of them.
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
        learn = cls(
            network,
            data,
            new_card(data, head, precision, source),
            device=place,
            opt=opt,
            seed=seed,
            cache_dir=cache_folder(cache_dir),
            precompute=precompute,
            num_groups=num_groups,
            train_precision=train_precision,
            quiet=quiet,
        )
        if precompute:
            learn._ready(("train", "valid"))
        return learn

    @property
    def precompute(self) -> bool | int:
        """Whether, and how many views of, the frozen part's outputs are kept; may be set."""
        return self._precompute

    @precompute.setter
    def precompute(self, value: bool | int) -> None:
        self._precompute = checked_precompute(value)
        if self._precompute is True and self.data.source.varies:
            tell_plain_views(self.quiet)

    def freeze(self) -> None:
        """Train the head only."""
        self.freeze_to(-1)

    def freeze_to(self, where: int | str) -> None:
        """Freeze everything before a layer group or stage, and train the rest.

        Args:
            where: A group's number, as -2 for the last group of the body and the head; or the name
                of a stage (``learn.summary()`` lists them).
        """
        self.layers.cut = self.layers.cut_before(where)
        self.parts.forget(body_moved=False)

    def unfreeze(self) -> None:
        """Train everything. BatchNorm of the body keeps its statistics (see ``fit(bn=)``)."""
        self.freeze_to(0)

    def summary(self) -> str:
        """Stages, layer groups, parameters, what is frozen, and where the cut is."""
        return self.layers.summary()

    def hold_back(self, share: float = SHARE) -> None:
        """Keep some training rows from training, to choose epochs and steps by (law 15).

        Args:
            share: Of each class, in [0, 1); 0 gives them back. Which rows it is depends on their
                names and the learner's seed.
        """
        self.held_back = HeldBack(share, self.seed)

    def prepare(self) -> None:
        """Compute now what the next fit needs: read every image, store what is to be stored."""
        self._ready(("train", "valid"))

    def seconds_per_row(self) -> float:
        """How long training takes per row, by three steps on a few rows that change nothing."""
        module, inputs = self._module("stored"), self._ready(("train", "valid")).inputs(self.device)
        self.layers.parameters()
        rows = np.arange(min(NUM_ROWS, self.data.bs))
        (batch,) = inputs.train([rows], self._num_epochs)
        targets = targets_of(self.data.table, self.held_back).train[: len(rows)]
        return step_seconds(module, batch, targets, "f32") / len(rows)

    def put_weights(self, tensors: Mapping[str, Tensor]) -> None:
        """Take other weights.

        Args:
            tensors: By name, as ``learn.model.state_dict()`` gives them.
        """
        before = self.model.state_dict()
        moved = any(
            not torch.equal(tensor, tensors[name].to(tensor.device))
            for name, tensor in before.items()
            if not name.startswith("head.")
        )
        self.model.load_state_dict(dict(tensors))
        if moved:
            self.parts.forget(body_moved=True)

    def set_data(self, data: ImageClassifierData) -> None:
        """Go on with other images of the same classes: another size, another fold.

        Args:
            data: Whatever was stored for it before is found again, nothing else is used.
        """
        same_classes(self.data.classes, data.classes)
        size = data.tfms.recipe.size
        fit_to_size(self.model.backbone, size)
        cut = self.layers.cut
        self.layers = Layers(self.model, size, self.layers.num_groups)
        self.layers.cut = cut
        self.data = data
        self.card = replace(self.card, **seen_through(data.tfms))
        self.parts.forget(body_moved=True)
        self._snapshots = Snapshots(self.model.head, None)
        self.forget_answering("the data is another")

    def fit(
        self,
        lrs: Any,
        n_cycle: int,
        cycle_len: int | None = None,
        cycle_mult: int = 1,
        *,
        wds: Any = 0.0,
        one_cycle: bool = False,
        bn: str = "stored",
        balance: str | None = None,
        choose_on: str = "held_back",
        checkpoint: str | Path | None = None,
        tensorboard: str | Path | None = None,
        **options: Any,
    ) -> History:
        """Train what follows the cut.

        Args:
            lrs: Learning rate; or one per layer group that trains, the first layers' first.
            n_cycle: Number of epochs, or of cycles if ``cycle_len`` is given.
            cycle_len: Epochs of the first cycle; the rate falls along half a cosine in each.
            cycle_mult: Each cycle is so many times as long as the one before.
            wds: Weight decay, likewise one or one per group.
            one_cycle: One rise and fall over all those epochs, instead of restarts.
            bn: What BatchNorm of thawed stages uses: its "stored" statistics, or those of each
                batch ("train").
            balance: "weights" (rare classes count more in the loss), "sampler" (they are drawn more
                often), "auto" (weights, where classes are uneven) or None.
            choose_on: Which rows choose the best epoch, if ``keeps_best`` or ``patience`` asks for
                one: training rows that are held back (a fifth, unless ``hold_back`` said how
                many), or "valid", whose scores are then marked as flattered.
            checkpoint: A folder; a fit that was stopped goes on where it was, and one that was
                finished is not done again.
            tensorboard: A folder for what TensorBoard draws: losses, rates, metrics.
            **options: ``clip_norm``, ``label_smoothing``, ``mixup``, ``cutmix``, ``ema_decay``,
                ``has_snapshots``, ``keeps_best``, ``best_by``, ``patience``: see ``FitSettings``.

        Returns:
            The history of this fit; ``learn.history`` has all of them.
        """
        schedule: Schedule | OneCycle = Schedule(n_cycle, cycle_len, cycle_mult)
        if one_cycle:
            schedule = OneCycle(schedule.num_epochs)
        settings = replace(self._settings(lrs, schedule, wds), **options)
        chooses = settings.chooses and self._chooses(choose_on)
        feeding = self._ready(("train", "valid"))
        settings = self._balanced(replace(settings, inputs_name=feeding.name()), balance)
        self.forget_answering("the model was trained on")
        file = f"fit-{self._num_fits}.safetensors"
        point = None if checkpoint is None else Checkpoint(Path(checkpoint) / file)
        module = self._module(bn)
        self._snapshots = Snapshots(module, point)
        try:
            history = fit(
                module,
                self.layers.parameters(),
                feeding.inputs(self.device),
                targets_of(self.data.table, self.held_back, chooses=chooses),
                settings,
                checkpoint=point,
                on_epoch=silent if self.quiet else epoch_printer(),
                on_history=self._tensorboard(tensorboard),
            )
        finally:
            self.model.eval()
            if self.layers.cut is not None:
                self._has_moved_body = True
                self.parts.forget(body_moved=True)
        self._num_fits += 1
        self._num_epochs += len(history.records)
        self.history.extend(history)
        return history

    def lr_find(
        self,
        lrs: Any = None,
        *,
        start_lr: float = 1e-5,
        end_lr: float = 10.0,
        num_steps: int = 100,
        bn: str = "stored",
    ) -> LRCurve:
        """Try rates from small to large; weights and everything else stay as they are.

        Args:
            lrs: Rates per layer group, of which only the ratios count; the curve shows the last.
            start_lr: First rate.
            end_lr: Last rate.
            num_steps: Steps between them.
            bn: As in ``fit``.

        Returns:
            The curve, with ``.suggestion`` and ``.plot()``.
        """
        feeding = self._ready(("train", "valid"))
        module = self._module(bn)
        try:
            return lr_find(
                module,
                self.layers.parameters(),
                feeding.inputs(self.device),
                targets_of(self.data.table, self.held_back),
                self._settings(1.0 if lrs is None else lrs, Schedule(1), 0.0),
                lr_range=(start_lr, end_lr),
                num_steps=num_steps,
            )
        finally:
            self.model.eval()

    def cross_validate(
        self,
        k: int = 5,
        lrs: Any = None,
        n_cycle: int = 1,
        cycle_len: int | None = 4,
        cycle_mult: int = 1,
        *,
        wds: Any = 0.0,
        balance: str | None = None,
        seed: int | None = None,
        **options: Any,
    ) -> OutOfFoldPredictions:
        """Predict each training row by a fresh head that was trained without the row's fold.

        The learner stays as it is. Folds are drawn within the classes; rows of one group, or with
        the same content, share one.

        Args:
            k: Number of folds.
            lrs: Rate; None finds it once, on the rows that train the first fold's head.
            n_cycle: Number of epochs, or of cycles.
            cycle_len: Epochs of the first cycle.
            cycle_mult: Each cycle is so many times as long as the one before.
            wds: Weight decay.
            balance: As in ``fit``.
            seed: Of folds, heads and batches; None is the learner's.
            **options: ``clip_norm``, ``label_smoothing``, ``mixup``, ``ema_decay``, as in ``fit``.

        Returns:
            Predictions in table order, with ``folds``, ``fold_accuracies`` and ``lr``.
        """
        check_frozen(self.layers, has_moved=self._has_moved_body)
        schedule = Schedule(n_cycle, cycle_len, cycle_mult)
        settings = self._settings(1.0 if lrs is None else lrs, schedule, wds)
        number = self.seed if seed is None else seed
        settings = replace(settings, first_epoch=0, fit_number=0, seed=number, **options)
        settings = self._balanced(settings, balance)
        card = None if self.card.head is None else HeadCard.from_json(self.card.head)
        return cross_validated(
            self._ready(("train",), self._precompute or schedule.num_epochs),
            heads_like(self.model.head, card, self.device),
            settings,
            k=k,
            finds_rate=lrs is None,
            device=self.device,
            quiet=self.quiet,
        )

    def predict(self, what: str | Picture | Iterable[Picture] = "valid") -> Predictions:
        """Probabilities of a split's rows, or of any pictures.

        Args:
            what: "train", "valid", "test", "held_back" (training rows that do not train), or paths,
                bytes, PIL images, arrays.

        Returns:
            Predictions, in table order or in the order given: the bits that a predictor loaded
            from ``learn.save`` gives.
        """
        if not (isinstance(what, str) and what in SPLITS):
            return self.predictor().predict(what)
        return self._judge(what).predictions(self._rows(what))

    def TTA(  # the note's name
        self, n_aug: int = 4, what: str = "valid", *, plain_weight: float | None = None
    ) -> Predictions:
        """Probabilities averaged over the plain view and some augmented ones.

        Args:
            n_aug: Augmented views of each row, from view 1 on; 0 is ``predict``.
            what: "train", "valid" or "test".
            plain_weight: Share of the plain view in [0, 1]; None weighs all views alike.

        Returns:
            Predictions, in table order. A temperature applies to each view, before the mean.
        """
        return self._judge(what).predictions(self._rows(what), n_aug, plain_weight)

    def predict_snapshots(self, what: str | Picture | Iterable[Picture] = "valid") -> Predictions:
        """Probabilities averaged over the weights at the end of each cycle of the last fit.

        Args:
            what: As for ``predict``.

        Returns:
            As from ``predict``. ``fit`` needs ``has_snapshots=True``; the weights stay as they are.
        """
        has_body = self._snapshots.module is not self.model.head
        return self._snapshots.mean(
            lambda: self.predict(what), lambda: self.parts.forget(body_moved=has_body)
        )

    def activations_of(
        self, split: str = "train", view: int = 0
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """What enters the head, and labels: for ``HeadClassifier`` or any tool of scikit-learn.

        Args:
            split: "train", "valid" or "test".
            view: 0 is the plain one. It is kept on disk, with ``precompute=False`` too.

        Returns:
            X (N, D) and y, (N,) positions in ``data.classes``, or (N, K) of 0 and 1.
        """
        existing_rows(self.data.table, split)
        check_frozen(self.layers, has_moved=False)
        feeding = self._ready((split,), view or True)
        rows = feeding.source.table.rows(split)
        return feeding.rows(rows, view), feeding.source.table.labels[rows]

    def content_hashes(self, split: str) -> list[bytes]:
        """The sha256 of each row's image, in table order."""
        rows = self.data.table.rows(split)
        return self.data.source.content_hashes(rows, self.parts.pooled(self.card).hashes)

    @property
    def numeric_mode(self) -> str:
        """Runner, version, number type and instruction set of the frozen part."""
        return self.parts.pooled(self.card).frozen.card.mode

    def predictor(self) -> Predictor:
        """What ``load_predictor`` would give, without saving."""
        return Predictor(
            self.model, self.parts.pooled(self.card).frozen, self.model.head, self.card
        )

    def report(self, path: str | Path = "report.html", what: str = "valid", **more: Any) -> Path:
        """Write one HTML page that can be sent to a colleague: scores, mistakes, pictures.

        Args:
            path: The file; it needs no network.
            what: The split that is judged; its rows need labels.
            **more: ``steps`` of a recipe; ``pictures``, a folder for PNG files.
        """
        return report_learner(self, path, what, **more)

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

    @property
    def activations(self) -> TableActivations:
        """The frozen part up to the cut, and its store."""
        return self.parts.before_cut(self.card, self.layers)

    def _chooses(self, choose_on: str) -> bool:
        """Whether held-back rows choose; if not, valid does, and that is remembered."""
        check_chooser(choose_on)
        if choose_on == "valid":
            self.chosen_on_valid = ("the best epoch",)
            return False
        if not self.held_back.share:
            self.hold_back()
            train, choice = self.held_back.parted(self.data.table)
            tell_held_back(len(choice), len(train), quiet=self.quiet)
        return True

    def _module(self, bn: str) -> nn.Module:
        """What is trained, and memory for it."""
        if self.layers.cut is not None and self.device.type == "cpu":
            keep_memory()
        return self.layers.trainable(self._normalise(), bn)

    def _normalise(self) -> Normalise:
        return Normalise(self.card.mean, self.card.std).to(self.device)

    def _group_names(self) -> tuple[str, ...]:
        if self.layers.cut is None:
            return ("head",)  # nothing need be traced
        return tuple(group.name for group in self.layers.trainable_groups())

    def _tensorboard(self, folder: str | Path | None) -> Callable[[History], None]:
        if folder is None:
            return silent
        return tensorboard_writer(folder, self._group_names(), len(self.history.step_losses))

    def _settings(self, lrs: Any, schedule: Schedule | OneCycle, wds: Any) -> FitSettings:
        names = self._group_names()
        return FitSettings(
            lrs=rates(lrs, names),
            schedule=schedule,
            batch_size=self.data.bs,
            opt=self.opt,
            weight_decays=per_group(wds, names, "wds"),
            seed=self.seed,
            first_epoch=self._num_epochs,
            fit_number=self._num_fits,
            precision="f32" if self.layers.cut is None else self.train_precision,
        )

    def _balanced(self, settings: FitSettings, balance: str | None) -> FitSettings:
        targets = targets_of(self.data.table, self.held_back).train
        return balanced(settings, told_balance(balance, targets, quiet=self.quiet), targets)

    def _rows(self, what: str) -> NDArray[np.int64]:
        """Rows of a split, or those that are held back from training."""
        table = self.data.table
        return self.held_back.parted(table)[1] if what == "held_back" else table.rows(what)

    def _judge(self, what: str) -> Judge:
        existing_rows(self.data.table, "train" if what == "held_back" else what)
        self._ready((what,) if what == "test" else ("train", "valid"))
        keeps = self._precompute is not False and self.layers.cut is None
        store = self.parts.pooled(self.card) if keeps else None
        chosen = self.chosen_on_valid if what == "valid" else ()
        return Judge(self.predictor(), self.data.source, store, chosen)

    def _ready(self, splits: Sequence[str], precompute: bool | int | None = None) -> Feeding:
        """See that every row can be read, and with ``precompute`` (None: the learner's) is stored.

        Raises:
            UnreadableImagesError: some cannot be decoded, and are not to be dropped.
        """
        keeps = self._precompute if precompute is None else precompute
        feeding = Feeding(self.activations, self.data.source, keeps, self.held_back)
        failures = feeding.see(splits)
        if failures and self.data.on_unreadable == "raise":
            raise UnreadableImagesError(failures)
        if failures:
            self.data = without_unreadable(self.data, failures)
        return Feeding(self.activations, self.data.source, keeps, self.held_back)
