"""The training loop: a function of the seed and the step, so that it can go on after a kill."""

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from warmstart.errors import TrainingError
from warmstart.results.history import EpochRecord, History
from warmstart.training.checkpoint import Checkpoint, Progress
from warmstart.training.interrupt import deferred_interrupt
from warmstart.training.objective import Evaluation, Inputs, Targets, evaluate, row_losses
from warmstart.training.optimiser import build_optimiser
from warmstart.training.order import derive, epoch_batches, num_batches
from warmstart.training.schedule import Schedule


@dataclass(frozen=True)
class FitSettings:
    """Everything that decides what a fit does, apart from data and weights.

    ``lrs`` and ``weight_decays`` have one number per layer group; ``first_epoch`` counts the
    learner's epochs over all fits.
    """

    lrs: tuple[float, ...]
    schedule: Schedule
    batch_size: int
    opt: str = "sgd"
    weight_decays: tuple[float, ...] = (0.0,)
    seed: int = 0
    first_epoch: int = 0
    fit_number: int = 0


def fit(
    module: nn.Module,
    groups: Sequence[Sequence[nn.Parameter]],
    inputs: Inputs,
    targets: Targets,
    settings: FitSettings,
    *,
    checkpoint: Checkpoint | None = None,
    on_epoch: Callable[[EpochRecord], None] = lambda _: None,
) -> History:
    """Train ``module``, or go on where its checkpoint is.

    Args:
        module: Inputs of a batch → logits (N, K).
        groups: Its trainable parameters, by layer group.
        inputs: Where batches come from.
        targets: Labels of the same rows.
        settings: Rates, schedule, batch size, seed.
        checkpoint: Where progress is kept; one that is there already is gone on with.
        on_epoch: Told of every epoch, also of those that were done before a kill.

    Returns:
        What happened, epoch by epoch and step by step.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the last whole step is kept in the checkpoint.
    """
    run = Run(module, groups, targets, settings)
    if checkpoint is not None:
        saved = checkpoint.load(run.identity())
        if saved is not None:
            run.restore(saved)
            for record in run.history.records:
                on_epoch(record)
    with deferred_interrupt() as interrupted:
        for epoch in range(run.epoch, settings.schedule.num_epochs):
            run.train_epoch(inputs, interrupted, checkpoint)
            record = run.end_epoch(epoch, evaluate(module, inputs, targets))
            if checkpoint is not None:
                checkpoint.save(run.progress())
            on_epoch(record)
            if interrupted():
                raise KeyboardInterrupt
    return run.history


class Run:
    """The state of one fit, all of it in the checkpoint."""

    def __init__(
        self,
        module: nn.Module,
        groups: Sequence[Sequence[nn.Parameter]],
        targets: Targets,
        settings: FitSettings,
    ) -> None:
        """Begin at step 0 of epoch 0."""
        self.module, self.targets, self.settings = module, targets, settings
        self.optimiser = build_optimiser(settings.opt, groups, settings.weight_decays)
        self.steps_per_epoch = num_batches(len(targets.train), settings.batch_size)
        self.epoch, self.step = 0, 0
        self.loss_sum, self.num_rows, self.seconds = 0.0, 0, 0.0
        self.history = History()

    def identity(self) -> str:
        """A hash of settings, labels and starting weights: whose checkpoint this may be."""
        digest = hashlib.sha256(json.dumps(asdict(self.settings), sort_keys=True).encode())
        for tensor in (self.targets.train, self.targets.valid):
            digest.update(tensor.numpy().tobytes())
        for name, tensor in self.module.state_dict().items():
            digest.update(name.encode())
            digest.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
        return digest.hexdigest()

    def train_epoch(
        self, inputs: Inputs, interrupted: Callable[[], bool], checkpoint: Checkpoint | None
    ) -> None:
        """All steps of this epoch that are still to do.

        Raises:
            KeyboardInterrupt: asked for by the user, and kept.
        """
        number = self.settings.first_epoch + self.epoch
        batches = epoch_batches(
            len(self.targets.train), self.settings.batch_size, self.settings.seed, number
        )[self.step :]
        self.module.train()
        began = time.perf_counter()
        before = self.seconds
        for rows, batch in zip(batches, inputs.train(batches, number), strict=True):
            self.train_step(batch, self.targets.train[torch.from_numpy(rows)], number)
            self.seconds = before + time.perf_counter() - began
            if checkpoint is not None and (interrupted() or checkpoint.is_due()):
                checkpoint.save(self.progress())
            if interrupted():
                raise KeyboardInterrupt

    def train_step(self, batch: Tensor, wanted: Tensor, number: int) -> None:
        """One update; all its random numbers follow from the seed, the epoch and the step.

        Raises:
            TrainingError: the loss is not finite.
        """
        settings = self.settings
        position = self.epoch * self.steps_per_epoch + self.step
        share = settings.schedule.share(position, self.steps_per_epoch)
        lrs = tuple(lr * share for lr in settings.lrs)
        loss = update(
            self.module,
            self.optimiser,
            batch,
            wanted,
            lrs=lrs,
            seed=derive(settings.seed, "step", number, self.step),
        )
        if loss != loss or loss == float("inf"):
            raise TrainingError(
                f"the loss is {loss} at epoch {self.epoch}, step {self.step}, lr={max(lrs):g}.",
                expected="a finite loss.",
                fix=f"pass a smaller rate: lr={max(settings.lrs) / 10:g}.",
            )
        self.history.add_step(lrs, loss)
        self.loss_sum += loss * len(wanted)
        self.num_rows += len(wanted)
        self.step += 1

    def end_epoch(self, epoch: int, judged: Evaluation | None) -> EpochRecord:
        """Write the epoch down, and begin the next."""
        record = EpochRecord(
            epoch=epoch,
            fit=self.settings.fit_number,
            num_steps=self.step,
            train_loss=self.loss_sum / max(1, self.num_rows),
            valid_loss=judged.loss if judged else None,
            metrics={"accuracy": judged.accuracy} if judged else {},
            lrs=self.history.last_lrs,
            seconds=self.seconds,
        )
        self.history.append(record)
        self.epoch, self.step = epoch + 1, 0
        self.loss_sum, self.num_rows, self.seconds = 0.0, 0, 0.0
        return record

    def progress(self) -> Progress:
        """Everything that a new process needs to go on."""
        return Progress(
            tensors={f"module.{name}": t for name, t in self.module.state_dict().items()}
            | optimiser_tensors(self.optimiser),
            epoch=self.epoch,
            step=self.step,
            loss_sum=self.loss_sum,
            num_rows=self.num_rows,
            seconds=self.seconds,
            is_finished=self.epoch >= self.settings.schedule.num_epochs,
            history=self.history,
        )

    def restore(self, saved: Progress) -> None:
        """Go on where another process stopped."""
        self.module.load_state_dict(
            {n[7:]: tensor for n, tensor in saved.tensors.items() if n.startswith("module.")}
        )
        restore_optimiser(self.optimiser, saved.tensors)
        self.epoch, self.step = saved.epoch, saved.step
        self.loss_sum, self.num_rows = saved.loss_sum, saved.num_rows
        self.seconds, self.history = saved.seconds, saved.history


def update(
    module: nn.Module,
    optimiser: Optimizer,
    batch: Tensor,
    wanted: Tensor,
    *,
    lrs: Sequence[float],
    seed: int,
) -> float:
    """One step of the optimiser; the caller's random state is untouched. Returns the mean loss."""
    for group, lr in zip(optimiser.param_groups, lrs, strict=True):
        group["lr"] = lr
    devices = [batch.device] if batch.device.type == "cuda" else []
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        loss = row_losses(module(batch), wanted.to(batch.device)).mean()
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
    return float(loss.detach())


def optimiser_tensors(optimiser: Optimizer) -> dict[str, Tensor]:
    """The optimiser's state by parameter number."""
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    return {
        f"optimiser.{i}.{name}": value
        for i, parameter in enumerate(parameters)
        for name, value in optimiser.state[parameter].items()
        if isinstance(value, Tensor)
    }


def restore_optimiser(optimiser: Optimizer, tensors: dict[str, Tensor]) -> None:
    """Put the state back."""
    parameters = [p for group in optimiser.param_groups for p in group["params"]]
    for name, tensor in tensors.items():
        if name.startswith("optimiser."):
            _, number, key = name.split(".", 2)
            parameter = parameters[int(number)]
            home = tensor if key == "step" else tensor.to(parameter.device)
            optimiser.state[parameter][key] = home
