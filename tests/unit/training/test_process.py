"""Memory is kept where glibc can be told so, and nowhere where somebody forbids it."""

import subprocess
import sys

import pytest

from warmstart.training.process import MALLOPT_SWITCH, keep_memory


def test_it_can_be_forbidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(MALLOPT_SWITCH, "0")
    assert not keep_memory()


def test_other_systems_are_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("warmstart.training.process.sys.platform", "darwin")
    assert not keep_memory()


FAULTS = """
import resource, sys, numpy as np
from warmstart.training.process import keep_memory
if sys.argv[1] == "keep" and not keep_memory():
    sys.exit(77)
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(20):
    parts = [np.empty(3_900_000, np.uint8) for _ in range(8)]  # too small for huge pages
    for part in parts:
        part.fill(1)
    del parts, part
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(how: str) -> int:
    done = subprocess.run(
        [sys.executable, "-c", FAULTS, how], capture_output=True, text=True, check=False
    )
    if done.returncode == 77:
        pytest.skip("this system's C library is not glibc")
    return int(done.stdout)


def test_pages_that_are_kept_are_not_faulted_in_again() -> None:
    """Twenty times the same 31 MB: counted, not timed."""
    assert faults("keep") < faults("as it is") / 4
