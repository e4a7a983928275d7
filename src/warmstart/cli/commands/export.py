"""`warmstart export`: a model as one file that other programs run."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warmstart.cli.commands.model import ModelOrName, check_is_model, is_published
from warmstart.cli.commands.paths import check_exists, run_at
from warmstart.data.output_paths import check_outside_folders
from warmstart.errors import WarmstartError, printable
from warmstart.terminal.colour import show_lines

if TYPE_CHECKING:
    from warmstart.inference.checking import LabelledFiles

ENDINGS = {"onnx": ".onnx", "openvino": ".xml", "torch": ".pt2", "hub": "-hub", "web": "-web"}
CHECK_HELP = "Photos to compare with Python by, in a folder per class if they have labels; "


def export_command(
    model: ModelOrName,
    to: Annotated[str, typer.Option(help="onnx, openvino, torch; hub, web: folders.")] = "onnx",
    out: Annotated[
        Path | None,
        typer.Option("--out", "-o", help="The file; default: MODEL.onnx and so on."),
    ] = None,
    check: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help=CHECK_HELP + "default: the run's validation rows."),
    ] = None,
    batch: Annotated[
        bool, typer.Option("--batch", help="Take several pictures of one size at once.")
    ] = False,
    int8: Annotated[
        bool, typer.Option("--int8", help="Compute in 8 bits; the loss is measured.")
    ] = False,
    ort: Annotated[
        Path | None,
        typer.Option(metavar="TGZ", help="For web: what npm pack onnxruntime-web wrote."),
    ] = None,
) -> None:
    """Write a model for programs without Python; it is checked to answer the same."""
    published = is_published(model)
    if not published:
        check_is_model(model)
    if check is not None:
        check_exists(check, expected="a folder of photos.")
    place = out or default_place(model, to, is_published=published)
    if check is not None and check.is_dir():
        check_outside_folders(place, "--out", [check])
    from warmstart.arguments import one_of
    from warmstart.inference.export_source import ExportOptions, exported  # torch loads here
    from warmstart.inference.exportable import KINDS, export_source
    from warmstart.inference.loading import load_predictor

    one_of(*KINDS, flag="--to")("to", to)
    predictor = load_predictor(model, device="cpu")
    own, note = (None, "") if published or check is not None else rows_of_run(model)
    if note:
        show_lines(f"note: {printable(note)}", is_error=True)
    source = partial(export_source, predictor)
    options = ExportOptions(batch, int8, ort)
    result = exported(source, place, to, options, check=check, own=own)
    show_lines(str(result))


def default_place(model: Path, to: str, *, is_published: bool) -> Path:
    """Beside the model's folder, or here."""
    name = model.name + ENDINGS.get(to, "")
    return Path(name) if is_published else model.resolve().parent / name


def rows_of_run(model: Path) -> "tuple[LabelledFiles | None, str]":
    """The validation rows of the run that a model belongs to; or why there are none."""
    run = model.resolve().parent
    if run_at(run) is None:
        return None, "no photos to compare by: --check FOLDER names some"
    from warmstart.cli.run.config import read_config
    from warmstart.cli.run.loading import load_data
    from warmstart.inference.checking import table_files

    try:
        data = load_data(read_config(run).asked, quiet=True)
    except WarmstartError as error:
        return None, f"the run's photos cannot be read ({error.what}): --check FOLDER names others"
    rows = data.table.rows("valid")
    return (table_files(data.source, rows), "") if len(rows) else (None, "")
