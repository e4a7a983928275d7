"""A run from its new folder to its result: alone in it, and stopped by Ctrl-C without loss."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from warmstart.cli.run.config import RECIPE, RUNS, RunConfig
from warmstart.cli.run.importing import uncollected
from warmstart.cli.text.errors import RunStopped
from warmstart.cli.text.stopping import keep_on_stop
from warmstart.data.output_paths import check_outside_folders, is_within
from warmstart.errors import SettingError
from warmstart.files.writing import file_errors, folder_lock
from warmstart.terminal.colour import show_lines


def run_to_result(config: RunConfig, run: Path, cache_dir: str | None = None) -> None:
    """Carry a run out, or say that this has been done.

    Args:
        config: What was asked for, and what is known already.
        run: Its folder.
        cache_dir: Where activations are kept, if not where the config says.

    Raises:
        RunStopped: Ctrl-C was pressed; what was done is kept.
    """
    if config.result:
        accuracy = config.result.get("valid_accuracy", float("nan"))
        show_lines(f"{run} is finished: accuracy {accuracy:.4f} on the validation images.")
        from warmstart.cli.run.outcome import show_next_steps  # numpy loads here

        show_next_steps(run, config)
        return
    if cache_dir is not None:
        config = replace(config, asked=replace(config.asked, cache_dir=cache_dir))
    try:
        with working_in(run, is_new=not (run / RECIPE).exists()):
            with uncollected():  # numpy, Pillow and matplotlib load here, not for --help
                from warmstart.cli.run.training import run_training

            keep_on_stop(run)
            run_training(config, run)
    except KeyboardInterrupt as error:
        if not (run / RECIPE).exists():
            config.write(run)
        raise RunStopped(run) from error


def new_run(
    out: Path | None, source: Path, *, data: Sequence[Path] = (), home: Path = RUNS
) -> Path:
    """Make a folder that was not there yet: of two processes only one can.

    Args:
        out: What was asked for.
        source: What is trained on; it gives the name otherwise.
        data: The folders of images; nothing is written there.
        home: Where runs lie; beside the data if this would be among the images.

    Returns:
        The folder.
    """
    if out is not None:
        check_outside_folders(out, "--out", data)
        check_unused(out)
        with file_errors(out):
            out.mkdir(parents=True, exist_ok=True)
        return out
    for folder in data:
        if is_within(home, folder):
            home = folder.resolve().parent / home.name
    here = source.resolve()
    name = here.name if here.is_dir() else here.stem
    if any(sign in name for sign in "{*[?"):  # several shards
        name = here.parent.name
    number = 1
    while not is_made(home / f"{name}-{number}"):
        number += 1
    return home / f"{name}-{number}"


def is_made(run: Path) -> bool:
    """Make a folder, unless it is there: another process may do so at the same time."""
    with file_errors(run):
        try:
            run.mkdir(parents=True)
        except FileExistsError:
            return False
    return True


@contextmanager
def working_in(run: Path, *, is_new: bool) -> Iterator[None]:
    """Nobody else works in a run's folder meanwhile; one that stays empty is removed.

    Args:
        run: Its folder.
        is_new: No run has begun there.

    Raises:
        SettingError: another process works there.
    """
    with folder_lock(run, waits=False) as is_held:
        if not is_held:
            raise SettingError(
                f"another process is at work in {run}.",
                expected="a run that nobody else goes on with.",
                fix="wait for it, or begin another one: warmstart train FOLDER --out OTHER",
            )
        if is_new:
            check_unused(run)
        try:
            yield
        finally:
            with suppress(OSError):
                run.rmdir()  # which only does it to an empty one


def check_unused(out: Path) -> None:
    """A folder whose files a run would mix with, or replace.

    Raises:
        SettingError: it is one.
    """
    if (out / RECIPE).exists():
        raise SettingError(
            f"{out} holds a run already.",
            expected="a new folder, so that no result is lost.",
            fix=f"warmstart train --resume {out}",
        )
    if out.is_file() or (out.is_dir() and any(out.iterdir())):
        other = out.with_name(f"{out.name}-run")
        raise SettingError(
            f"{out} is there already, and is no run.",
            expected="a new folder.",
            fix=f"give another name, such as {other}.",
            flags=("--out", str(other)),
        )
