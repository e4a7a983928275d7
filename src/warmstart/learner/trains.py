"""How a learner trains: fits, and rates."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from warmstart.arguments import one_of, reads
from warmstart.classifier_data.labelled_images import refuse_own
from warmstart.inference.seen_pictures import BEST_EPOCH
from warmstart.learner.arguments import READERS
from warmstart.learner.checks import rates, silent, told_balance, told_clip_norm
from warmstart.learner.cross_validation import check_frozen
from warmstart.learner.feeding import Feeding, targets_of
from warmstart.learner.head_fit import fit_head
from warmstart.learner.held_back import tell_held_back
from warmstart.learner.predicts import Predicts
from warmstart.learner.snapshots import Snapshots
from warmstart.results.head_fit import HeadFit
from warmstart.results.history import History
from warmstart.results.lr_curve import LRCurve
from warmstart.terminal.epochs import epoch_printer, print_rise
from warmstart.training.balance import balanced
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.head import MLP_DECAY
from warmstart.training.loop import FitSettings, fit
from warmstart.training.lr_finder import lr_range_test
from warmstart.training.objective import Judging
from warmstart.training.optimiser import per_group
from warmstart.training.precision import NUM_ROWS, timed_step
from warmstart.training.process import keep_memory
from warmstart.training.schedule import OneCycle, Schedule
from warmstart.training.tensorboard import tensorboard_writer


class Trains(Predicts):
    """A learner that learns."""

    @reads(**READERS)
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
        clip_norm: float | str | None = "auto",
        balance: str | None = None,
        choose_on: str = "held_back",
        checkpoint: str | Path | None = None,
        tensorboard: str | Path | None = None,
        label_smoothing: float = 0.0,
        mixup: float = 0.0,
        cutmix: float = 0.0,
        ema_decay: float | None = None,
        has_snapshots: bool = False,
        keeps_best: bool = False,
        best_by: str = "loss",
        patience: int | None = None,
    ) -> History:
        """Train what follows the cut.

        Args:
            lrs: Learning rate; or one per layer group that trains, the first layers' first; or as
                in fastai 2: slice(1e-5, 1e-3) from the first group's to the last's in equal ratios,
                slice(1e-3) for the last, a tenth of it for the others.
            n_cycle: Number of epochs, or of cycles if ``cycle_len`` is given.
            cycle_len: Epochs of the first cycle; the rate falls along half a cosine in each.
            cycle_mult: Each cycle is so many times as long as the one before.
            wds: Weight decay, likewise one or one per group.
            one_cycle: One rise and fall over all those epochs, instead of restarts.
            bn: What BatchNorm of thawed stages uses: its "stored" statistics, or those of each
                batch ("train").
            clip_norm: Longest gradient of a step, as a norm over all parameters; None is any,
                "auto" is 1 where BatchNorm keeps stored statistics while its stage trains.
            balance: "weights" (rare classes count more in the loss), "sampler" (they are drawn more
                often), "auto" (weights, where classes are uneven) or None.
            choose_on: Which rows choose the best epoch, if ``keeps_best`` or ``patience`` asks for
                one: training rows that are held back (a fifth, unless ``hold_back`` said how
                many), or "valid", whose scores are then marked as flattered.
            checkpoint: A folder; a fit that was stopped goes on where it was, and one that was
                finished is not done again.
            tensorboard: A folder for what TensorBoard draws: losses, rates, metrics.
            label_smoothing: Share of the target that is spread over the classes, in [0, 1).
            mixup: α of Beta(α, α), by which rows are mixed; 0 for none.
            cutmix: Likewise, for pasting a part of one picture into another.
            ema_decay: Of a running average of the weights, which is judged and remains; or None.
            has_snapshots: Keep the weights at the end of each cycle, beside the checkpoint.
            keeps_best: End with the weights of the best epoch.
            best_by: What that is: "loss", or the highest "accuracy" or "macro_f1".
            patience: Stop after so many epochs without a better one, and end with the best.

        Returns:
            The history of this fit; ``learn.history`` has all of them.
        """
        refuse_own(self.data, checkpoint=checkpoint, tensorboard=tensorboard)
        schedule: Schedule | OneCycle = Schedule(n_cycle, cycle_len, cycle_mult)
        if one_cycle:
            schedule = OneCycle(schedule.num_epochs)
        module = self._module(bn)
        longest = told_clip_norm(clip_norm, module, quiet=self.quiet)
        settings = replace(
            self._settings(lrs, schedule, wds),
            clip_norm=longest,
            label_smoothing=label_smoothing,
            mixup=mixup,
            cutmix=cutmix,
            ema_decay=ema_decay,
            has_snapshots=has_snapshots,
            keeps_best=keeps_best,
            best_by=best_by,
            patience=patience,
        )
        chooses = settings.chooses and self._chooses(choose_on)
        feeding = self.feeding_for(("train", "valid"))
        settings = self._balanced(replace(settings, inputs_name=feeding.name()), balance)
        self.remember_pictures(feeding, choose_on if settings.chooses else None)
        self.forget_answering("the model was trained on")
        self.out_of_fold = None
        file = f"fit-{self.num_fits}.safetensors"
        point = None if checkpoint is None else Checkpoint(Path(checkpoint) / file)
        self._snapshots = Snapshots(module, point)
        if self.layers.cut is not None:
            self._remember_body()
        try:
            history = fit(
                module,
                self.layers.parameters(),
                feeding.inputs(self.device),
                targets_of(self.data.table, self.held_back, chooses=chooses),
                settings,
                judging=Judging(self.model.head, lambda: self._judged_in(feeding)),
                checkpoint=point,
                on_epoch=silent if self.quiet else epoch_printer(),
                on_history=self._tensorboard(tensorboard),
            )
        finally:
            self.model.eval()
            if self.layers.cut is not None:
                self.parts.forget(body_moved=True)
        self.num_fits += 1
        self.num_epochs += len(history.records)
        self.history.extend(history)
        if not self.quiet:
            print_rise(self.history)
        return history

    @reads(**READERS | {"head": one_of("auto", "logistic")})
    def fit_head(
        self,
        head: str = "auto",
        *,
        balance: str | None = None,
        checkpoint: str | Path | None = None,
    ) -> HeadFit:
        """Give the frozen body the head that suits its rows, without epochs or a rate.

        The logistic head: features divided by their length, then logistic regression, solved to
        convergence; its penalty, and which part of the pooled row it uses, are chosen by training
        rows that did not train (out of fold). It is an ordinary module: unfreezing, saving, TTA and
        Grad-CAM work as with any. With K stored views each view is a row; otherwise the plain view
        is. The same rows give the same head: there is no seed but that of the folds.

        Args:
            head: "logistic"; or "auto", which from ``MLP_ROWS`` training rows on also trains the
                MLP, and keeps the head with the lower loss on a fifth that trained neither.
            balance: As in ``fit``; both ways are weights of rows here.
            checkpoint: A folder; a fit that was finished is not done again.

        Returns:
            What was tried and kept; also in ``learn.history.head_fits``. ``learn.out_of_fold`` has
            the training rows' out-of-fold predictions, None where rows were too few or too many.
            The body has to be frozen, and never trained on these rows.
        """
        refuse_own(self.data, checkpoint=checkpoint)
        check_frozen(self.layers, has_moved=self._has_moved_body, what="fit_head")
        folder = None if checkpoint is None else Path(checkpoint)
        targets = targets_of(self.data.table, self.held_back).train
        chosen = told_balance(balance, targets, quiet=self.quiet)
        return fit_head(
            self, head, chosen, folder,
            lambda lr, epochs: self.fit(
                lr, 1, cycle_len=epochs, wds=MLP_DECAY, balance=chosen, checkpoint=folder
            ),
        )  # fmt: skip

    @reads(**READERS)
    def lr_find(
        self,
        lrs: Any = None,
        *,
        start_lr: float = 1e-5,
        end_lr: float = 10.0,
        num_steps: int = 100,
        bn: str = "stored",
        clip_norm: float | str | None = "auto",
        max_rows: int | None = None,
    ) -> LRCurve:
        """Try rates from small to large; weights and everything else stay as they are.

        Args:
            lrs: Rates per layer group, of which only the ratios count; the curve shows the last.
            start_lr: First rate.
            end_lr: Last rate.
            num_steps: Steps between them.
            bn: As in ``fit``.
            clip_norm: As in ``fit``.
            max_rows: How many rows may go through the network in all: fewer and smaller steps are
                taken, and where too few are left for a sweep the usual rate is suggested.

        Returns:
            The curve, with ``.suggestion`` and ``.plot()``.
        """
        feeding = self.feeding_for(("train", "valid"))
        module = self._module(bn)
        longest = told_clip_norm(clip_norm, module, quiet=True)
        settings = self._settings(1.0 if lrs is None else lrs, Schedule(1), 0.0)
        try:
            return lr_range_test(
                module,
                self.layers.parameters(),
                feeding.inputs(self.device),
                targets_of(self.data.table, self.held_back),
                replace(settings, clip_norm=longest),
                lr_range=(start_lr, end_lr),
                num_steps=num_steps,
                max_rows=max_rows,
            )
        finally:
            self.model.eval()

    def seconds_per_row(self) -> float:
        """How long training takes per row, by three steps on a few rows that change nothing."""
        module, inputs = (
            self._module("stored"),
            self.feeding_for(("train", "valid")).inputs(self.device),
        )
        self.layers.parameters()
        rows = np.arange(min(NUM_ROWS, self.data.bs))
        (batch,) = inputs.train([rows], self.num_epochs)
        targets = targets_of(self.data.table, self.held_back).train[: len(rows)]
        return timed_step(module, batch, targets, "f32") / len(rows)

    def _chooses(self, choose_on: str) -> bool:
        """Whether held-back rows choose; if not, valid does, and that is remembered."""
        if choose_on == "valid":
            self.chosen_on_valid = (BEST_EPOCH,)
            return False
        if not self.held_back.share:
            self.hold_back()
            train, choice = self.held_back.parted(self.data.table)
            tell_held_back(len(choice), len(train), quiet=self.quiet)
        return True

    def _judged_in(self, feeding: Feeding) -> str:
        """The numeric mode of the body that validation rows have gone through."""
        return self.numeric_mode if feeding.body is None else feeding.body.mode

    def _module(self, bn: str) -> nn.Module:
        """What is trained, and memory for it."""
        if self.layers.cut is not None and self.device.type == "cpu":
            keep_memory()
        return self.layers.trainable(self._normalise(), bn)

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
            first_epoch=self.num_epochs,
            fit_number=self.num_fits,
            precision="f32" if self.layers.cut is None else self.train_precision,
        )

    def _balanced(self, settings: FitSettings, balance: str | None) -> FitSettings:
        targets = targets_of(self.data.table, self.held_back).train
        return balanced(settings, told_balance(balance, targets, quiet=self.quiet), targets)
