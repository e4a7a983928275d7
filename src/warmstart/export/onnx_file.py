"""A traced program → an ONNX file, with what the model says of itself."""

import contextlib
import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch.export import ExportedProgram

from warmstart.errors import SettingError, reason_of
from warmstart.export.program import quietly

OPSET = 18  # the first that all of the graph's operations have; onnxruntime-web knows it


def write_onnx(
    program: ExportedProgram, outputs: Sequence[str], place: Path, entry: Mapping[str, str]
) -> None:
    """Write one file, weights included.

    Args:
        program: From ``traced_program``.
        outputs: Names of what it gives.
        place: Of the file.
        entry: Texts that the file carries.

    Raises:
        SettingError: the network has an operation that ONNX has not.
    """
    from warmstart.export.extras import needs_onnx

    needs_onnx()
    import onnx  # here: an extra

    try:
        with quietly(), contextlib.redirect_stdout(io.StringIO()):
            made: Any = torch.onnx.export(
                program, dynamo=True, opset_version=OPSET, output_names=list(outputs),
                external_data=False, verbose=False,
            )  # fmt: skip
        model = made.model_proto
    except Exception as error:
        raise SettingError(
            f"this network cannot be written as ONNX: {reason_of(error)}",
            expected="a network of operations that ONNX has.",
            fix="export it with --to torch.",
        ) from error
    name_shapes(model)
    forget_sources(model.graph)
    model.producer_name = "warmstart"
    onnx.helper.set_model_props(model, dict(entry))
    onnx.checker.check_model(model)
    onnx.save_model(model, str(place))


def forget_sources(graph: Any) -> None:
    """Drop where each operation came from: paths and lines of sources on this computer."""
    for thing in (graph, *graph.input, *graph.output, *graph.value_info, *graph.initializer):
        del thing.metadata_props[:]
    for node in graph.node:
        node.doc_string = ""
        del node.metadata_props[:]
        for attribute in node.attribute:
            if attribute.HasField("g"):  # a branch
                forget_sources(attribute.g)


def name_shapes(model: Any) -> None:
    """Call the axes of what goes in by what they are, instead of by torch's symbols."""
    for value in model.graph.input:
        shape = value.type.tensor_type.shape.dim
        names = ("height", "width") if len(shape) == 3 else ("pictures", "height", "width")
        for axis, name in zip(shape, names, strict=False):
            axis.dim_param = name
    for value in model.graph.output:
        for axis in value.type.tensor_type.shape.dim:
            if axis.dim_param:
                axis.dim_param = "pictures"
