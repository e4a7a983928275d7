"""Ctrl-C is answered while the main thread is deep in something, and ends it if repeated."""

import os
import signal
import subprocess
import sys

import pytest

pytestmark = pytest.mark.skipif(os.name != "posix", reason="Windows has no such signals")

# pbkdf2_hmac lets other threads run, and hears of no signal until it is done: in some hours here
PROGRAM = """
import hashlib, os, signal
from warmstart.terminal.interrupts import Answers, answering_interrupts

signal.signal(signal.SIGINT, lambda number, frame: None)
with answering_interrupts(Answers(lambda: os._exit(77))):
    print("begun", flush=True)
    hashlib.pbkdf2_hmac("sha256", b"a", b"b", 2**31 - 1)
"""


def test_the_first_press_is_answered_at_once_and_the_second_ends_it() -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stderr is not None
    try:
        assert process.stdout.readline() == "begun\n", process.communicate()[1]
        process.send_signal(signal.SIGINT)
        assert process.stderr.readline() == "\n"
        assert process.stderr.readline().startswith("stopping: ")
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=60) == 77
    finally:
        process.kill()
        process.communicate()


ELSEWHERE = """
import signal, socket, threading
from warmstart.terminal.interrupts import Answers, answering_interrupts

here, there = socket.socketpair()
there.setblocking(False)
signal.set_wakeup_fd(there.fileno())
with answering_interrupts(Answers()):
    assert not [one for one in threading.enumerate() if one.name == "ctrl-c"]
assert signal.set_wakeup_fd(-1) == there.fileno()
signal.signal(signal.SIGINT, signal.SIG_IGN)
with answering_interrupts(Answers()):
    assert signal.set_wakeup_fd(-1) == -1
signal.signal(signal.SIGINT, signal.default_int_handler)
with answering_interrupts(Answers()):
    assert [one for one in threading.enumerate() if one.name == "ctrl-c"]
assert signal.set_wakeup_fd(-1) == -1
print("done")
"""


def test_whoever_listens_already_goes_on_doing_so() -> None:
    done = subprocess.run(
        [sys.executable, "-c", ELSEWHERE], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr
