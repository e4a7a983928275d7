"""Files that were exported, run as a stranger would: pixels in, answers out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from warmstart.export.classifier import KNOWN_SCORE, PROBABILITIES, UNKNOWN_OUTPUT
from warmstart.files.quiet import silence_openvino


@dataclass(frozen=True, eq=False)
class ExportedAnswer:
    """Of one picture: ``probabilities`` (K,), and what else the file gives."""

    probabilities: NDArray[np.float32]
    is_unknown: bool = False
    known_score: float | None = None


Answer: TypeAlias = Callable[[NDArray[np.uint8]], ExportedAnswer]
"""A picture (H, W, 3) uint8 → its answer."""


def answer_of(outputs: Sequence[str], found: Sequence[Any], *, is_batch: bool) -> ExportedAnswer:
    """What a file gave, by the names of its outputs; of several pictures the last."""
    by_name = {
        name: np.asarray(value)[-1] if is_batch else np.asarray(value)
        for name, value in zip(outputs, found, strict=True)
    }
    score = by_name.get(KNOWN_SCORE)
    return ExportedAnswer(
        by_name[PROBABILITIES].astype(np.float32),
        bool(by_name.get(UNKNOWN_OUTPUT, False)),
        None if score is None else float(score),
    )


def batches(pixels: NDArray[np.uint8], *, is_batch: bool) -> NDArray[np.uint8]:
    """What goes in: where several pictures may, one to three of them, by what the pixels are."""
    if not is_batch:
        return np.ascontiguousarray(pixels)
    return np.stack([pixels] * (1 + int(pixels.sum(dtype=np.int64)) % 3))


def onnx_answers(file: Path, outputs: Sequence[str], *, is_batch: bool) -> Answer:
    """An ONNX file in onnxruntime, on the CPU."""
    import onnxruntime  # here: an extra

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors; it warns of its own rewriting
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def answer(pixels: NDArray[np.uint8]) -> ExportedAnswer:
        found = session.run(list(outputs), {name: batches(pixels, is_batch=is_batch)})
        return answer_of(outputs, found, is_batch=is_batch)

    return answer


def openvino_answers(file: Path, outputs: Sequence[str], *, is_batch: bool) -> Answer:
    """OpenVINO's pair of files, in single precision."""
    silence_openvino()
    import openvino

    core = openvino.Core()
    compiled = core.compile_model(str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})

    def answer(pixels: NDArray[np.uint8]) -> ExportedAnswer:
        found = compiled(batches(pixels, is_batch=is_batch))
        return answer_of(outputs, [found[name] for name in outputs], is_batch=is_batch)

    return answer


def torch_answers(file: Path, outputs: Sequence[str], *, is_batch: bool) -> Answer:
    """A torch program that was just written: ``torch.export.load`` may execute what is in one."""
    import torch

    from warmstart.export.program import quietly

    with quietly():
        module = torch.export.load(file).module()

    def answer(pixels: NDArray[np.uint8]) -> ExportedAnswer:
        given = torch.from_numpy(batches(pixels, is_batch=is_batch))
        with torch.no_grad():
            return answer_of(outputs, module(given), is_batch=is_batch)

    return answer
