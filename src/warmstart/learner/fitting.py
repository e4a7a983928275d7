"""How a learner trains: fits, and rates."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from warmstart.arguments import number_in, shortly
from warmstart.backbones.network import backbone_fingerprint
from warmstart.callbacks.announcer import Announcer
from warmstart.callbacks.events import Callback
from warmstart.data.seen_images import BEST_EPOCH
from warmstart.errors import SettingError
from warmstart.learner.fit_notes import note_steps, step_choices
from warmstart.learner.holdout import SHARE, Holdout, notify_holdout
from warmstart.learner.inputs import targets_of
from warmstart.learner.layers import TrainablePart
from warmstart.learner.reading import read_inputs, remember_images
from warmstart.learner.snapshots import Snapshots
from warmstart.learner.state import LearnerState, forget_decision_rule
from warmstart.ranks.own_folder import own_folder
from warmstart.ranks.ranks import ALONE, Ranks, current_ranks
from warmstart.results.history import EpochRecord, History
from warmstart.results.lr_curve import LRCurve
from warmstart.terminal.colour import notify
from warmstart.terminal.epochs import epoch_printer, print_rise, watched_steps, watched_sweep
from warmstart.terminal.waiting import waits
from warmstart.training.balance import balanced, resolve_balance, unevenness
from warmstart.training.checkpoint import Checkpoint
from warmstart.training.loop import fit as fit_module
from warmstart.training.lr_finder import lr_range_test
from warmstart.training.objective import Evaluator
from warmstart.training.optimiser import per_group
from warmstart.training.precision import faster_precision, has_bf16, num_passes, timed_step
from warmstart.training.process import keep_memory
from warmstart.training.schedule import OneCycle, Schedule
from warmstart.training.settings import FitSettings
from warmstart.training.step_mode import FEWEST_TIMED

# With stored statistics BatchNorm does not tame a large step (benchmarks/bn_after_thawing.py).
CLIP_NORM = 1.0
LOWER = 10  # what slice(high) divides the rates of earlier groups by, as in fastai 2


@dataclass(frozen=True)
class FitPlan:
    """What is asked of one fit, besides its settings.

    ``bn`` is what BatchNorm uses, ``balance`` how rare classes are heard, ``choose_on`` which rows
    choose the best epoch; ``checkpoint`` is a folder; ``callbacks`` are told of steps and epochs.
    """

    bn: str = "stored"
    clip_norm: float | str | None = "auto"
    balance: str | None = None
    choose_on: str = "held_back"
    checkpoint: Path | None = None
    callbacks: Sequence[Callback] = ()


def fit_tail(learn: LearnerState, settings: FitSettings, plan: FitPlan) -> History:
    """Train what follows the cut.

    Args:
        learn: The learner.
        settings: From ``fit_settings``, and what else the loop knows.
        plan: What else is asked.

    Returns:
        The history of this fit.
    """
    with trained_part(learn, plan.bn) as module, watched_steps(quiet=learn.quiet) as on_step:
        clip_norm = choose_clip_norm(plan.clip_norm, module, quiet=learn.quiet)
        settings = replace(settings, clip_norm=clip_norm)
        chooses = settings.chooses and holds_out(learn, plan.choose_on)
        inputs = read_inputs(learn, ("train", "valid"))
        settings = with_balance(learn, replace(settings, inputs_name=inputs.name()), plan.balance)
        remember_images(learn, inputs, plan.choose_on if settings.chooses else None)
        forget_decision_rule(learn, "the model was trained on")
        learn.out_of_fold = None
        file = f"fit-{learn.num_fits}.safetensors"
        place = plan.checkpoint
        folder = None if place is None else own_folder(current_ranks(), place)
        point = None if folder is None else Checkpoint(folder / file)
        learn.snapshots = Snapshots(module, point)
        if learn.layers.cut is not None and learn.first_backbone is None:
            learn.first_backbone = backbone_fingerprint(learn.model)
        batches = inputs.batches(learn.device)
        try:
            history = fit_module(
                module,
                learn.layers.parameters(),
                batches,
                targets_of(learn.data.table, learn.holdout, chooses=chooses),
                settings,
                evaluator=Evaluator(learn.network.head, batches),
                checkpoint=point,
                on_epoch=silent if learn.quiet else epoch_printer(settings.schedule.num_epochs),
                on_step=on_step,
                announcer=announcer_of(learn, plan.callbacks),
                ranks=ranks_of(learn),
                choices=step_choices(learn, plan.bn),
            )
        finally:
            if learn.layers.cut is not None:
                learn.parts.forget(backbone_moved=True)
    learn.num_fits += 1
    learn.num_epochs += len(history.records)
    learn.num_steps += len(history.step_losses)
    learn.history.extend(history)
    note_steps(learn, history)
    if not learn.quiet:
        print_rise(learn.history)
    return history


def sweep_rates(
    learn: LearnerState,
    settings: FitSettings,
    plan: FitPlan,
    *,
    lr_range: tuple[float, float],
    num_steps: int,
    max_rows: int | None,
) -> LRCurve:
    """Try rates from small to large; weights and everything else stay as they are.

    Args:
        learn: The learner.
        settings: Whose rates say only how the groups' differ.
        plan: ``bn`` and ``clip_norm`` of the fit to come.
        lr_range: First rate, and last.
        num_steps: Steps between them.
        max_rows: How many rows may go through the network in all.
    """
    inputs = read_inputs(learn, ("train", "valid"))
    with trained_part(learn, plan.bn) as module, watched_sweep(quiet=learn.quiet) as on_step:
        clip_norm = choose_clip_norm(plan.clip_norm, module, quiet=True)
        learn.last_curve = lr_range_test(
            module,
            learn.layers.parameters(),
            inputs.batches(learn.device),
            targets_of(learn.data.table, learn.holdout),
            replace(settings, clip_norm=clip_norm),
            lr_range=lr_range,
            num_steps=num_steps,
            max_rows=max_rows,
            on_step=on_step,
            ranks=ranks_of(learn),
            choices=step_choices(learn, plan.bn),
        )
    return learn.last_curve


@waits("timing a step of training")
def seconds_per_row(learn: LearnerState) -> float:
    """How long training all layers takes per row, by a few steps that change nothing.

    No image is read: what is on it makes no difference.
    """
    side, targets = learn.data.tfms.recipe.size, targets_of(learn.data.table, learn.holdout).train
    is_slow = learn.device.type == "cpu"  # a GPU takes as long for few rows as for a batch
    targets = targets[: min(FEWEST_TIMED, learn.data.bs) if is_slow else learn.data.bs]
    batch = torch.full((len(targets), side, side, 3), 127, dtype=torch.uint8, device=learn.device)
    with trained_part(learn, "stored") as module:
        learn.layers.parameters()
        precision = learn.train_precision
        if precision == "auto":
            is_open = has_bf16(learn.device)
            precision = faster_precision(module, batch, targets) if is_open else "f32"
        began = time.perf_counter()  # other processes count too, so the mean is taken
        timed_step(module, batch, targets, precision)
        seconds = (time.perf_counter() - began) / num_passes(is_slow=is_slow) / len(targets)
    ranks = ranks_of(learn)
    return ranks.agreed("seconds per row", seconds) / ranks.size


def ranks_of(learn: LearnerState) -> Ranks:
    """Who trains with this process; a head alone each fits, which is sooner done than said."""
    return ALONE if learn.layers.cut is None else current_ranks()


@contextmanager
def trained_part(learn: LearnerState, bn: str) -> Iterator[nn.Module]:
    """What trains, and memory for it; afterwards the whole is in eval mode again."""
    if learn.layers.cut is not None and learn.device.type == "cpu":
        keep_memory()
    try:
        yield learn.layers.trainable(learn.parts.settings.normalise().to(learn.device), bn)
    finally:
        learn.model.eval()


def fit_settings(
    learn: LearnerState, lrs: Any, schedule: Schedule | OneCycle, wds: Any
) -> FitSettings:
    """Rates and weight decays per layer group, and what the learner says of every fit.

    Args:
        learn: The learner.
        lrs: One, one per group, or a slice.
        schedule: Of the rate.
        wds: Weight decays, one or one per group.
    """
    names = learn.group_names
    return FitSettings(
        lrs=resolve_rates(lrs, names),
        schedule=schedule,
        batch_size=learn.data.bs,
        opt=learn.opt,
        weight_decays=per_group(wds, names, "wds"),
        seed=learn.seed,
        first_epoch=learn.num_epochs,
        fit_number=learn.num_fits,
        precision="f32" if learn.layers.cut is None else learn.train_precision,
    )


def with_balance(learn: LearnerState, settings: FitSettings, balance: str | None) -> FitSettings:
    """Settings that hear rare classes as ``balance`` says."""
    if balance is None:
        return settings
    targets = targets_of(learn.data.table, learn.holdout).train
    return balanced(settings, choose_balance(balance, targets, quiet=learn.quiet), targets)


def holds_out(learn: LearnerState, choose_on: str) -> bool:
    """Whether held-out rows choose; if not, valid does, and that is remembered."""
    if choose_on == "valid":
        learn.chosen_on_valid = (BEST_EPOCH,)
        return False
    if not learn.holdout.share:
        learn.holdout = Holdout(SHARE, learn.seed)
        train, choice = learn.holdout.split(learn.data.table)
        notify_holdout(len(choice), len(train), quiet=learn.quiet)
    return True


def choose_balance(balance: object, targets: Tensor, *, quiet: bool) -> str | None:
    """What a fit does about uneven classes; what "auto" has chosen is said."""
    chosen = resolve_balance(balance, targets)
    if balance == "auto" and not quiet:
        notify(
            f"the classes are uneven by a factor of {unevenness(targets):.2f}; "
            f"balance is {chosen or 'none'}.",
            quiet=quiet,
        )
    return chosen


def choose_clip_norm(clip_norm: float | str | None, module: nn.Module, *, quiet: bool) -> Any:
    """What gradients are clipped to; that "auto" clips them is said."""
    if clip_norm != "auto":
        return clip_norm
    if not (isinstance(module, TrainablePart) and module.stored_norms()):
        return None
    notify(
        f"gradients are clipped to a norm of {CLIP_NORM:g}, because BatchNorm keeps its "
        "stored statistics; clip_norm=None leaves them as they are.",
        quiet=quiet,
    )
    return CLIP_NORM


def announcer_of(learn: LearnerState, callbacks: Sequence[Callback]) -> Announcer:
    """What tells callbacks of a fit; which of them fail is said, and remembered for the report."""

    def note(text: str) -> None:
        learn.noticed = (*learn.noticed, text)
        notify(text)

    told = callbacks if current_ranks().is_first else ()
    return Announcer(told, learn.group_names, learn.num_steps, note)


def silent(_told: EpochRecord) -> None:
    """Say nothing."""


def resolve_rates(lrs: object, names: Sequence[str]) -> tuple[float, ...]:
    """One positive rate per layer group."""
    if isinstance(lrs, slice):
        return rates_of_slice(lrs, len(names))
    is_one = isinstance(lrs, (int, float, str)) or np.shape(np.asarray(lrs, object)) == ()
    numbers = (positive(lrs, "lr"),) * len(names) if is_one else per_group(lrs, names)
    return tuple(positive(number, "lr") for number in numbers)


def rates_of_slice(lrs: slice, num_groups: int) -> tuple[float, ...]:
    """Rates as fastai 2 reads a slice.

    Args:
        lrs: slice(low, high) is from the first group's rate to the last's in equal ratios;
            slice(high) is the last group's, of which all others have a tenth.
        num_groups: Layer groups that train; one alone has the last's rate.

    Raises:
        SettingError: it has no end, or a step.

    Reference:
        fastai 2, ``Optimizer._set_hyper`` and ``even_mults``.
    """
    if lrs.stop is None or lrs.step is not None:
        raise SettingError(
            f"lr={lrs} has no last rate." if lrs.stop is None else f"lr={lrs} has a step.",
            expected="slice(high), or slice(low, high).",
            fix="pass lr=slice(1e-5, 1e-3).",
        )
    high = positive(lrs.stop, "lr")
    if lrs.start is None:
        return (*(high / LOWER for _ in range(num_groups - 1)), high)
    low = positive(lrs.start, "lr")
    steps = range(num_groups - 1, -1, -1)  # from the last: its rate is the one that was written
    return tuple(high * (low / high) ** (step / max(1, num_groups - 1)) for step in steps)


def positive(value: Any, name: str) -> float:
    """A number above zero.

    Raises:
        SettingError: it is not.
    """
    number = number_in(value)
    if number is None or number <= 0:
        raise SettingError(
            f"{name}={shortly(value)} is no learning rate.",
            expected="one number above 0, such as 0.01.",
            fix=f"pass {name}=0.01, or {name}=learn.lr_find().suggestion.",
            flags=(f"--{name}", "0.01"),
        )
    return float(number)
