"""A model → files of one kind, which take their place once they agree with Python."""

import json
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from warmstart.errors import SettingError
from warmstart.export.agreement import (
    Agreement,
    CheckPictures,
    check_agreement,
    compare_answers,
)
from warmstart.export.answers import Answer, onnx_answers, openvino_answers, torch_answers
from warmstart.export.classifier import PictureClassifier
from warmstart.export.extras import needs_onnx
from warmstart.export.int8 import quantise
from warmstart.export.onnx_file import write_onnx
from warmstart.export.openvino_file import write_openvino
from warmstart.export.program import traced_program, write_program
from warmstart.export.sidecar import ExportedModel, about_export, texts_of
from warmstart.files.committing import sha256_of
from warmstart.files.reading import read_regular
from warmstart.files.writing import write_whole

MOST_BYTES = 1 << 40  # of a file that was just written here
SUFFIXES = {"onnx": ".onnx", "openvino": ".xml", "torch": ".pt2"}
ANSWERS: dict[str, Callable[..., Answer]] = {
    "onnx": onnx_answers,
    "openvino": openvino_answers,
    "torch": torch_answers,
}


@dataclass(frozen=True)
class ExportResult:
    """What was written, and how it agrees with Python.

    ``files`` are the files, the one to open first; ``num_bytes`` is their size. ``int8`` compares
    the file in 8 bits, where that was asked for; then it is the one that was written, and
    ``agreement`` is of the one in single precision that it was made of. None of both where nothing
    was run.
    """

    files: tuple[Path, ...]
    num_bytes: int
    agreement: Agreement | None = None
    int8: Agreement | None = None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        """As it is printed."""
        lines = [f"{self.files[0]} ({self.num_bytes / 1e6:.1f} MB)"]
        if self.agreement is not None:
            lines.append(str(self.agreement))
        if self.int8 is not None:
            lines.append(f"in 8 bits: {self.int8}")
        return "\n".join([*lines, *(f"note: {note}" for note in self.notes)])


def write_exported(
    model: ExportedModel,
    kind: str,
    place: Path,
    given: CheckPictures,
    *,
    is_batch: bool = False,
    is_int8: bool = False,
) -> ExportResult:
    """Write a file that answers as Python does, and what it says of itself beside it.

    Args:
        model: What is written.
        kind: "onnx", "openvino" or "torch".
        place: Of the file.
        given: Pictures to check it by.
        is_batch: Take ``images`` (N, H, W, 3) of one size, instead of one ``image``.
        is_int8: Compute in 8 bits; only of "onnx".
    """
    check_kind(kind, place, is_int8=is_int8)
    # OpenVINO 2026.4 answers wrongly, once, when the number of pictures changes and there are some
    has_branches = kind != "openvino"
    classifier = PictureClassifier(model.networks, model.answering, has_branches=has_branches)
    program = traced_program(classifier, is_batch=is_batch)
    about = about_export(model, kind, is_batch=is_batch)
    outputs = model.answering.outputs
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder, f"model{SUFFIXES[kind]}")
        if kind == "torch":
            write_program(program, made)
        else:
            onnx_file = Path(folder, "model.onnx")
            write_onnx(program, outputs, onnx_file, texts_of(about))
            if kind == "openvino":
                write_openvino(onnx_file, made, texts_of(about))
        found = compare_answers(
            ANSWERS[kind](made, outputs, is_batch=is_batch), given, model.thresholds
        )
        check_agreement(found)
        in_int8: Agreement | None = None
        if is_int8:
            whole, made = made, Path(folder, "int8.onnx")
            quantise(whole, made, given.pixels, len(given.names), is_batch=is_batch)
            answer = onnx_answers(made, outputs, is_batch=is_batch)
            in_int8 = compare_answers(answer, given, model.thresholds)
        files = put_in_place(made, place)
    about["sha256"] = {file.name: sha256_of(read_regular(file, MOST_BYTES)) for file in files}
    about["agreement"] = asdict(found)
    if in_int8 is not None:
        about["int8"] = asdict(in_int8)
    sidecar = place.with_suffix(".json")
    write_whole(sidecar, json.dumps(about, indent=1, ensure_ascii=False, allow_nan=False))
    size = sum(file.stat().st_size for file in files)
    return ExportResult((*files, sidecar), size, found, in_int8)


def check_kind(kind: str, place: Path, *, is_int8: bool) -> None:
    """See that what is asked for can be, before anything slow.

    Raises:
        SettingError: it cannot.
    """
    suffix = SUFFIXES.get(kind)
    if suffix is not None and place.suffix != suffix:
        raise SettingError(
            f"{place.name} does not end as a file for {kind} does.",
            expected=f"a name that ends in {suffix}.",
            fix=f"pass {place.with_suffix(suffix).name}.",
        )
    if is_int8 and kind not in {"onnx", "web"}:
        raise SettingError(
            f"8 bits are not available for {kind}.",
            expected='int8 with to="onnx": the runtime brings what measures and writes it.',
            fix="leave it out (--int8), or pass --to onnx.",
        )
    if kind in {"onnx", "openvino", "web"}:
        needs_onnx()


def put_in_place(made: Path, place: Path) -> list[Path]:
    """Write a file, and the weights beside it if there are such, where they are wanted."""
    pairs = [(made, place)]
    if made.with_suffix(".bin").is_file():
        pairs.append((made.with_suffix(".bin"), place.with_suffix(".bin")))
    for source, target in reversed(pairs):  # weights first
        write_whole(target, read_regular(source, MOST_BYTES), what="the exported model")
    return [target for _, target in pairs]
