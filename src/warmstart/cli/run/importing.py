"""Large imports: without the collector of cycles, which finds nothing in them, or beside work."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from threading import Thread

TORCH_LIBRARIES = ("libtorch_global_deps.so", "libtorch.so")  # in torch's own order


@contextmanager
def uncollected() -> Iterator[None]:
    """Collect no cycles meanwhile, and never look again at what has been loaded.

    Modules stay until the process ends, and each is full of new objects: every collection on the
    way goes through all of them, which takes long while torch is loaded. For processes of
    our own only.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def load_beside(load: Callable[[], object]) -> None:
    """Load in a thread what is certainly needed later; whoever needs it waits, and meets its error.

    Args:
        load: Imports something, and is best at it while others compute without the GIL.
    """

    def quietly() -> None:
        with suppress(Exception):
            load()

    Thread(target=quietly, name="warmstart-loading", daemon=True).start()


def map_torch() -> None:
    """Map torch's libraries, a good part of its import, without the GIL.

    ``import torch`` then finds them in place. Elsewhere than on Linux, and where they lie
    otherwise, nothing is done.
    """
    if sys.platform != "linux" or "torch" in sys.modules:
        return
    import ctypes  # here: --help needs none of it

    Path.cwd()  # an error where the folder has been deleted: there MKL would end the process
    found = find_spec("torch")
    places = [] if found is None else [Path(p) for p in found.submodule_search_locations or ()]
    opened = ctypes.CDLL(None).dlopen  # a foreign function: called without the GIL
    opened.restype, opened.argtypes = ctypes.c_void_p, (ctypes.c_char_p, ctypes.c_int)
    for name in TORCH_LIBRARIES:
        libraries = [p / "lib" / name for p in places if (p / "lib" / name).is_file()]
        scope = os.RTLD_GLOBAL if name == TORCH_LIBRARIES[0] else os.RTLD_LOCAL
        if not libraries or not opened(os.fsencode(libraries[0]), os.RTLD_LAZY | scope):
            return  # torch knows other ways, or says what is wrong
