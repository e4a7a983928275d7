"""A prefix as an OpenVINO graph, by running it once and writing down what torch did.

OpenVINO's own converter takes 3 to 5 s for a small network, most of a short run; this takes a
tenth of that. What it does not know is left to that converter.
"""

import warnings
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
import openvino
import openvino.opset14 as ov
import torch
from torch import Tensor, nn
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map
from torch.utils.weak import WeakIdKeyDictionary

from warmstart.activations.openvino_cpu import PRECISION, compile_in_thread
from warmstart.activations.openvino_ops import TRANSLATIONS, Value

LARGEST_DIFFERENCE = 1e-3  # of the outputs' size: more than that is a wrong translation


class CompiledGraph(NamedTuple):
    """OpenVINO's compiled model, and the graph that can be kept."""

    model: openvino.CompiledModel
    graph: openvino.Model


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


def faithful_model(
    prefix: nn.Module, shape: tuple[int, ...], settings: Mapping[str, Any]
) -> CompiledGraph:
    """Translate by recording, else with OpenVINO's converter; compile; compare with torch.

    Args:
        prefix: In eval mode, uint8 of ``shape`` → (N, …) float32.
        shape: (N, H, W, 3), static.
        settings: Of the compiled model, by OpenVINO's names, with ``PRECISION``.

    Returns:
        A model that gives in float32 what torch gives, and has run: some operations fail only then;
        and the graph that it was compiled from.
        Where neither way leads to one, the last error that a translator raised is raised again.
    """
    generator = torch.Generator().manual_seed(0)
    pixels = torch.randint(0, 256, shape, dtype=torch.uint8, generator=generator)
    failure: Exception = RuntimeError("")
    for translate in (recorded, converted):
        try:
            graph, wanted = translate(prefix, pixels)
            model = compile_in_thread(graph, {**settings, PRECISION: "f32"})
            found = model(pixels.numpy())[0]
            if settings[PRECISION] != "f32":
                model = compile_in_thread(graph, settings)
                model(pixels.numpy())
        except Exception as error:  # noqa: BLE001 - a translator raises whatever it meets
            failure = error
            continue
        largest = LARGEST_DIFFERENCE * max(1e-6, float(wanted.abs().max()))
        if found.shape == wanted.shape and np.abs(found - wanted.numpy()).max() < largest:
            return CompiledGraph(model, graph)
        failure = RuntimeError("its values differ from those of torch")
    raise failure


def recorded(prefix: nn.Module, pixels: Tensor) -> tuple[openvino.Model, Tensor]:
    """The graph of what torch did with some pixels, and what came out."""
    parameter = ov.parameter(list(pixels.shape), np.uint8, name="pixels")
    with torch.no_grad(), Recorder(pixels, parameter) as recorder:
        wanted = prefix(pixels)
    return openvino.Model([recorder.values[wanted]], [parameter], "prefix"), wanted


def converted(prefix: nn.Module, pixels: Tensor) -> tuple[openvino.Model, Tensor]:
    """The same by OpenVINO's own converter: slower, and knows nearly every operation."""
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # torch.jit is deprecated, and the converter knows no other
        traced = torch.jit.trace(prefix, pixels, check_trace=False)  # type: ignore[no-untyped-call]
        graph = openvino.convert_model(traced, example_input=pixels, input=list(pixels.shape))
        return graph, prefix(pixels)
