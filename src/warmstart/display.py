"""How an object shows itself: one sheet, as text in a terminal and as HTML in a notebook."""

from collections.abc import Callable
from dataclasses import dataclass, field
from html import escape

from warmstart.errors import printable

GAP = 2  # columns of text between two of a table
SCROLLS = 'style="max-width:100%;overflow-x:auto"'
DRAWN = 'style="fill:currentColor"'  # text is black unless told
FITTING = 'style="max-width:100%;height:auto"'
VALUE = 'style="text-align:left;vertical-align:top;overflow-wrap:anywhere"'
LEFT = 'style="text-align:left;vertical-align:top;white-space:nowrap"'
RIGHT = 'style="text-align:right;vertical-align:top;white-space:nowrap"'


@dataclass(frozen=True)
class SheetTable:
    """A table: ``titles`` of its columns, ``rows`` of as many cells each.

    The first ``num_names`` columns hold names and stand at the left, numbers at the right;
    ``strong`` cells (row, column) stand out; ``more`` says what is not listed.
    """

    titles: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    num_names: int = 1
    strong: frozenset[tuple[int, int]] = frozenset()
    more: str = ""


@dataclass(frozen=True)
class Sheet:
    """What an object shows: a title, ``facts`` with their names, tables, and notes.

    ``draw`` gives an <svg> element, which only a notebook shows. What ``is_told`` was printed while
    it came about, and a notebook folds it behind its title.
    """

    title: str
    facts: tuple[tuple[str, str], ...] = ()
    tables: tuple[SheetTable, ...] = ()
    notes: tuple[str, ...] = ()
    draw: Callable[[], str] | None = field(default=None, compare=False)
    is_told: bool = False


class Displayed:
    """What shows itself as its sheet, also as the value of a notebook's cell."""

    def _sheet(self) -> Sheet:
        """What there is to show; cheap, and without reading a file."""
        raise NotImplementedError

    def __repr__(self) -> str:
        """The sheet as text."""
        return sheet_text(self._sheet())

    def _repr_html_(self) -> str:
        """The sheet as HTML, which notebooks ask for; colours are those of the page around it."""
        return sheet_html(self._sheet())


def sheet_text(sheet: Sheet) -> str:
    """Lines of text; names of any script in columns."""
    wide = max((text_width(printable(name)) for name, _ in sheet.facts), default=0)
    lines = [printable(sheet.title)]
    lines += [
        f"  {pad_text(printable(name), wide)}  {printable(value)}" for name, value in sheet.facts
    ]
    for table in sheet.tables:
        lines += ["", *(f"  {line}".rstrip() for line in table_lines(table))]
    return "\n".join([*lines, *(f"note: {printable(note)}" for note in sheet.notes)])


def table_lines(table: SheetTable) -> list[str]:
    """A table as lines of text."""
    cells = [tuple(map(printable, row)) for row in (table.titles, *table.rows)]
    widths = [max(map(text_width, column)) for column in zip(*cells, strict=True)]
    lines = [
        (" " * GAP).join(
            pad_text(cell, width, is_right=place >= table.num_names)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in cells
    ]
    return lines + ([printable(table.more)] if table.more else [])


def sheet_html(sheet: Sheet) -> str:
    """A <div> without colours of its own, so that it is read on white and on black."""
    title = f"<strong>{html_of(sheet.title)}</strong>"
    begin, end = ("<details><summary>", "</summary>") if sheet.is_told else ("<div>", "")
    parts = [begin + title + end]
    if sheet.facts:
        rows = "".join(
            f'<tr><th scope="row" {LEFT}>{html_of(name)}</th><td {VALUE}>{html_of(value)}</td></tr>'
            for name, value in sheet.facts
        )
        parts.append(f"<table><tbody>{rows}</tbody></table>")
    parts += map(table_html, sheet.tables)
    parts += [f"<div><em>note:</em> {html_of(note)}</div>" for note in sheet.notes]
    if sheet.draw is not None:
        drawn = sheet.draw().replace("<svg ", f"<svg {FITTING} ", 1)
        parts.append(f"<div {DRAWN}>{drawn}</div>")
    return "\n".join([*parts, "</details>" if sheet.is_told else "</div>"])


def table_html(table: SheetTable) -> str:
    """A table that scrolls by itself where the page is narrower."""

    def cell(row: int, place: int, text: str) -> str:
        kind, scope = ("th", ' scope="row"') if place == 0 and table.num_names else ("td", "")
        inner = f"<strong>{html_of(text)}</strong>" if (row, place) in table.strong else None
        style = LEFT if place < table.num_names else RIGHT
        return f"<{kind}{scope} {style}>{inner or html_of(text)}</{kind}>"

    head = "".join(
        f'<th scope="col" {LEFT if place < table.num_names else RIGHT}>{html_of(title)}</th>'
        for place, title in enumerate(table.titles)
    )
    body = "".join(
        f"<tr>{''.join(cell(number, place, text) for place, text in enumerate(row))}</tr>"
        for number, row in enumerate(table.rows)
    )
    whole = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    more = f"<div>{html_of(table.more)}</div>" if table.more else ""
    return f"<div {SCROLLS}>{whole}</div>{more}"


def html_of(text: str) -> str:
    """A text that is only text: names of classes and files are strangers'."""
    return escape(printable(text))


def text_width(text: str) -> int:
    """Columns that a terminal needs; Chinese signs take two each, combining marks none."""
    if text.isascii():
        return len(text)
    from rich.cells import cell_len  # here: plain names need no tables of Unicode

    return int(cell_len(text))


def pad_text(text: str, width: int, *, is_right: bool = False) -> str:
    """A text filled with spaces up to so many columns."""
    space = " " * (width - text_width(text))
    return space + text if is_right else text + space


def few(count: int, word: str, words: str = "") -> str:
    """A number with its word.

    >>> few(1, "class", "classes"), few(2, "image")
    ('1 class', '2 images')
    """
    return f"{count:,} {word if count == 1 else words or word + 's'}"
