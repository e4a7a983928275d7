"""What comes from a file, compared with the dataclass that it must be.

A field that is missing, unknown, given twice, of another kind or not finite is refused and named;
what a dataclass itself refuses in ``__post_init__`` is refused in its words.
"""

import json
import tomllib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from functools import cache
from math import isfinite
from types import UnionType
from typing import Any, NoReturn, TypeVar, Union, get_args, get_origin, get_type_hints

from warmstart.errors import FileError, WarmstartError, printable

T = TypeVar("T")
MOST_SHOWN = 200  # signs of a reason


def parse_json(text: str | bytes, schema: type[T], name: str) -> T:
    """Read one JSON value.

    Args:
        text: The file's content.
        schema: The dataclass that its value must be.
        name: What errors call the file.
    """
    return convert(plain_json(text, name), schema, name)


def plain_json(text: str | bytes, name: str, *, has_infinity: bool = False) -> Any:
    """Plain data of a JSON text, every number of it finite, no key given twice.

    Args:
        text: The file's content.
        name: What errors call the file.
        has_infinity: Infinity and NaN may stand there, as Python writes them.
    """
    number = float if has_infinity else finite_number
    return parse_with(
        lambda: json.loads(
            text, parse_float=number, parse_constant=number, object_pairs_hook=distinct_keys
        ),
        "JSON",
        name,
    )


def json_table(text: str | bytes, name: str, *, has_infinity: bool = False) -> dict[str, Any]:
    """Plain data of a JSON text that is an object.

    Args:
        text: The file's content.
        name: What errors call the file.
        has_infinity: As for ``plain_json``.

    Returns:
        Values by key; what is no object is refused.

    >>> json_table('{"rows": 2}', "card.json")
    {'rows': 2}
    """
    found = plain_json(text, name, has_infinity=has_infinity)
    if not isinstance(found, dict):
        refuse_file(name, "is no table of names and values")
    return found


def plain_toml(text: str, name: str) -> dict[str, Any]:
    """Plain data of a TOML text, every number of it finite."""
    found: dict[str, Any] = parse_with(
        lambda: tomllib.loads(text, parse_float=finite_number), "TOML", name
    )
    return found


def parse_with(parse: Callable[[], Any], language: str, name: str) -> Any:
    """What a parser finds."""
    try:
        return parse()
    except (ValueError, RecursionError) as error:  # also text that is no UTF-8
        reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
        refuse_file(name, f"is no {language} of ours: {reason}")


def finite_number(text: str) -> float:
    """A number.

    Raises:
        ValueError: it is none, or too large.
    """
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text} is no finite number")
    return value


def distinct_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A JSON object.

    Raises:
        ValueError: a key is given twice.
    """
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ValueError(f"{key!r} is given twice")
        found[key] = value
    return found


def convert(value: Any, schema: type[T], name: str) -> T:
    """Plain data → what it stands for.

    Args:
        value: As JSON or TOML have it.
        schema: A dataclass, or another type that it must be.
        name: What errors call its source.
    """
    import msgspec  # here: only what reads a file needs it

    unknown = next(unknown_keys(value, schema, "$"), None)
    if unknown is not None:
        refuse_file(name, f"has an unknown key: {unknown}")
    try:
        return msgspec.convert(value, schema)
    except (msgspec.ValidationError, RecursionError) as error:
        cause = error.__cause__
        reason = cause.what if isinstance(cause, WarmstartError) else str(error)
        refuse_file(name, f"is not as it was written: {reason}")


def unknown_keys(value: Any, schema: Any, place: str) -> Iterator[str]:
    """Where a value has keys that its dataclass has no field for."""
    if not holds_dataclass(schema):
        return
    arguments = get_args(schema)
    if is_dataclass(schema) and isinstance(schema, type):
        hints = hints_of(schema)
        for key, part in value.items() if isinstance(value, dict) else ():
            if key not in hints:
                yield f"{place}.{key}"
            yield from unknown_keys(part, hints.get(key), f"{place}.{key}")
    elif get_origin(schema) in {Union, UnionType}:
        for one in arguments:
            yield from unknown_keys(value, one, place)
    else:  # a tuple, or a table
        for key, part in entries(value):
            yield from unknown_keys(part, arguments[0 if is_list(value) else 1], f"{place}[{key}]")


def is_list(value: Any) -> bool:
    """Whether plain data is a list."""
    return isinstance(value, list)


def entries(value: Any) -> Iterable[tuple[Any, Any]]:
    """What a list or a table holds, with its place there; nothing of anything else."""
    if is_list(value):
        return enumerate(value)
    return value.items() if isinstance(value, dict) else ()


@cache
def holds_dataclass(schema: Any) -> bool:
    """Whether something of a type may be a dataclass."""
    return is_dataclass(schema) or any(holds_dataclass(one) for one in get_args(schema))


@cache
def hints_of(schema: type) -> dict[str, Any]:
    """The types of a dataclass's fields."""
    hints = get_type_hints(schema)
    return {field.name: hints[field.name] for field in fields(schema) if field.init}


def refuse_file(name: str, what: str) -> NoReturn:
    """Say what is wrong with a file.

    Args:
        name: Of the file.
        what: What it is or has, such as "has no rows".

    Raises:
        FileError: always.
    """
    what = what if len(what) <= MOST_SHOWN else what[:MOST_SHOWN] + " …"
    raise FileError(
        f"{name} {printable(what)}.",
        expected="the file as warmstart wrote it.",
        fix="copy it again from where it was made.",
    )
