"""Memory that the C library keeps, instead of giving it back to the system after every layer."""

import ctypes
import os
import sys

SWITCH = "WARMSTART_MALLOPT"
TRIM_THRESHOLD, TOP_PAD, MMAP_MAX = -1, -2, -4  # of mallopt(3)
KEPT_BYTES = 256 << 20


def keep_memory() -> bool:
    """Tell glibc to keep what is freed: each page that is fetched anew costs a fault.

    Activations of a training step are hundreds of megabytes, freed and asked for again at every
    step; on virtual machines the faults cost up to 2.5 times (docs/experiments.md). It holds for
    the whole process and cannot be taken back, so only fits of thawed stages on a CPU ask for it,
    and WARMSTART_MALLOPT=0 forbids it.

    Returns:
        Whether it was done: only on Linux with glibc.
    """
    if sys.platform != "linux" or os.environ.get(SWITCH, "1") == "0":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or "CS_GNU_LIBC_VERSION" not in os.confstr_names:
        return False
    wanted = ((MMAP_MAX, 0), (TRIM_THRESHOLD, -1), (TOP_PAD, KEPT_BYTES))
    return all(mallopt(option, value) == 1 for option, value in wanted)
