"""Writes down what each process computes, for deaths.py: one line as it begins, one as it ends.

Python loads a module of this name when it starts, if its folder is in PYTHONPATH. So workers that
Ray starts and ranks that torchrun starts are watched alike, and nothing of the program knows of it.
Each process writes to a file of its own in the folder WITNESS; a kill costs no line that is there.
"""

import functools
import importlib.abc
import importlib.util
import json
import os
import sys
import time
from pathlib import Path

FOLDER = os.environ.get("WITNESS")


def note(**what):
    """Add a line."""
    place = Path(FOLDER) / f"{os.getpid()}.jsonl"
    with place.open("a") as file:
        file.write(json.dumps(what | {"time": time.time(), "pid": os.getpid()}) + "\n")


def watch_worker(module):
    """Parts of a job: begun, and committed."""
    commit = module.RayWorker.commit

    @functools.wraps(commit)
    def watched(self, ticket, batch):
        note(kind="begin", ticket=ticket, rows=len(batch))
        answer = commit(self, ticket, batch)
        note(kind="end", ticket=ticket, rows=len(batch))
        return answer

    module.RayWorker.commit = watched


def watch_run(module):
    """Steps of training."""
    step = module.Run.train_step

    @functools.wraps(step)
    def watched(self, batch, wanted, number, batch_rows):
        fit, place = self.settings.fit_number, self.step
        step(self, batch, wanted, number, batch_rows)
        if self.ranks.is_first:
            note(kind="step", step=[fit, number, place])

    module.Run.train_step = watched


def fix_precision(module):
    """No choice by the clock, which two runs may make differently: float32."""
    module.has_bf16 = lambda _device: False


WATCHED = {
    "warmstart.cluster.ray_worker": watch_worker,
    "warmstart.training.run": watch_run,
    "warmstart.training.precision": fix_precision,
}


class Finder(importlib.abc.MetaPathFinder):
    """Finds what the others find, and watches it once it is loaded."""

    def find_spec(self, name, _path=None, _target=None):
        """A module to be watched; None of any other."""
        if name not in WATCHED:
            return None
        sys.meta_path.remove(self)
        try:
            spec = importlib.util.find_spec(name)
        finally:
            sys.meta_path.insert(0, self)
        load = spec.loader.exec_module

        def loaded(module):
            load(module)
            WATCHED[name](module)

        spec.loader.exec_module = loaded
        return spec


if FOLDER:
    sys.meta_path.insert(0, Finder())
