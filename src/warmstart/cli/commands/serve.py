"""`warmstart serve`: a page and an API that answer with a saved model, on this computer."""

from typing import Annotated

import typer

from warmstart.cli.commands import options
from warmstart.cli.commands.model import ModelOrName, check_is_model, is_published
from warmstart.errors import SettingError
from warmstart.terminal.colour import notify, show_lines

Host = Annotated[
    str, typer.Option(help="Address to listen at; any but this one can be asked by others.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="0 is any that is free.")]
LOOPBACK = "127.0.0.1"


def serve_command(
    model: ModelOrName,
    host: Host = LOOPBACK,
    port: Port = 8000,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A host name by which others ask, with --host; may be repeated."),
    ] = None,
    max_mb: Annotated[int, typer.Option(min=1, max=128, help="Megabytes of one picture.")] = 32,
    rate: Annotated[
        float, typer.Option(min=0.1, help="Requests a second that one address may make.")
    ] = 100.0,
    waiting: Annotated[
        int, typer.Option(min=1, help="Requests that may wait; more are told to come again.")
    ] = 64,
    device: options.Device = "auto",
) -> None:
    """Answer with a model on a web page, and by an API, until Ctrl-C."""
    from warmstart.web.server import (
        address_of,
        check_extra,
        is_loopback,
        listening_socket,
        run_server,
    )

    check_extra("serve")
    check_host_names(host, name)
    if not is_published(model):
        check_is_model(model)
    taken = listening_socket(host, port)
    with taken:
        if not is_loopback(host):
            warn_of_others(host)
        from warmstart.inference.loading import load_predictor  # torch loads here, not for --help
        from warmstart.web.predict_app import predict_app
        from warmstart.web.settings import MEGABYTE, ServeLimits

        predictor = load_predictor(model, device=device)
        limits = ServeLimits(most_bytes=max_mb * MEGABYTE, per_second=rate, most_waiting=waiting)
        app = predict_app(predictor, limits, own_names(host, name))
        address = address_of(taken)
        run_server(app, taken, lambda: show_lines(f"{address}\nCtrl-C ends it."))


def check_host_names(host: str, names: list[str] | None) -> None:
    """See that names are given only where others may ask.

    Raises:
        SettingError: they would do nothing.
    """
    if names and host == LOOPBACK:
        raise SettingError(
            "--name would do nothing: only this computer can ask.",
            expected="--name with --host.",
            fix="pass --host 0.0.0.0, or omit --name.",
            flags=("--host", "0.0.0.0"),
        )


def own_names(host: str, names: list[str] | None) -> list[str]:
    """By which names the server may be asked, besides those of the loopback."""
    import socket

    if host == LOOPBACK:
        return []
    own = socket.gethostname()
    return [host, own, f"{own}.local", *(names or ())]


def warn_of_others(host: str) -> None:
    """Say what it means to listen at an address that others can reach."""
    notify(
        f"everybody who can reach {host} can ask this model; nothing is encrypted, and nobody is "
        "asked for a password."
    )
