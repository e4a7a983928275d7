"""Options of commands: what several share, and those that a record's fields name."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, Field, fields
from inspect import Parameter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    pass

Device = Annotated[str, typer.Option(help="auto, cpu, cuda or mps.")]
OnUnreadable = Annotated[
    str,
    typer.Option(help="Pictures that cannot be read: raise; use: what is left of damaged JPEGs."),
]
Confidence = Annotated[
    float | None,
    typer.Option(help="Sets of classes that hold the truth so often, such as 0.9; default: none."),
]
CacheDir = Annotated[Path | None, typer.Option(help="Where activations are kept.")]
PLACE = "settings"  # the parameter that takes the record


def with_options(kind: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Let a command take a record, and the shell each of the record's fields.

    Args:
        kind: A dataclass whose fields are annotated as typer wants parameters to be.

    Returns:
        A decorator for commands with a parameter ``settings``. A parameter of the command's own
        that has the name of a field says how the shell gives that field, and gets its value too.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        own = inspect.signature(command, eval_str=True).parameters
        expanded: list[Parameter] = []
        for name, parameter in own.items():
            expanded += option_parameters(kind, own) if name == PLACE else [parameter]

        def run(**values: Any) -> None:
            record = kind(**{one.name: values[one.name] for one in fields(kind)})
            command(**{name: record if name == PLACE else values[name] for name in own})

        run.__name__, run.__doc__ = command.__name__, command.__doc__
        keywords = [one.replace(kind=Parameter.KEYWORD_ONLY) for one in expanded]
        run.__signature__ = inspect.Signature(keywords)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in keywords}
        return run

    return decorate


def option_parameters(kind: type, own: Any) -> list[Parameter]:
    """A parameter for each field that the command does not name itself."""
    return [option_parameter(one) for one in fields(kind) if one.name not in own]


def option_parameter(one: "Field[Any]") -> Parameter:
    """A field as a parameter."""
    default = Parameter.empty if one.default is MISSING else one.default
    return Parameter(one.name, Parameter.KEYWORD_ONLY, default=default, annotation=one.type)


def first_line(command: Callable[..., None]) -> str:
    """What a command does; the errors that its docstring names are for programmers."""
    return (command.__doc__ or "").partition("\n")[0]
