"""A prefix → what OpenVINO runs.

Torch is needed to record a prefix. What was compiled runs in ``openvino_runner``, and what was kept
is read by ``kept_graph``: neither loads any of it.
"""

from typing import TYPE_CHECKING

from torch import nn

from warmstart.activations.openvino_runner import BATCH

if TYPE_CHECKING:
    from warmstart.activations.openvino_graph import CompiledGraph


def compile_graph(prefix: nn.Module, size: int, precision: str) -> "CompiledGraph":
    """Translate a prefix and compile it for batches of (BATCH, size, size, 3) uint8.

    Args:
        prefix: In eval mode, (N, H, W, 3) uint8 → (N, …).
        size: Side of the pictures.
        precision: "bf16" or "f32".

    Returns:
        OpenVINO's compiled model, which has run once: some operations fail only then; its graph.

        An ImportError, where OpenVINO is not available, is left to whoever calls.

    Raises:
        RuntimeError: it cannot run the prefix; the message is the reason in a few words.
    """
    from warmstart.activations.openvino_cpu import cpu_settings
    from warmstart.activations.openvino_graph import faithful_model

    try:
        return faithful_model(prefix, (BATCH, size, size, 3), cpu_settings(precision))
    except Exception as error:
        raise RuntimeError(openvino_reason(error)) from error


def openvino_reason(error: Exception) -> str:
    """What an error of OpenVINO's says, without the places in its source that it begins with."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("Exception from", "Check "))]
    rules = [line for line in lines if "No conversion rule" in line]
    return (rules or lines or [type(error).__name__])[0].strip("- ")
