"""Ray, started on this computer for one job, or a cluster that is there.

What is started here listens on loopback alone, shows no dashboard, sends no statistics, asks for a
token, and writes into the temporary folder, from which it is removed in the end.
"""

import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from warmstart.batches.source import num_cores
from warmstart.errors import ClusterError
from warmstart.files.quiet import temporary_folder, variables_set
from warmstart.files.writing import is_running

NUM_STARTS = 3
STORE_BYTES = 200 << 20  # of Ray's own memory: batches and names pass through it, no pixels
LONGEST_FOLDER = 42  # of the 107 signs that a socket's path may have, Ray takes 64 more
SESSION = "ray-"  # how the names of its folders begin, with the process's number behind


@contextmanager
def ray_session(address: str | None, num_cpus: int | None = None) -> Iterator[Any]:
    """Ray, connected; what was started here ends with the context.

    Args:
        address: Of a cluster: "auto", "host:6379" or "ray://host:10001"; None starts Ray here.
        num_cpus: How many cores it is told to have here; None is all that this process may use.
    """
    folder = None if address else session_folder()
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        with variables_set(variables(folder)):
            ray = load_ray()
            connect(ray, address, folder, num_cpus or num_cores())
            for number, handler in before.items():  # Ray takes SIGTERM for itself
                with suppress(ValueError, TypeError):  # another thread
                    signal.signal(number, handler)
            try:
                yield ray
            finally:
                ray.shutdown()
    finally:
        if folder is not None:
            shutil.rmtree(folder, ignore_errors=True)


def connect(ray: Any, address: str | None, folder: Path | None, num_cpus: int) -> None:
    """Start Ray, or find a cluster; on a busy computer a start may fail, and is tried again.

    Args:
        ray: Its module.
        address: Of a cluster; None starts Ray here.
        folder: Where it then writes.
        num_cpus: How many cores it then has.

    Raises:
        ClusterError: that is not possible.
    """
    options: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
    if folder is None:
        options["address"] = address
    else:
        options |= {
            "num_cpus": num_cpus,
            "include_dashboard": False,
            "object_store_memory": STORE_BYTES,
            "_temp_dir": str(folder),
            "_node_ip_address": "127.0.0.1",
        }
    for left in reversed(range(NUM_STARTS if folder else 1)):
        try:
            ray.init(**options)
            return
        except Exception as error:
            ray.shutdown()
            if not left:
                what = f"Ray at {address} cannot be reached" if address else "Ray does not start"
                raise ClusterError(
                    f"{what}: {last_line(error)}",
                    expected="a cluster that ray start began, or a computer on which Ray runs.",
                    fix="look at the address (ray status), or pass --engine local.",
                ) from error


def last_line(error: Exception) -> str:
    """Of what Ray tells, which begins with a trace."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    return lines[-1].strip() if lines else type(error).__name__


def load_ray() -> Any:
    """Ray's module.

    Raises:
        ClusterError: it is not installed.
    """
    try:
        import ray  # here: it takes a second, and few have it
    except ImportError as error:
        raise ClusterError(
            "Ray is not installed.",
            expected="the package ray, for --engine ray.",
            fix='pip install "warmstart[cluster]"',
        ) from error
    return ray


def variables(folder: Path | None) -> dict[str, str]:
    """What Ray, and whatever it starts, is told by the environment.

    Args:
        folder: Its own; None where it runs already.
    """
    told = {"RAY_USAGE_STATS_ENABLED": "0"}
    if folder is None:
        return told
    code = str(Path(__file__).parents[2])
    paths = [code, *filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))]
    return told | {
        # on Linux as elsewhere: servers on loopback alone (without it they listen to everybody)
        "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
        "RAY_AUTH_MODE": "token",
        "RAY_AUTH_TOKEN": secrets.token_hex(32),  # else it writes one into HOME
        "RAY_gcs_server_port_wait_time_s": "120",
        "RAY_OBJECT_STORE_ALLOW_SLOW_STORAGE": "1",  # where /dev/shm is small
        "PYTHONPATH": os.pathsep.join(dict.fromkeys(paths)),
    }


def session_folder() -> Path:
    """A new folder for what Ray writes; those of processes that are gone are removed.

    Raises:
        ClusterError: the temporary folder's name is too long for Ray's sockets.
    """
    place = temporary_folder()
    for left in place.glob(f"{SESSION}*"):
        number = left.name.removeprefix(SESSION)
        if number.isdecimal() and not is_running(int(number)):
            shutil.rmtree(left, ignore_errors=True)
    folder = place / f"{SESSION}{os.getpid()}"
    if len(str(folder)) > LONGEST_FOLDER:
        raise ClusterError(
            f"{folder} is too long a name for the sockets that Ray makes in it.",
            expected=f"at most {LONGEST_FOLDER} signs.",
            fix="export TMPDIR=/tmp",
        )
    folder.mkdir(parents=True, exist_ok=True)
    return folder
