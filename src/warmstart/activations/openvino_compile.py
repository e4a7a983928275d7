"""A prefix → what OpenVINO runs, and what its arithmetic is called.

Torch is needed to record a prefix, and to ask what the processor can do; what was compiled runs in
``openvino_runner``, which loads none of it.
"""

import os
from typing import Any

import torch
from torch import nn

from warmstart.activations.openvino_runner import BATCH
from warmstart.activations.runner import fewer_instructions


def fast_precision() -> str:
    """Say "bf16" where the processor multiplies it in hardware, else "f32"."""
    has = torch.cpu.get_capabilities()
    return "bf16" if has.get("avx512_bf16") or has.get("amx_bf16") else "f32"


def openvino_mode(precision: str) -> str:
    """All that can change a bit. One thread per stream, so the number of cores cannot."""
    import openvino

    has = torch.cpu.get_capabilities()
    names = ("amx_bf16", "amx_fp16", "avx512_bf16", "avx512_fp16", "avx512_f", "avx2", "fma3")
    instructions = "+".join(name for name in names if has.get(name)) or has["architecture"]
    return (
        f"openvino-{openvino.__version__}/{precision}/{instructions}{fewer_instructions()}/b{BATCH}"
    )


def compile_graph(prefix: nn.Module, size: int, precision: str) -> Any:
    """Translate a prefix and compile it for batches of (BATCH, size, size, 3) uint8.

    Args:
        prefix: In eval mode, (N, H, W, 3) uint8 → (N, …).
        size: Side of the pictures.
        precision: "bf16" or "f32".

    Returns:
        OpenVINO's compiled model, which has run once: some operations fail only then.

        An ImportError, where OpenVINO is not available, is left to whoever calls.

    Raises:
        RuntimeError: it cannot run the prefix; the message is the reason in a few words.
    """
    from warmstart.activations.openvino_graph import PRECISION, faithful_model

    num_cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    settings = {
        PRECISION: precision,
        "NUM_STREAMS": num_cores,
        "INFERENCE_NUM_THREADS": num_cores,
        "ENABLE_CPU_PINNING": False,
    }
    try:
        return faithful_model(prefix, (BATCH, size, size, 3), settings)
    except Exception as error:
        raise RuntimeError(openvino_reason(error)) from error


def openvino_reason(error: Exception) -> str:
    """What an error of OpenVINO's says, without the places in its source that it begins with."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    lines = [line for line in lines if not line.startswith(("Exception from", "Check "))]
    rules = [line for line in lines if "No conversion rule" in line]
    return (rules or lines or [type(error).__name__])[0].strip("- ")
