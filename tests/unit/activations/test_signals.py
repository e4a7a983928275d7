"""Ctrl-C after several compiled graphs: OpenVINO must not have left a freed stack for signals."""

import subprocess
import sys

PROGRAM = """
import signal
import torch
from torch import nn
from warmstart.activations.openvino_compile import compile_graph
from warmstart.backbones.network import Normalise

def prefix():
    half = (0.5, 0.5, 0.5)
    return nn.Sequential(Normalise(half, half), nn.Conv2d(3, 4, 3), nn.Flatten()).eval()

# a shell starts what runs in its background with Ctrl-C ignored
signal.signal(signal.SIGINT, signal.default_int_handler)
first, second = compile_graph(prefix(), 16, "f32").model, compile_graph(prefix(), 16, "f32").model
del first
del second
third = compile_graph(prefix(), 16, "f32").model
del third
try:
    signal.raise_signal(signal.SIGINT)
except KeyboardInterrupt:
    print("stopped")
"""


def test_ctrl_c_after_several_graphs_is_an_exception_not_a_crash() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", PROGRAM],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr
