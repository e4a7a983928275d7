"""An application listens at an address until Ctrl-C."""

import ipaddress
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from warmstart.errors import SettingError

if TYPE_CHECKING:
    from starlette.types import ASGIApp

GRACE_SECONDS = 5  # for requests under way after Ctrl-C
KEEP_ALIVE_SECONDS = 5
MOST_CONNECTIONS = 512
MOST_TRIED = 20  # ports after one that is in use


def check_extra(command: str) -> None:
    """See that the packages of the extra are there.

    Args:
        command: What needs them.

    Raises:
        SettingError: they are not.
    """
    try:
        import starlette  # noqa: F401
        import uvicorn  # noqa: F401
    except ImportError as error:
        raise SettingError(
            f"warmstart {command} needs the package {error.name}, which is not installed.",
            expected="the optional part of this package that brings it.",
            fix="pip install 'warmstart[serve]'",
        ) from error


def listening_socket(host: str, port: int) -> socket.socket:
    """A socket at an address; taken before anything slow, so that nobody waits in vain.

    Args:
        host: A name or address.
        port: 0 is any that is free.

    Raises:
        SettingError: it cannot be had.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except (OSError, UnicodeError) as error:
        raise SettingError(
            f"--host {host} is no address of this computer ({error}).",
            expected="an address such as 127.0.0.1, or 0.0.0.0 for all of them.",
            fix="omit --host.",
        ) from error
    found = socket.socket(family, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(address)
        found.listen()
    except OSError as error:
        found.close()
        free = free_port(family, host, port)
        raise SettingError(
            f"port {port} of {host} cannot be had ({error.strerror or error}).",
            expected="a port that nobody listens at.",
            fix=f"pass --port {free}.",
            flags=("--port", str(free)),
        ) from error
    return found


def free_port(family: int, host: str, port: int) -> int:
    """One of the ports that come next, if it is free; else 0, which is any."""
    for number in range(port + 1, min(port + MOST_TRIED, 65_535) + 1):
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            try:
                probe.bind((host, number))
            except OSError:
                continue
            return number
    return 0


def is_loopback(host: str) -> bool:
    """Whether only this computer can reach an address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def address_of(taken: socket.socket) -> str:
    """What to type into a browser on this computer."""
    host, port = taken.getsockname()[:2]
    if ipaddress.ip_address(host).is_unspecified:
        host = socket.gethostname()
    return f"http://{f'[{host}]' if ':' in host else host}:{port}/"


def run_server(app: "ASGIApp", taken: socket.socket, announce: Callable[[], None]) -> None:
    """Serve until Ctrl-C or SIGTERM; what is under way is answered first.

    Args:
        app: The application.
        taken: Where it listens.
        announce: Called when it does.
    """
    import uvicorn

    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="error",
        access_log=False,  # names nobody and nothing
        server_header=False,
        proxy_headers=False,  # whoever asks is who is connected, whatever a header says
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
        ws="none",
        lifespan="on",
    )

    class AnnouncedServer(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup(sockets)
            if self.started:
                announce()

    AnnouncedServer(config).run(sockets=[taken])
