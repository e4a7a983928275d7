"""The words behind the question mark of a request, compared with what they may be."""

from dataclasses import dataclass, fields
from typing import NoReturn, TypeVar

import msgspec
from starlette.requests import Request

from warmstart.errors import printable
from warmstart.web.answering import ModelAbout
from warmstart.web.problems import RequestRefusedError

Query = TypeVar("Query")
UNREADABLE = ("raise", "use")


@dataclass(frozen=True)
class PredictQuery:
    """What may be asked besides: a set, fewer classes, what is left of a damaged JPEG."""

    confidence: float | None = None
    top: int | None = None
    on_unreadable: str = "raise"

    def check(self, about: ModelAbout) -> None:
        """See that a model can do it.

        Args:
            about: The model.
        """
        check_unreadable(self.on_unreadable)
        if self.top is not None and self.top < 1:
            refuse_query(f"top={self.top}", "a number of classes, of at least 1", "top=3")
        if self.confidence is None:
            return
        if not 0 < self.confidence < 1:
            refuse_query(
                f"confidence={self.confidence}", "a share above 0 and below 1", "confidence=0.9"
            )
        if not about.has_sets:
            refuse_query(
                f"confidence={self.confidence}", "no confidence: this model makes no sets", ""
            )


@dataclass(frozen=True)
class ExplainQuery:
    """Which class it is asked about, by its name."""

    class_name: str
    on_unreadable: str = "raise"

    def number(self, about: ModelAbout) -> int:
        """The class's position.

        Args:
            about: The model.
        """
        check_unreadable(self.on_unreadable)
        if not about.has_explanations:
            refuse_query("explain", "a model that warmstart trained", "")
        if self.class_name not in about.classes:
            refuse_query(
                f"class_name={self.class_name[:80]!r}", "one of the classes of /api/model",
                f"class_name={about.classes[0]}",
            )  # fmt: skip
        return about.classes.index(self.class_name)


def check_unreadable(value: str) -> None:
    """See that it says what to do with damaged JPEGs."""
    if value not in UNREADABLE:
        refuse_query(f"on_unreadable={value[:80]!r}", "raise or use", "on_unreadable=use")


def read_query(request: Request, kind: type[Query]) -> Query:
    """The query of a request as a record.

    Args:
        request: Whose words are read, each of them once.
        kind: What they must be.
    """
    pairs = request.query_params.multi_items()
    words = dict(pairs)
    names = [each.name for each in fields(kind)]  # type: ignore[arg-type]
    for name, _ in pairs:
        if name not in names:
            refuse_query(f"{name[:80]!r}", "one of: " + ", ".join(names), "")
    if len(words) < len(pairs):
        refuse_query("a word that is given twice", "each word once", "")
    try:
        return msgspec.convert(words, kind, strict=False)
    except msgspec.ValidationError as error:
        refuse_query(str(error)[:200], "words as in /openapi.json", "")


def refuse_query(what: str, expected: str, fix: str) -> NoReturn:
    """What is said of a word that cannot be.

    Args:
        what: The word.
        expected: What it may be.
        fix: A word that would do; "" leaves it out.

    Raises:
        RequestRefusedError: always.
    """
    raise RequestRefusedError(
        400,
        f"the query does not fit: {printable(what)}.",
        f"{expected}.",
        f"write ?{fix}" if fix else "leave it out.",
    )
