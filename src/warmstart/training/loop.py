"""The training loop: a function of the seed and the step, so that it can go on after a kill."""

from collections.abc import Callable, Sequence

from torch import nn

from warmstart.callbacks.announcer import Announcer
from warmstart.errors import DivergedError, SettingError
from warmstart.ranks.modes import kept_modes
from warmstart.ranks.ranks import ALONE, Ranks
from warmstart.results.history import EpochRecord, History, StepDone
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.determinism import repeatable_steps, wants_determinism
from warmstart.training.kept_weights import LastGood, check_rows_that_choose
from warmstart.training.objective import Evaluator, Inputs, Targets
from warmstart.training.optimiser import check_groups
from warmstart.training.process import compute_threads, deferred_interrupt
from warmstart.training.run import Run
from warmstart.training.settings import FitSettings
from warmstart.training.step_choices import StepChoices


def fit(  # noqa: PLR0913 - three of them are who is told, one is with whom
    module: nn.Module,
    groups: Sequence[Sequence[nn.Parameter]],
    inputs: Inputs,
    targets: Targets,
    settings: FitSettings,
    *,
    evaluator: Evaluator | None = None,
    checkpoint: Checkpoint | None = None,
    on_epoch: Callable[[EpochRecord], None] = lambda _: None,
    on_step: Callable[[StepDone], None] = lambda _: None,
    announcer: Announcer | None = None,
    ranks: Ranks = ALONE,
    choices: StepChoices | None = None,
) -> History:
    """Train ``module``, or go on where its checkpoint is.

    Args:
        module: Inputs of a batch → logits (N, K). It ends with the weights of the last step, or
            with their average, or with the best epoch's, as the settings say.
        groups: Its trainable parameters, by layer group.
        inputs: Where batches come from.
        targets: Labels of the same rows.
        settings: Rates, schedule, batch size, seed.
        evaluator: What answers for the module on rows that do not train; None is the module.
        checkpoint: Where progress is kept; one that is there already is gone on with.
        on_epoch: Told of every epoch, also of those that were done before a kill.
        on_step: Told where it is, before the first step and after each.
        announcer: Tells callbacks of every step and epoch, likewise, and how the fit ended.
        ranks: Processes that train together, each a share of every batch.
        choices: Where it is remembered how steps are computed.

    Returns:
        What happened, epoch by epoch and step by step.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the last whole step is kept in the checkpoint.
        DivergedError: the loss or a weight is no number; the last good weights are in place again,
            and the checkpoint is gone.
    """
    check_groups(module, groups, settings.lrs, settings.weight_decays)
    check_rows_that_choose(settings, inputs, targets)
    check_snapshots(settings, checkpoint)
    ranks.begin_alike(module)
    run = Run(module, groups, targets, settings, evaluator, ranks, choices)
    ranks.check_same("settings, labels or weights", identity := run.identity())
    saved = None if checkpoint is None else checkpoint.load(identity)
    if saved is not None:
        run.restore(saved)
        for record in run.history.records:
            on_epoch(record)
    num_threads = None if saved is None or saved.is_finished else saved.num_threads
    good = LastGood(module, targets.num_classes)
    told = announcer or Announcer()
    with (
        kept_modes(module),
        compute_threads(num_threads),
        deferred_interrupt() as pressed,
        repeatable_steps(wanted=wants_determinism(module)) as run.unrepeatable,
        ranks.errors_in_words(),
        told.during(done=run.history, **run.outline(checkpoint)),
    ):
        try:
            while not run.is_finished:
                on_step(run.step_done)
                train_epoch(run, inputs, checkpoint, pressed, on_step, told)
                record = run.end_epoch(inputs, checkpoint)
                good.update(record, run.history.step_losses[0])
                if checkpoint is not None:
                    checkpoint.save(run.progress())
                on_epoch(record)
                told.update(run.history)
                if ranks.any(pressed()) and not run.is_finished:
                    raise KeyboardInterrupt
        except DivergedError:
            good.put_back()
            if checkpoint is not None:
                checkpoint.discard()  # to go on with it would diverge again
            raise
        run.put_final_weights()
    if ranks.any(pressed()):
        raise KeyboardInterrupt
    return run.history


def train_epoch(
    run: Run,
    inputs: Inputs,
    checkpoint: Checkpoint | None,
    pressed: Callable[[], bool],
    on_step: Callable[[StepDone], None],
    told: Announcer,
) -> None:
    """Do all steps of an epoch that are still to do.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed; the last whole step is kept in the checkpoint.
    """
    for _ in run.steps(inputs):
        on_step(run.step_done)
        told.update(run.history)
        stops = run.ranks.any(pressed())  # of them all, or none: they end after the same step
        if checkpoint is not None and (stops or checkpoint.is_due()):
            checkpoint.save(run.progress())
        if stops:
            raise KeyboardInterrupt


def check_snapshots(settings: FitSettings, checkpoint: Checkpoint | None) -> None:
    """See that there is a place for snapshots.

    Raises:
        SettingError: there is none.
    """
    if settings.has_snapshots and checkpoint is None:
        raise SettingError(
            "snapshots are asked for, and there is no checkpoint to write them beside.",
            expected="a folder for checkpoints.",
            fix='pass checkpoint="run/checkpoints".',
        )
