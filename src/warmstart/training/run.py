"""The state of one fit, and what moves it on."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, fields
from math import isfinite
from typing import Any

import torch
from torch import Tensor, nn

from warmstart.backbones.network import nonfinite_in_words
from warmstart.errors import DivergedError
from warmstart.metrics.evaluate import BriefScores
from warmstart.ranks.ranks import ALONE, Ranks
from warmstart.ranks.spread import SpreadModule, share_of_batch
from warmstart.results.history import EpochRecord, History, StepDone
from warmstart.training.checkpoint import Checkpoint, Progress
from warmstart.training.compiled_steps import CompiledSteps
from warmstart.training.epoch_plan import epoch_plan, num_batches, shared_plan
from warmstart.training.kept_weights import BestEpoch, WeightAverage, rows_that_choose, with_average
from warmstart.training.objective import ChoosingInputs, Evaluator, Inputs, Targets
from warmstart.training.optimiser import build_optimiser, optimiser_tensors, restore_optimiser
from warmstart.training.precision import in_arithmetic
from warmstart.training.probabilities import evaluate_rows, evaluate_valid
from warmstart.training.randomness import derive
from warmstart.training.settings import FitSettings
from warmstart.training.state import module_state, put_state, with_prefix, without_prefix
from warmstart.training.step import UnseenStep, update
from warmstart.training.step_choices import StepChoices
from warmstart.training.step_mode import StepMode, choose_step_mode

SAFE_RATE = 0.01  # the largest that is advised after another diverged
STEPS_UNSEEN = 16  # of an accelerator, whose losses are looked at together: to look is to wait


class Run:
    """The state of one fit, all of it in the checkpoint."""

    def __init__(
        self,
        module: nn.Module,
        groups: Sequence[Sequence[nn.Parameter]],
        targets: Targets,
        settings: FitSettings,
        evaluator: Evaluator | None = None,
        ranks: Ranks = ALONE,
        choices: StepChoices | None = None,
    ) -> None:
        """Begin at step 0 of epoch 0."""
        self.module, self.targets, self.settings = module, targets, settings
        self.evaluator, self.ranks = evaluator, ranks
        self.spread = SpreadModule(ranks, module)
        self.optimiser = build_optimiser(settings.opt, groups, settings.weight_decays)
        self.steps_per_epoch = num_batches(len(targets.train), settings.batch_size)
        self.epoch, self.step = 0, 0
        self.loss_sum, self.num_rows, self.seconds = 0.0, 0, 0.0
        self.history = History()
        decay = settings.ema_decay
        self.average = None if decay is None else WeightAverage(module, decay)
        self.mode: StepMode | None = None  # until the first batch is there
        self.compiled = CompiledSteps(module, settings, choices)
        self.unseen: list[UnseenStep] = []
        self.best = BestEpoch(settings.best_by)
        self.unrepeatable: Callable[[], tuple[str, ...]] = tuple  # names, since it was asked last

    @property
    def is_finished(self) -> bool:
        """Whether all epochs are done, or patience is at an end."""
        patience = self.settings.patience
        is_stale = patience is not None and self.best.num_stale_epochs >= patience
        return self.epoch >= self.settings.schedule.num_epochs or is_stale

    @property
    def step_done(self) -> StepDone:
        """Where it is, for whoever watches."""
        loss = self.loss_sum / max(1, self.num_rows)  # of the steps whose losses were looked at
        epochs = self.settings.schedule.num_epochs
        return StepDone(self.epoch, epochs, self.step, self.steps_per_epoch, loss)

    def identity(self) -> str:
        """A hash of settings, labels and starting weights: whose checkpoint this may be."""
        settings = asdict(self.settings) | {"kind": type(self.settings.schedule).__name__}
        digest = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
        labels = {"train": self.targets.train, "valid": self.targets.valid}
        if self.targets.choice is not None:
            labels["choice"] = self.targets.choice
        for name, tensor in (labels | module_state(self.module)).items():
            digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
            digest.update(
                tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes()
            )
        return digest.hexdigest()

    def outline(self, checkpoint: Checkpoint | None) -> dict[str, Any]:
        """What is known of the fit before its first step, for ``Announcer.during``."""
        return {
            "fit": self.settings.fit_number,
            "num_epochs": self.settings.schedule.num_epochs,
            "steps_per_epoch": self.steps_per_epoch,
            "settings": asdict(self.settings),
            "key": "" if checkpoint is None else checkpoint.key,
        }

    @property
    def answering(self) -> tuple[nn.Module, str]:
        """What takes the inputs of rows that do not train, and its number type."""
        if self.evaluator is None:
            return self.module, self.precision
        return self.evaluator.module, "f32"

    @property
    def precision(self) -> str:
        """The number type of steps, "auto" until it is known."""
        return self.settings.precision if self.mode is None else self.mode.precision

    def steps(self, inputs: Inputs) -> Iterator[None]:
        """Do all steps of this epoch that are still to do, one at a time."""
        number = self.settings.first_epoch + self.epoch
        plan = epoch_plan(self.settings, self.targets.train, number).after(self.step)
        self.module.train()
        began, before = time.perf_counter(), self.seconds
        own = shared_plan(plan, self.ranks)
        batches = inputs.train(own.batches, number, own.draws)
        for rows, whole, batch in zip(own.batches, plan.batches, batches, strict=True):
            wanted = self.targets.train[torch.from_numpy(rows)]
            self.train_step(batch, wanted, number, len(whole))
            if len(self.unseen) >= steps_unseen(batch.device) or self.step == self.steps_per_epoch:
                self.look_at_losses()
            self.seconds = before + time.perf_counter() - began
            yield

    def train_step(self, batch: Tensor, wanted: Tensor, number: int, batch_rows: int) -> None:
        """One update; all its random numbers follow from the seed, the epoch and the step.

        Args:
            batch: This process's rows of the step's.
            wanted: Their targets.
            number: Of the epoch.
            batch_rows: Of all processes.
        """
        settings = self.settings
        if self.mode is None:  # the checkpoint keeps the choice
            num_rows = len(self.targets.train) * settings.schedule.num_epochs
            mode = choose_step_mode(
                self.module, batch, wanted, settings, num_rows, self.compiled.choices
            )
            if self.ranks.size == 1:  # what exchanges gradients is not compiled
                num_steps = self.steps_per_epoch * settings.schedule.num_epochs
                mode = self.compiled.chosen(mode, batch, wanted, num_steps)
            self.mode = self.ranks.agreed("how to compute steps", mode)
        self.mode = self.compiled.ready(self.mode, batch, wanted)
        position = self.epoch * self.steps_per_epoch + self.step
        factor = settings.schedule.factor(position, self.steps_per_epoch)
        lrs = tuple(lr * factor for lr in settings.lrs)
        loss = update(
            self.compiled.forward
            or in_arithmetic(self.spread.on(batch, self.mode.as_passed), self.mode.precision),
            self.optimiser,
            batch,
            wanted,
            settings,
            lrs=lrs,
            seed=derive(settings.seed, "step", number, self.step),
            micro_rows=self.mode.rows_of_part,
            share=self.spread.share(share_of_batch(self.ranks, batch_rows)[1]),
        )
        self.unseen.append(UnseenStep(lrs, loss, batch_rows))
        self.step += 1
        if self.average is not None:
            num_updates = len(self.history.step_losses) + len(self.unseen)
            self.average.update(self.module, num_updates)

    def look_at_losses(self) -> None:
        """Wait for all steps so far, and write them down.

        Raises:
            DivergedError: a loss is not finite.
        """
        if not self.unseen:
            return
        steps, self.unseen = self.unseen, []
        losses: list[float] = torch.stack([step.loss for step in steps]).tolist()
        for i, (step, loss) in enumerate(zip(steps, losses, strict=True)):
            if not isfinite(loss):
                number = self.step - len(steps) + i
                place = f"epoch {self.epoch}, step {number}, lr={max(step.lrs):g}"
                raise DivergedError(**self.divergence(f"the loss is {loss} at {place}"))
            self.history.add_step(step.lrs, loss)
            self.loss_sum += loss * step.num_rows
            self.num_rows += step.num_rows

    def divergence(self, what: str) -> dict[str, Any]:
        """The parts of an error that says how the fit diverged, and what helps."""
        lr = f"{min(max(self.settings.lrs) / 10, SAFE_RATE):g}"
        return {
            "what": f"{what}. The last good weights are in place again.",
            "expected": "finite losses and weights.",
            "fix": f"pass a smaller rate: lr={lr}.",
            "flags": ("--lr", lr),
        }

    def end_epoch(self, inputs: Inputs, checkpoint: Checkpoint | None) -> EpochRecord:
        """Judge, write the epoch down, and begin the next.

        Args:
            inputs: Whose rows judge.
            checkpoint: Where a snapshot goes, if a cycle ends and they are asked for.

        Raises:
            DivergedError: the weights, or answers by them, are not finite.
        """
        try:
            check_finite_weights(self.module)
            return self.ended_epoch(inputs, checkpoint)
        except DivergedError as error:
            what = f"after epoch {self.epoch}, {error.what.rstrip('.')}"
            raise DivergedError(**self.divergence(what)) from error

    def ended_epoch(self, inputs: Inputs, checkpoint: Checkpoint | None) -> EpochRecord:
        """Likewise; an error does not say yet what helps."""
        with with_average(self.module, self.average):
            answers, precision = self.answering
            on_valid = evaluate_valid(answers, inputs, self.targets, precision)
            on_valid = self.ranks.agreed("scores", on_valid)
            chosen = self.choose(inputs, on_valid)
            if checkpoint is not None and self.settings.has_snapshots:
                self.save_snapshot(checkpoint)
        record = EpochRecord(
            epoch=self.epoch,
            fit=self.settings.fit_number,
            num_steps=self.step,
            train_loss=self.loss_sum / max(1, self.num_rows),
            valid_loss=on_valid.loss if on_valid else None,
            metrics=({"accuracy": on_valid.accuracy} if on_valid else {}) | chosen,
            lrs=self.history.last_lrs,
            seconds=self.seconds,
            unrepeatable=self.unrepeatable(),
            judged_in="" if self.evaluator is None else self.evaluator.inputs.mode,
            **asdict(self.mode or StepMode(self.precision)),
        )
        self.history.append(record)
        self.epoch, self.step = self.epoch + 1, 0
        self.loss_sum, self.num_rows, self.seconds = 0.0, 0, 0.0
        return record

    def choose(self, inputs: Inputs, on_valid: BriefScores | None) -> dict[str, float]:
        """Compare with the best epoch so far; what the history says about it.

        ``valid_best`` or ``choice_best`` is 1 where an epoch was the best so far; its presence
        tells which rows chose, so that their scores can be marked as flattered.
        """
        if not self.settings.chooses:
            return {}
        rows = rows_that_choose(self.targets)
        if self.targets.choice is not None and isinstance(inputs, ChoosingInputs):
            answers, precision = self.answering
            on_choice = evaluate_rows(answers, inputs.choice(), self.targets.choice, precision)
            on_choice = self.ranks.agreed("scores that choose", on_choice)
            is_best = self.best.update(on_choice, self.module)
            seen = {
                "choice_loss": on_choice.loss,
                "choice_accuracy": on_choice.accuracy,
                f"{rows}_best": float(is_best),
            }
            return self.scored(on_choice, rows) | seen
        is_best = on_valid is not None and self.best.update(on_valid, self.module)
        return self.scored(on_valid, rows) | {f"{rows}_best": float(is_best)}

    def scored(self, scores: BriefScores | None, rows: str) -> dict[str, float]:
        """The score that chooses, if it is none that the history has anyway."""
        name = self.settings.best_by
        if scores is None or name == "loss" or (name, rows) == ("accuracy", "valid"):
            return {}
        return {f"{rows}_{name}": float(getattr(scores, name))}

    def save_snapshot(self, checkpoint: Checkpoint) -> None:
        """Write the weights, if a cycle ends with this epoch."""
        schedule = self.settings.schedule
        if schedule.ends_cycle(self.epoch):
            number = sum(schedule.ends_cycle(epoch) for epoch in range(self.epoch))
            checkpoint.save_snapshot(number, module_state(self.module))

    def put_final_weights(self) -> None:
        """End with the best epoch's weights or the average, if either is asked for."""
        if self.settings.chooses and self.best.tensors:
            put_state(self.module, self.best.tensors)
        elif self.average is not None:
            put_state(self.module, self.average.tensors)

    def progress(self) -> Progress:
        """Everything that a new process needs to go on; all losses are looked at before."""
        self.look_at_losses()
        tensors = with_prefix(module_state(self.module), "module")
        tensors |= with_prefix(optimiser_tensors(self.optimiser), "optimiser")
        tensors |= with_prefix({} if self.average is None else self.average.tensors, "average")
        tensors |= with_prefix(self.best.tensors, "best")
        return Progress(
            tensors=tensors,
            epoch=self.epoch,
            step=self.step,
            loss_sum=self.loss_sum,
            num_rows=self.num_rows,
            seconds=self.seconds,
            is_finished=self.is_finished,
            history=self.history,
            best_loss=self.best.loss,
            best_score=self.best.score,
            num_stale_epochs=self.best.num_stale_epochs,
            **asdict(self.mode or StepMode(self.precision)),
        )

    def restore(self, saved: Progress) -> None:
        """Go on where another process stopped."""
        put_state(self.module, without_prefix(saved.tensors, "module"))
        restore_optimiser(self.optimiser, without_prefix(saved.tensors, "optimiser"))
        if self.average is not None:
            self.average.restore(without_prefix(saved.tensors, "average"))
        best = without_prefix(saved.tensors, "best")
        self.best.restore(best, saved.best_loss, saved.best_score, saved.num_stale_epochs)
        self.epoch, self.step = saved.epoch, saved.step
        self.loss_sum, self.num_rows = saved.loss_sum, saved.num_rows
        self.seconds, self.history = saved.seconds, saved.history
        self.mode = StepMode(**{f.name: getattr(saved, f.name) for f in fields(StepMode)})


def steps_unseen(device: torch.device) -> int:
    """How many steps go by until their losses are looked at."""
    return 1 if device.type == "cpu" else STEPS_UNSEEN


def check_finite_weights(module: nn.Module) -> None:
    """See that all weights and statistics are numbers.

    Raises:
        DivergedError: one is not.
    """
    wrong = nonfinite_in_words(module_state(module))
    if wrong:
        raise DivergedError(
            f"there are {wrong}.", expected="finite weights.", fix="pass a smaller rate."
        )
