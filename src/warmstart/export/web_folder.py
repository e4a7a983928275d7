"""A folder whose page answers in the browser: the ONNX file, what runs it, and the page.

Any web server that gives files will do; the pictures stay in the browser.
"""

import tempfile
from pathlib import Path

from warmstart.errors import SettingError
from warmstart.export.agreement import CheckPictures
from warmstart.export.hub_folder import as_json
from warmstart.export.sidecar import ExportedModel
from warmstart.export.web_runtime import TRIED, WebRuntime, read_web_runtime
from warmstart.export.writing_model import MOST_BYTES, ExportResult, write_exported
from warmstart.files.committing import sha256_of
from warmstart.files.reading import read_regular
from warmstart.files.strict import json_table
from warmstart.files.writing import write_whole

MODEL, ABOUT_MODEL, INDEX = "model.onnx", "model.json", "index.html"
PACKAGE_HOME = Path(__file__).parents[1]
OWN = {  # and the folder that has it
    INDEX: "export/web_page",
    "app.js": "export/web_page",
    "pictures.js": "pages",
}
SHEETS = ("page.css", "pictures.css")  # which one style.css is made of
SERVE = "python3 -m http.server --bind 127.0.0.1 --directory"


def check_web(folder: Path, package: Path | None, *, is_batch: bool) -> WebRuntime:
    """See that a page can be written, before anything slow.

    Args:
        folder: Where.
        package: Of what runs the model.
        is_batch: Whether several pictures at once were asked for.

    Raises:
        SettingError: it cannot.
    """
    if is_batch:
        raise SettingError(
            "a page asks about one picture at a time.",
            expected='batch with to="onnx", "openvino" or "torch".',
            fix="leave it out (--batch).",
        )
    if folder.is_file():
        raise SettingError(
            f"{folder} is a file.",
            expected="a folder, which is made if it is not there.",
            fix=f"pass {folder.with_suffix('')}-web.",
        )
    return read_web_runtime(package)


def write_web(
    model: ExportedModel,
    folder: Path,
    given: CheckPictures,
    runtime: WebRuntime,
    *,
    is_int8: bool = False,
) -> ExportResult:
    """Write the folder, the page itself last.

    Args:
        model: What answers.
        folder: Where.
        given: Pictures to check it by.
        runtime: From ``check_web``.
        is_int8: Compute in 8 bits.
    """
    parts = dict(runtime.files)
    with tempfile.TemporaryDirectory() as made:
        result = write_exported(model, "onnx", Path(made, MODEL), given, is_int8=is_int8)
        parts[MODEL] = read_regular(Path(made, MODEL), MOST_BYTES)
        about = json_table(read_regular(Path(made, ABOUT_MODEL), MOST_BYTES), ABOUT_MODEL)
    parts |= page_parts()
    about["kind"] = "web"
    for name in ("agreement", "int8"):  # what is put on a web space names no folder of this disk
        for part in ("where_from", "worst"):
            about.get(name, {}).pop(part, None)
    about["onnxruntime_web"] = runtime.version
    about["sha256"] = {name: sha256_of(content) for name, content in parts.items()}
    parts[ABOUT_MODEL] = as_json(about).encode()
    page = parts.pop(INDEX)
    for name, content in (*parts.items(), (INDEX, page)):
        write_whole(folder / name, content, what="the page")
    notes = [f"to open it: {SERVE} {folder}, then http://localhost:8000"]
    if runtime.version != TRIED:
        notes.append(f"onnxruntime-web is {runtime.version}; {TRIED} was tried")
    places = (folder / INDEX, *(folder / name for name in parts))
    size = sum(map(len, parts.values())) + len(page)
    return ExportResult(places, size, result.agreement, result.int8, tuple(notes))


def page_parts() -> dict[str, bytes]:
    """The page's own files; nothing of a model is in them."""
    home = {name: PACKAGE_HOME / place / name for name, place in OWN.items()}
    found = {name: read_regular(file, MOST_BYTES) for name, file in home.items()}
    sheets = [read_regular(PACKAGE_HOME / "pages" / name, MOST_BYTES) for name in SHEETS]
    return found | {"style.css": b"".join(sheets)}
