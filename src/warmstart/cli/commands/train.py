"""`warmstart train`: precompute, find a rate, train the head, evaluate, save; or go on with it."""

from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from warmstart.cli.commands.options import with_options
from warmstart.cli.commands.paths import check_is_run, check_places
from warmstart.cli.run.config import RECIPE, RunConfig, read_config
from warmstart.cli.run.runner import new_run, run_to_result
from warmstart.cli.run.settings import PATHS, SOURCE_HELP, TrainSettings
from warmstart.cli.text.errors import resume_line
from warmstart.data.output_paths import check_outside_folders
from warmstart.errors import SettingError
from warmstart.files.remote_reading import as_place
from warmstart.ranks.launch import read_launch
from warmstart.terminal.colour import show_lines

if TYPE_CHECKING:
    from typer import Context as Context

    from warmstart.ranks.ranks import Ranks
else:
    Context = typer.Context.__mro__[1]  # the class of what a command is given


NOT_IN_A_RACE = (
    "full", "minutes", "lr", "epochs", "wd", "tensorboard", "weights", "views", "precompute",
    "pretrained",
)  # fmt: skip


@with_options(TrainSettings)
def train_command(
    context: Context,
    settings: TrainSettings,
    source: Annotated[
        str, typer.Argument(metavar="FOLDER|CSV", help=SOURCE_HELP, show_default=False)
    ] = "",
    out: Annotated[Path | None, typer.Option(help="The run's folder; default: runs/…")] = None,
    resume: Annotated[Path | None, typer.Option(help="Go on with this run's folder.")] = None,
    like: Annotated[
        Path | None, typer.Option(help="Do again what this run did, in a new folder.")
    ] = None,
) -> None:
    """Train a classifier of the images in a folder, a CSV file, or tar or Parquet shards.

    Raises:
        SettingError: neither a source nor a run to go on with was given.
    """
    from warmstart.ranks.ranks import current_ranks  # numpy loads here, not for --help

    ranks = current_ranks()
    if resume is None and out is not None and restarted_in(out):
        resume = out
    if resume is not None:
        config = resume_config(resume, context)
        if not config.result:
            check_outside_folders(resume, "--resume", places_of(config, settings.cache_dir))
        train_in(ranks, config, lambda: resume, settings.cache_dir)
        return
    if like is not None:
        check_is_run(like)
        done = read_config(like)
        data = places_of(done, settings.cache_dir)
        again = replace(done, result={})
        source = done.asked.source
        make = lambda: new_run(out, as_place(source), data=data)  # noqa: E731
        train_in(ranks, again, make, settings.cache_dir)
        return
    if not source:
        raise SettingError(
            "there is nothing to train on.",
            expected="warmstart train FOLDER|CSV, or warmstart train --resume RUN.",
            fix="warmstart demo",
        )
    settings = check_race(resolve_head(settings))
    data = check_places(settings)
    train_in(
        ranks,
        RunConfig(settings),
        lambda: new_run(out, as_place(source), data=data),
        settings.cache_dir,
    )


def train_in(
    ranks: "Ranks", config: RunConfig, make: Callable[[], Path], cache_dir: str | None
) -> None:
    """Carry a run out; of several processes the first writes, the others have copies.

    Args:
        ranks: Who trains together.
        config: What was asked for.
        make: Gives the folder, and is called by the first alone.
        cache_dir: Where activations are kept, if not where the config says.

    Raises:
        SettingError: several processes race, or were asked for different things.
    """
    from warmstart.ranks.own_folder import own_folder  # numpy loads here

    if ranks.size > 1 and config.asked.seconds is not None:
        raise SettingError(
            f"--seconds lets backbones race, which {ranks.size} processes cannot do together.",
            expected="one process; or --full, which trains one backbone.",
            fix="start it without torchrun: warmstart train FOLDER --seconds 60",
        )
    asked = replace(config.anywhere.asked, cache_dir=None)
    ranks.check_same("options or the state of the run", replace(config, asked=asked))
    run = own_folder(ranks, make() if ranks.is_first else None)
    run_to_result(config, run, cache_dir)


def restarted_in(out: Path) -> bool:
    """Whether torchrun has started this anew after a death, and the run there was begun."""
    return read_launch().num_restarts > 0 and (out / RECIPE).is_file()


def places_of(config: RunConfig, cache_dir: str | None) -> list[Path]:
    """The folders of images of a run that was begun, nothing of it being written there."""
    asked = config.asked if cache_dir is None else replace(config.asked, cache_dir=cache_dir)
    return check_places(asked)


def resolve_head(settings: TrainSettings) -> TrainSettings:
    """Settings whose head agrees with the other options; what they mean is said.

    Raises:
        SettingError: an option is given that would have no effect.
    """
    options = {
        "--epochs": settings.epochs,
        "--lr": settings.lr,
        "--wd": settings.wd,
        "--tensorboard": settings.tensorboard,
    }
    if settings.full:
        options["--balance"] = settings.balance
    given = [flag for flag, value in options.items() if value is not None]
    if not given or (settings.head == "mlp" and not settings.full):
        return settings
    if settings.full:
        raise SettingError(
            f"{' and '.join(given)} would have no effect: --full sets rates and epochs itself.",
            expected="--full, or a head that is trained alone.",
            fix=f"leave {given[0]} out, or leave --full out.",
        )
    if settings.head == "logistic":
        raise SettingError(
            f"{' and '.join(given)} would have no effect: logistic regression is solved, without "
            "a rate or epochs.",
            expected="options that something is done with.",
            fix="pass head=mlp.",
            flags=("--head", "mlp"),
        )
    show_lines(
        f"note: {' and '.join(given)} {'is' if len(given) == 1 else 'are'} of the MLP, so the head "
        "is the MLP; without it, logistic regression (--head logistic).",
        is_error=True,
    )
    return replace(settings, head="mlp")


def check_race(settings: TrainSettings) -> TrainSettings:
    """The settings, if nothing in them is without effect in a race of backbones, or without one.

    Raises:
        SettingError: something is.
    """
    if settings.seconds is None:
        if "," in settings.arch:
            raise SettingError(
                f"--arch {settings.arch} names several backbones.",
                expected="one; or a time in which several race.",
                fix=f"give --seconds 60, or --arch {settings.arch.partition(',')[0]}.",
                flags=("--seconds", "60"),
            )
        return settings
    usual = TrainSettings(settings.source)
    given = [name for name in NOT_IN_A_RACE if getattr(settings, name) != getattr(usual, name)]
    given += ["head"] if settings.head == "mlp" else []
    if given or settings.seconds <= 0:
        what = f"--seconds {settings.seconds:g} is no time"
        if given:
            what = f"--{given[0].replace('_', '-')} would have no effect in a race of backbones"
        raise SettingError(
            f"{what}.",
            expected="--seconds above 0: each backbone gets logistic regression, in its own "
            "weights, and the best answer together.",
            fix="leave one of them out.",
        )
    return settings


def resume_config(run: Path, context: Context) -> RunConfig:
    """The config of a run.

    Args:
        run: Its folder.
        context: What was typed.

    Returns:
        The config; its activations may be kept in another place than before.

    Raises:
        SettingError: an option says something else than the run's config.
    """
    check_is_run(run)
    config = read_config(run)
    wanted = {one.name: getattr(config.asked, one.name) for one in fields(TrainSettings)}
    wanted["lr"] = config.lr
    wanted["out"] = str(run)
    for name, value in typed_options(context).items():
        if name in wanted and name != "cache_dir" and not agrees(name, value, wanted[name]):
            flag = "the source" if name == "source" else f"--{name.replace('_', '-')}"
            raise SettingError(
                f"{flag} is {value}, and the run in {run} has {wanted[name]}.",
                expected=f"no option beside --resume, or the ones in {run / RECIPE}.",
                fix=resume_line(run),
            )
    return config


def typed_options(context: Context) -> dict[str, Any]:
    """The options that were typed, not left at their defaults."""
    found = {}
    for name, value in context.params.items():
        source = context.get_parameter_source(name)
        if source is not None and source.name == "COMMANDLINE":
            found[name] = value
    return found


def agrees(name: str, typed_value: Any, recorded: Any) -> bool:
    """Whether an option says what the config says; paths are compared as places."""
    if name in {*PATHS, "out"}:
        return recorded is not None and Path(typed_value).resolve() == Path(recorded).resolve()
    return bool(typed_value == recorded)
