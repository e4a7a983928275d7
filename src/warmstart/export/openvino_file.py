"""An ONNX file → OpenVINO's pair of files, graph and weights."""

from collections.abc import Mapping
from pathlib import Path

from warmstart.errors import SettingError, reason_of
from warmstart.files.quiet import silence_openvino


def write_openvino(onnx_file: Path, place: Path, entry: Mapping[str, str]) -> None:
    """Write ``place`` (.xml) and the .bin beside it.

    Args:
        onnx_file: What is converted, weights in single precision.
        place: Of the graph.
        entry: Texts that it carries.

    Raises:
        SettingError: OpenVINO does not know an operation.
    """
    silence_openvino()
    import openvino  # here: it takes time

    try:
        model = openvino.convert_model(str(onnx_file))
        for name, value in entry.items():
            model.set_rt_info(value, name.split("."))
        openvino.save_model(model, str(place), compress_to_fp16=False)
    except Exception as error:
        raise SettingError(
            f"OpenVINO cannot take this network: {reason_of(error)}",
            expected="a network of operations that OpenVINO has.",
            fix="export it with --to onnx.",
        ) from error
