"""How arguments that say how a table is written are read, by their names."""

from typing import Any

from warmstart.arguments import Reader, flag, one_or_each, path, refuse, text, whole


def read_place(name: str, value: Any) -> str:
    """A folder within another; "" is that one itself."""
    return "" if isinstance(value, str) and not value else str(path(name, value))


def read_column(name: str, value: Any) -> str | int:
    """A column, by its title or its position."""
    return value if isinstance(value, str) else whole()(name, value)


def read_delimiter(name: str, value: Any) -> str:
    """One sign between cells."""
    if not isinstance(value, str) or len(value) != 1 or value in '"\r\n\0':
        refuse(name, value, "one sign", ",")
    return value


TABLE_READERS: dict[str, Reader[Any]] = {
    "suffix": text,
    "header": flag,
    "delimiter": read_delimiter,
    "encoding": text,
    "name_column": read_column,
    "label_column": one_or_each(read_column),
    "split_column": read_column,
    "label_sep": text,
}
