"""What a fit sets in its process, and for how long: memory, compute threads, Ctrl-C."""

import ctypes
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import cache

import torch
from threadpoolctl import ThreadpoolController

MALLOPT_SWITCH = "WARMSTART_MALLOPT"
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
    if sys.platform != "linux" or os.environ.get(MALLOPT_SWITCH, "1") == "0":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None or "CS_GNU_LIBC_VERSION" not in os.confstr_names:
        return False
    wanted = ((MMAP_MAX, 0), (TRIM_THRESHOLD, -1), (TOP_PAD, KEPT_BYTES))
    return all(mallopt(option, value) == 1 for option, value in wanted)


@contextmanager
def compute_threads(wanted: int | None) -> Iterator[None]:
    """Compute with as many threads as the fit began with, then as before.

    The count is applied and not only reported: another one would sum in another order, and the
    fit would not end with the bits that it would have had without the stop.
    """
    before = torch.get_num_threads()
    if wanted is not None and wanted != before:
        warnings.warn(
            f"this fit began with {wanted} compute threads and goes on with {wanted}, not "
            f"{before}, so that it ends with the same bits; a new fit would use all.",
            stacklevel=2,
        )
    with limited_threads(wanted):
        yield


@contextmanager
def limited_threads(wanted: int | None) -> Iterator[None]:
    """Compute with so many threads, None as many as before, then as before."""
    before = torch.get_num_threads()
    if wanted is None or wanted == before:
        yield
        return
    torch.set_num_threads(wanted)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def one_blas_thread() -> AbstractContextManager[object]:
    """One thread in the BLAS of numpy and scipy, whose vectors are short here; torch has its own.

    Its threads wait for each other by spinning: on cores that others use, a head takes one thread
    half the time or less (benchmarks/busy_solver.py).
    """
    limit: AbstractContextManager[object] = blas_controller().limit(limits=1, user_api="blas")
    return limit


@cache
def blas_controller() -> ThreadpoolController:
    """What knows the BLAS libraries that are loaded: scipy's is, once something was minimized."""
    import scipy.optimize  # noqa: F401 - here: it takes a while, and its BLAS has to be loaded

    return ThreadpoolController()


@contextmanager
def deferred_interrupt() -> Iterator[Callable[[], bool]]:
    """Give a function that says whether Ctrl-C was pressed; a second press stops at once.

    Only the main thread receives signals; elsewhere nothing is changed.
    """
    pressed = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield pressed.is_set
        return
    before = signal.getsignal(signal.SIGINT) or signal.SIG_DFL  # None: not set from Python

    def remember(_number: int, _frame: object) -> None:
        if pressed.is_set():
            raise KeyboardInterrupt
        pressed.set()

    signal.signal(signal.SIGINT, remember)
    try:
        yield pressed.is_set
    finally:
        signal.signal(signal.SIGINT, before)
