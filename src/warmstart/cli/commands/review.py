"""`warmstart review`: look at what a model doubts, and correct it with a key."""

from pathlib import Path
from typing import Annotated

import typer

from warmstart.cli.commands.paths import check_exists, check_is_run, data_folder
from warmstart.cli.commands.serve import LOOPBACK, Port
from warmstart.data.output_paths import check_outside_folders
from warmstart.errors import printable
from warmstart.files.remote_reading import as_place
from warmstart.terminal.colour import notify, show_lines

MOST_NOTES = 5


def review_command(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A folder that train wrote.")],
    pictures: Annotated[
        Path | None,
        typer.Argument(
            metavar="[FOLDER]",
            help="Pictures without labels to name; default: those of the run that it doubts.",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="The CSV; default: in RUN, and its name is printed.")
    ] = None,
    port: Port = 8000,
) -> None:
    """Correct labels in a web page, a key each; nothing of yours is changed."""
    from warmstart.web.server import address_of, check_extra, listening_socket, run_server

    check_extra("review")
    check_is_run(run)
    if pictures is not None:
        check_exists(pictures, expected="a folder of pictures without labels.")
    # numpy loads here, not for --help
    from warmstart.cli.run.folder import RunFolder

    config = RunFolder(run).read_config()
    folder = data_folder(as_place(config.asked.source), config.asked.folder)
    for place, flag in ((run, "RUN"), *(() if out is None else ((out, "--out"),))):
        check_outside_folders(place, flag, [each for each in (folder, pictures) if each])
    taken = listening_socket(LOOPBACK, port)
    with taken:
        from warmstart.cli.run.reviewing import open_review
        from warmstart.web.review_app import review_app

        review, export = open_review(run, config, pictures, out)
        for note in review.of.notes[:MOST_NOTES]:
            notify(note)
        address = address_of(taken)
        begun = f"{len(review.of.items)} pictures, {len(review.standing)} decided"
        try:
            run_server(
                review_app(review, export),
                taken,
                lambda: show_lines(f"{address}\n{begun}; Ctrl-C ends it."),
            )
        finally:
            review.journal.close()
            if review.standing:
                told = export()
                show_lines(f"\n{told.num_rows} in {printable(told.file)}; train with them:")
                show_lines(told.command)
