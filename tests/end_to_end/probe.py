"""A sitecustomize.py that writes down what a process connects to, and where it writes.

It stands in a folder of its own on PYTHONPATH, so that every process of a run is watched from its
first import on, before any dependency loads.
"""

SITE = """
import os, sys

def note(line, log=os.open(os.environ["WATCHED"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)):
    os.write(log, (line + chr(10)).encode(errors="backslashreplace"))

MADE = {"os.mkdir": 0, "os.rename": 1, "os.link": 1, "os.symlink": 1, "sqlite3.connect": 0}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT

def watch(event, given):
    if event.startswith("socket.") and event not in {"socket.__new__", "socket.gethostname"}:
        note(f"net {event} {given[1:] if event == 'socket.connect' else given}")
    elif event == "open" and not isinstance(given[0], int) and (given[2] or 0) & WRITES:
        note("file " + os.path.abspath(os.fsdecode(given[0])))
    elif event in MADE:
        note("file " + os.path.abspath(os.fsdecode(given[MADE[event]])))

sys.addaudithook(watch)
"""
