"""What a caller passed → what was meant, or a refusal in words.

A reader takes an argument's name and its value, and gives the value as the program wants it. Public
functions name a reader for each argument (``reads``), so that junk is refused at the door, and
numpy's numbers, numbers as text and ``os.PathLike`` are what they look like everywhere.
"""

import contextlib
import functools
import inspect
import os
from collections.abc import Callable, Iterable, Mapping
from math import isfinite
from numbers import Integral, Real
from pathlib import Path
from reprlib import Repr
from typing import Any, NoReturn, ParamSpec, TypeAlias, TypeVar

from warmstart.errors import SettingError
from warmstart.files.remote_reading import as_place
from warmstart.words import explain_keyword

T = TypeVar("T")
P = ParamSpec("P")
Reader: TypeAlias = Callable[[str, Any], T]
LONGEST_NAME, LONGEST_PATH = 255, 4096  # bytes: beyond, the system's own calls raise
LARGEST_SEED = 2**63 - 1  # what all generators of random numbers take

LONGEST_SHOWN = 80  # signs of a value, in an error


def reads(**readers: Reader[Any]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Let a function's arguments pass through readers; a default is as it stands.

    Args:
        **readers: By the argument's name.
    """

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        signature = inspect.signature(function)

        @functools.wraps(function)
        def door(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                bound = signature.bind(*args, **kwargs)
            except TypeError as error:
                unknown = [name for name in kwargs if name not in signature.parameters]
                told = explain_keyword(function.__name__, str(error), unknown)
                raise TypeError(told) from None
            for name, value in bound.arguments.items():
                if name in readers and value is not signature.parameters[name].default:
                    bound.arguments[name] = readers[name](name, value)
            return function(*bound.args, **bound.kwargs)

        return door

    return decorate


def read_fields(instance: object, **readers: Reader[Any]) -> None:
    """Let the fields of a dataclass, also a frozen one, pass through readers.

    Args:
        instance: In its ``__post_init__``.
        **readers: By the field's name.
    """
    for name, reader in readers.items():
        object.__setattr__(instance, name, reader(name, getattr(instance, name)))


def shortly(value: object) -> str:
    """What an error shows of a value: an array of a million numbers in one line.

    >>> shortly([1, 2]), len(shortly("x" * 1000))
    ('[1, 2]', 80)
    """
    shown = Repr()
    shown.maxstring = shown.maxother = LONGEST_SHOWN
    return " ".join(shown.repr(value).split())


def refuse(
    name: str, value: object, expected: str, example: object, *, flag: str | None = None
) -> NoReturn:
    """Refuse a value that no reader can make sense of.

    Args:
        name: The argument's.
        value: What was passed.
        expected: What may be.
        example: A value to pass instead.
        flag: The option of the shell, if it is called otherwise.

    Raises:
        SettingError: always.
    """
    option = flag or "--" + name.replace("_", "-")
    raise SettingError(
        f"{name}={shortly(value)} has no meaning.",
        expected=f"{expected}.",
        fix=f"pass {name}={example!r}."
        if name.isidentifier()
        else f"put {example!r} in its place.",
        flags=(option,) if isinstance(example, bool) else (option, str(example)),
    )


def number_in(value: Any) -> float | int | None:
    """A finite number as Python's own, also numpy's or one in text; None where there is none.

    >>> number_in("1e-3"), number_in("7"), number_in(True), number_in("inf")
    (0.001, 7, None, None)
    """
    if getattr(value, "ndim", None) == 0 and hasattr(value, "item"):
        value = value.item()  # of numpy or torch
    if isinstance(value, str):
        value = in_text(value)
    if isinstance(value, bool) or not isinstance(value, Real):
        return None
    try:
        if not isfinite(value):
            return None
        return int(value) if isinstance(value, Integral) else float(value)
    except OverflowError:  # an integer that no float can hold
        return None


def in_text(value: str) -> float | int | None:
    """The number that a text writes out."""
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            return kind(value)
    return None


def whole(
    least: int = -LARGEST_SEED,
    most: int = LARGEST_SEED,
    *,
    example: int | None = None,
    why: str = "",
    flag: str | None = None,
) -> Reader[int]:
    """A reader of whole numbers.

    Args:
        least: The smallest that has a meaning.
        most: The largest.
        example: One that an error tells; None is the smallest, or 0.
        why: A reason behind the bounds.
        flag: As for ``refuse``.

    >>> whole(1)("epochs", "3")
    3
    """
    bounds = f" of at least {least}" if least > -LARGEST_SEED else ""
    if most < LARGEST_SEED:
        bounds = f" from {least} to {most}"
    shown = max(least, 0) if example is None else example

    def read(name: str, value: object) -> int:
        number = number_in(value)
        if number is None or int(number) != number or not least <= number <= most:
            refuse(name, value, f"a whole number{bounds}{why}", shown, flag=flag)
        return int(number)

    return read


def real(
    example: float | int,
    *,
    least: float | int = float("-inf"),
    above: float | int = float("-inf"),
    most: float | int = float("inf"),
    below: float | int = float("inf"),
    flag: str | None = None,
) -> Reader[float]:
    """A reader of finite numbers.

    Args:
        example: One that an error tells.
        least: The smallest that has a meaning.
        above: Or what it has to be above.
        most: The largest.
        below: Or what it has to be below.
        flag: As for ``refuse``.
    """
    low = f"[{least:g}" if least > above else f"({above:g}"
    high = f"{most:g}]" if most < below else f"{below:g})"
    expected = f"a finite number in {low}, {high}"

    def read(name: str, value: object) -> float:
        number = number_in(value)
        if number is None or not (least <= number <= most and above < number < below):
            refuse(name, value, expected, example, flag=flag)
        return float(number)

    return read


def one_of(*choices: str | None, flag: str | None = None) -> Reader[Any]:
    """A reader of one of a few words.

    Args:
        *choices: What there is, an example first.
        flag: As for ``refuse``.
    """

    def read(name: str, value: object) -> str | None:
        if not (value is None or isinstance(value, str)) or value not in choices:
            listed = " or ".join(repr(choice) for choice in choices)
            refuse(name, value, listed, choices[0], flag=flag)
        return value

    return read


def folder(name: str, value: object) -> Path:
    """The path of a folder that is there, or is yet to be made."""
    found = path(name, value)
    if found.is_file():
        refuse(name, value, "a folder, which may be made; this is a file", f"{found}-folder")
    return found


def new_file(name: str, value: object) -> Path:
    """The path of a file that is to be written."""
    found = path(name, value)
    if found.is_dir():
        refuse(name, value, "a file, which may be made; this is a folder", str(found / name))
    return found


def optional(reader: Reader[T]) -> Reader[T | None]:
    """A reader that lets None pass."""

    def read(name: str, value: object) -> T | None:
        return None if value is None else reader(name, value)

    return read


def each(reader: Reader[T], number: int | None = None) -> Reader[tuple[T, ...]]:
    """A reader of several values, each of which another one reads.

    Args:
        reader: The other one.
        number: How many; None is any number.
    """

    def read(name: str, value: object) -> tuple[T, ...]:
        several: list[Any] | None = None
        if isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping)):
            with contextlib.suppress(TypeError):  # of an array without an axis
                several = list(value)
        if several is None or number not in {None, len(several)}:
            how_many = "a list of values" if number is None else f"a list of {number} values"
            raise SettingError(
                f"{name}={shortly(value)} has no meaning.",
                expected=f"{how_many}.",
                fix=f"pass {name} as a list or tuple.",
            )
        return tuple(reader(f"{name}[{place}]", item) for place, item in enumerate(several))

    return read


def one_or_each(reader: Reader[T]) -> Reader[T | tuple[T, ...]]:
    """A reader of one value, or of several in a list."""

    def read(name: str, value: object) -> T | tuple[T, ...]:
        is_listed = isinstance(value, Iterable) and not isinstance(value, str)
        has_axis = getattr(value, "ndim", 1) != 0
        return each(reader)(name, value) if is_listed and has_axis else reader(name, value)

    return read


def instance_of(kind: Any, how: str) -> Reader[Any]:
    """A reader that takes objects of one class only.

    Args:
        kind: The class, which may be abstract.
        how: What makes such an object, to be typed.
    """

    def read(name: str, value: object) -> Any:
        if not isinstance(value, kind):
            raise SettingError(
                f"{name}={shortly(value)} is of {type(value).__name__}.",
                expected=f"{kind.__name__}.",
                fix=f"pass {name}={how}.",
            )
        return value

    return read


def flag(name: str, value: object) -> bool:
    """Yes or no."""
    is_number = isinstance(value, Integral) and value in {0, 1}
    if is_number or type(value).__name__ in {"bool", "bool_"}:  # numpy has its own
        return bool(value)
    refuse(name, value, "True or False", example=True)


def text(name: str, value: object) -> str:
    """A text."""
    return str(instance_of(str, "a text, in quotes")(name, value))


def path(name: str, value: object) -> Path:
    """A path that the system can be asked about, whether or not something is there."""
    if isinstance(value, (str, os.PathLike)) and str(value):
        with contextlib.suppress(UnicodeEncodeError):  # half of a pair of surrogates
            raw = os.fsencode(value)
            longest = max(map(len, raw.replace(b"\\", b"/").split(b"/")))
            if 0 not in raw and len(raw) < LONGEST_PATH and longest <= LONGEST_NAME:
                return as_place(os.fsdecode(raw))
    refuse(name, value, "the path of a file or folder", "photos")


def bytes_told(variable: str, *, example: int, also: str = "") -> int | None:
    """What a variable of the environment says in gigabytes, as bytes; None where it is not set.

    Args:
        variable: Its name.
        example: A size that an error tells.
        also: What else it tells of sizes.

    Raises:
        SettingError: it is not a size.
    """
    given = os.environ.get(variable)
    if given is None:
        return None
    gigabytes = -1.0
    with contextlib.suppress(ValueError):
        gigabytes = float(given)
    if not 0 <= gigabytes < float("inf"):
        raise SettingError(
            f"{variable}={given!r} is not a size.",
            expected=f"gigabytes, such as {example}{also}.",
            fix=f"export {variable}={example}",
        )
    return int(gigabytes * 1e9)


seed = whole(0, LARGEST_SEED)
