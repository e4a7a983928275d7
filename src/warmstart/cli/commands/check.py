"""`warmstart check`: what may be wrong with the data."""

import shlex
from pathlib import Path
from typing import Annotated

import typer

from warmstart.cli.commands.options import with_options
from warmstart.cli.commands.paths import check_places
from warmstart.cli.run.settings import BackboneSettings
from warmstart.data.output_paths import check_outside_folders
from warmstart.errors import SettingError
from warmstart.terminal.colour import show_lines


@with_options(BackboneSettings)
def check_command(
    settings: BackboneSettings,
    fixes_out: Annotated[
        Path | None, typer.Option(help="Write suggested fixes into this CSV, for --fixes.")
    ] = None,
) -> None:
    """Look for broken, double and mislabelled pictures; nothing of yours is changed.

    Raises:
        SettingError: the CSV is there already.
    """
    data = check_places(settings)
    if fixes_out is not None:
        check_outside_folders(fixes_out, "--fixes-out", data)
        if fixes_out.exists():  # said before the minutes that the check may take
            raise SettingError(
                f"{fixes_out} is there already, perhaps with fixes that a person made.",
                expected="a file that is not there.",
                fix="give another name, or delete it.",
            )
    # numpy and Pillow load here, not for --help
    from warmstart.cli.run.loading import load_data

    images = load_data(settings, for_check=True, quiet=True)
    found = images.check(
        weights=settings.weights,
        cache_dir=settings.cache_dir,
        device=settings.device,
        precision=settings.precision,
    )
    for note in images.table.notes:
        show_lines(f"note: {note}")
    show_lines(found)
    if fixes_out is not None:
        found.write_fixes(fixes_out)
        drops = sum(fix.action == "drop" for fix in found.fixes())
        looks = len(found.fixes()) - drops
        show_lines(f"\n{drops} to drop and {looks} to look at in {fixes_out}; after editing it:")
        show_lines(shlex.join(["warmstart", "train", settings.source, "--fixes", str(fixes_out)]))
        return
    words = ["warmstart", "train", settings.source]
    if found.fixes():
        words = ["warmstart", "check", settings.source, "--fixes-out", "fixes.csv"]
    show_lines(f"\nnext: {shlex.join(words)}")
