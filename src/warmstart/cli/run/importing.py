"""Large imports without the collector of cycles, which finds nothing in them."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


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
