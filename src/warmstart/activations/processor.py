"""What the processor computes with: read from the system where it tells, else asked of torch."""

import os
import platform
import sys
from functools import cache
from pathlib import Path

from warmstart.activations.openvino_runner import BATCH
from warmstart.activations.runner import fewer_instructions
from warmstart.errors import SettingError
from warmstart.files.reading import open_regular

INSTRUCTIONS = {  # torch's names, and those of Linux
    "amx_bf16": "amx_bf16",
    "amx_fp16": "amx_fp16",
    "avx512_bf16": "avx512_bf16",
    "avx512_fp16": "avx512_fp16",
    "avx512_f": "avx512f",
    "avx2": "avx2",
    "fma3": "fma",
}
CPUINFO = Path("/proc/cpuinfo")
MOST_CPUINFO_BYTES = 8 << 20  # of 512 processors it has one
ACCELERATORS = [  # NVIDIA's, AMD's, either under Windows
    Path(place) for place in ("/dev/nvidiactl", "/dev/kfd", "/dev/dxg")
]


@cache
def instructions() -> tuple[str, ...]:
    """Those that can change a bit of a result or its speed, by torch's names, the newest first.

    Where there is none of them: the architecture.
    """
    flags = linux_flags()
    if flags:
        return tuple(name for name, flag in INSTRUCTIONS.items() if flag in flags)
    import torch  # here: it takes seconds

    has = torch.cpu.get_capabilities()
    return tuple(name for name in INSTRUCTIONS if has.get(name)) or (str(has["architecture"]),)


def linux_flags() -> set[str]:
    """What Linux says that an x86 processor can do; nothing elsewhere, and of the oldest ones."""
    if sys.platform != "linux" or platform.machine() != "x86_64":
        return set()
    try:
        with open_regular(CPUINFO) as file:  # whose size the system does not tell
            lines = file.read(MOST_CPUINFO_BYTES).decode(errors="replace").splitlines()
    except OSError:
        return set()
    flags = next((line for line in lines if line.startswith("flags")), "")
    return set(flags.partition(":")[2].split()) if "avx2" in flags.split() else set()


def fast_precision() -> str:
    """Say "bf16" where the processor multiplies it in hardware, else "f32"."""
    return "bf16" if {"avx512_bf16", "amx_bf16"} & set(instructions()) else "f32"


def wanted_precision(precision: str) -> str:
    """What was asked for: "auto", "f32" or "bf16"; WARMSTART_PRECISION says what "auto" is.

    Raises:
        SettingError: the name is another.
    """
    if precision == "auto":
        precision = os.environ.get("WARMSTART_PRECISION", "auto")
    if precision not in {"auto", "f32", "bf16"}:
        raise SettingError(
            f"precision={precision!r} is unknown.",
            expected='"auto", "f32" or "bf16".',
            fix='pass precision="auto".',
            flags=("--precision", "auto"),
        )
    return precision


def cpu_precision(precision: str) -> str:
    """Likewise, "auto" being what the processor does fast."""
    wanted = wanted_precision(precision)
    return fast_precision() if wanted == "auto" else wanted


def may_have_accelerator() -> bool:
    """Whether torch has to be asked if something computes faster than the processor."""
    return sys.platform != "linux" or any(place.exists() for place in ACCELERATORS)


def openvino_mode(precision: str) -> str:
    """All that can change a bit. One thread per stream, so the number of cores cannot.

    An ImportError, where OpenVINO is not available, is left to whoever calls.

    Args:
        precision: "bf16" or "f32".
    """
    import openvino

    does = "+".join(instructions())
    return f"openvino-{openvino.__version__}/{precision}/{does}{fewer_instructions()}/b{BATCH}"
