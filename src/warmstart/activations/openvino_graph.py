"""A prefix as an OpenVINO graph, by running it once and writing down what torch did.

OpenVINO's own converter takes 3 to 5 s for a small network, most of a short run; this takes a
tenth of that. What it does not know is left to that converter.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import openvino
import openvino.opset14 as ov
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map
from torch.utils.weak import WeakIdKeyDictionary

from warmstart.activations.openvino_compile import compiled
from warmstart.activations.openvino_ops import TRANSLATIONS, Value

LARGEST_DIFFERENCE = 1e-3  # of the outputs' size: more than that is a wrong translation


class Recorder(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Builds the graph while torch computes; what follows from no input stays a constant."""

    def __init__(self, pixels: Tensor, parameter: Value) -> None:
        """Begin with the input."""
        super().__init__()  # type: ignore[no-untyped-call]
        self.values: Any = WeakIdKeyDictionary()
        self.values[pixels] = parameter

    def __torch_dispatch__(
        self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        """Run one operation, and write it down if it sees the input.

        Raises:
            NotImplementedError: it has no translation.
        """
        keywords = dict(kwargs or {})
        sees_input = False

        def as_value(entry: object) -> object:
            nonlocal sees_input
            if isinstance(entry, Tensor) and entry in self.values:
                sees_input = True
                return self.values[entry]
            return entry

        values = tree_map(as_value, (args, keywords))
        out = func(*args, **keywords)
        if not sees_input:
            return out
        name = func.overloadpacket.__name__
        if name in {"empty", "empty_like"}:
            return out
        translate = TRANSLATIONS.get(name) or TRANSLATIONS.get(name.removesuffix("_"))
        if translate is None:
            raise NotImplementedError(name)
        made = translate(*values[0], **values[1])
        if isinstance(made, list):
            for tensor, value in zip(out, made, strict=True):
                self.values[tensor] = value
        else:
            self.values[out[0] if isinstance(out, tuple) else out] = made
        return out


def recorded_graph(prefix: nn.Module, shape: tuple[int, ...]) -> openvino.Model | None:
    """Translate by recording, and compare with torch.

    Args:
        prefix: In eval mode, uint8 of ``shape`` → (N, …) float32.
        shape: (N, H, W, 3), static.

    Returns:
        The graph, or None if an operation has no translation or the outputs differ.
    """
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    parameter = ov.parameter(list(shape), np.uint8, name="pixels")
    try:
        with torch.no_grad(), Recorder(pixels, parameter) as recorder:
            wanted = prefix(pixels)
        graph = openvino.Model([recorder.values[wanted]], [parameter], "prefix")
    except (NotImplementedError, TypeError, KeyError, RuntimeError):
        return None
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    found = compiled(graph, settings)(pixels.numpy())[0]
    scale = max(1e-6, float(wanted.abs().max()))
    difference = float(np.abs(found - wanted.numpy()).max()) / scale
    return graph if found.shape == wanted.shape and difference < LARGEST_DIFFERENCE else None


def converted_graph(prefix: nn.Module, shape: tuple[int, ...]) -> openvino.Model:
    """Translate with OpenVINO's own converter: slower, and knows every operation."""
    example = torch.zeros(shape, dtype=torch.uint8)
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, and the converter knows no other
        traced = torch.jit.trace(prefix, example, check_trace=False)  # type: ignore[no-untyped-call]
        return openvino.convert_model(traced, example_input=example, input=list(shape))
