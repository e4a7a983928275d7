"""`warmstart report`: a finished run as one page that can be sent to a colleague."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.cli.commands import options
from warmstart.cli.commands.paths import check_is_run, data_folder
from warmstart.data.output_paths import cache_folder, check_outside_folders
from warmstart.files.remote_reading import as_place
from warmstart.terminal.colour import show_lines
from warmstart.terminal.waiting import waiting


def report_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A folder that train wrote.")],
    out: Annotated[
        Path | None, typer.Option(help="The HTML file; default: RUN/report.html.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="A folder for each picture as a PNG file, for slides.")
    ] = None,
    cache_dir: options.CacheDir = None,
) -> None:
    """Write what a run knows as one HTML page: scores, mistakes, pictures, how to do it again."""
    check_is_run(run)
    # numpy loads here, not for --help
    from warmstart.cli.run.folder import REPORT, RunFolder

    folder = RunFolder(run)
    config = folder.read_config()
    asked = config.asked
    place = run / REPORT if out is None else out
    source = as_place(asked.source)
    if source.exists():
        data = [data_folder(source, asked.folder)]
        store = cache_folder(asked.cache_dir if cache_dir is None else cache_dir)
        check_outside_folders(place, "--out", data)
        check_outside_folders(store, "--cache-dir", data)
        if pictures is not None:
            check_outside_folders(pictures, "--pictures", data)
    with waiting("writing the report", leads=True):
        from warmstart.cli.run.report import write_run_report

        written = write_run_report(folder.read(config), run, place, pictures, cache_dir=cache_dir)
    show_lines(f"report:     {written}")
