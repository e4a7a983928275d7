"""An ONNX file whose networks compute in 8 bits; view and decision rule stay as they are."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.export.program import quietly

MOST_CALIBRATION = 64  # pictures from which the ranges of activations are found
HEAVY = ("Conv", "Gemm", "MatMul")  # what takes the time, and gains


def quantise(
    source: Path, place: Path, pixels: Callable[[int], NDArray[np.uint8]], num_pictures: int,
    *, is_batch: bool,
) -> None:  # fmt: skip
    """Write the 8-bit file.

    Args:
        source: An ONNX file.
        place: Of the new one.
        pixels: Pictures (H, W, 3) by position, to find ranges by.
        num_pictures: How many there are.
        is_batch: Whether the file takes ``images``.
    """
    import onnx  # here: an extra
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Reader(CalibrationDataReader):  # type: ignore[misc]
        """Pictures as the quantiser asks for them."""

        def __init__(self) -> None:
            self._rows = iter(feeds(pixels, num_pictures, is_batch=is_batch))

        def get_next(self) -> dict[str, Any] | None:
            """The next picture, None after the last."""
            return next(self._rows, None)

    with tempfile.TemporaryDirectory() as folder, quietly():
        ready = Path(folder, "ready.onnx")
        quant_pre_process(str(source), str(ready), skip_symbolic_shape=True)
        graph = onnx.load(str(ready)).graph
        quantize_static(
            str(ready), str(place), Reader(), quant_format=QuantFormat.QDQ, per_channel=True,
            op_types_to_quantize=list(HEAVY), nodes_to_quantize=network_nodes(graph),
            extra_options={"ActivationSymmetric": False},
        )  # fmt: skip
    model = onnx.load(str(place))
    onnx.helper.set_model_props(
        model, {each.key: each.value for each in onnx.load(str(source)).metadata_props}
    )
    onnx.save_model(model, str(place))


def feeds(
    pixels: Callable[[int], NDArray[np.uint8]], num_pictures: int, *, is_batch: bool
) -> Iterator[dict[str, NDArray[np.uint8]]]:
    """What goes in, of pictures spread evenly."""
    number = min(num_pictures, MOST_CALIBRATION)
    for place in np.linspace(0, num_pictures - 1, number).round().astype(int):
        picture = pixels(int(place))
        yield {"images": picture[None]} if is_batch else {"image": picture}


def network_nodes(graph: Any) -> list[str]:
    """Names of the networks' heavy operations: those with a weight of their own.

    The products that resize have none, and that with the known rows comes from 16 bits.
    """
    weights = {each.name for each in graph.initializer}
    return [
        node.name
        for node in graph.node
        if node.op_type in HEAVY and weights.intersection(node.input)
    ]
