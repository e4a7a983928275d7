"""How OpenVINO is told to compile for this computer's processor."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import openvino

from warmstart.batches.source import num_cores

PRECISION = "INFERENCE_PRECISION_HINT"


def cpu_settings(precision: str) -> dict[str, Any]:
    """A stream per core, with one thread each; ``precision`` is "bf16" or "f32"."""
    return {
        PRECISION: precision,
        "NUM_STREAMS": num_cores(),
        "INFERENCE_NUM_THREADS": num_cores(),
        "ENABLE_CPU_PINNING": False,
    }


def compile_in_thread(graph: openvino.Model, settings: Mapping[str, Any]) -> Any:
    """OpenVINO's compiled model, for the CPU.

    On processors with AVX-512, OpenVINO gives the thread that compiles another stack for signals,
    and on deleting a model puts back the one before. Of two models deleted in the order of their
    making the second puts back memory that the first has freed, and the next signal (Ctrl-C) kills
    the process. A thread of its own has no stack that could be put back.

    Args:
        graph: What to compile.
        settings: By OpenVINO's names.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="compile") as pool:
        return pool.submit(openvino.Core().compile_model, graph, "CPU", dict(settings)).result()
