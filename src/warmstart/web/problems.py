"""Errors as a program and a page read them: the same three lines, in JSON."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from warmstart.errors import WarmstartError

JSON = "application/json"


@dataclass(frozen=True)
class Problem:
    """What is wrong, what should be, and what to do."""

    what: str
    expected: str
    fix: str


class RequestRefusedError(Exception):
    """A request that gets no answer, with the status that says of which kind."""

    def __init__(
        self, status: int, what: str, expected: str, fix: str, headers: Mapping[str, str] = {}
    ) -> None:
        """Say what is wrong with it."""
        super().__init__(what)
        self.status, self.problem = status, Problem(what, expected, fix)
        self.headers = dict(headers)


def json_response(
    value: Any, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Plain data as JSON; numbers with every digit that they have."""
    content = msgspec.json.encode(value)
    return Response(content, status, headers, media_type=JSON)


def problem_response(
    problem: Problem, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """The three lines."""
    return json_response(problem, status, headers)


def refused(_request: Request, error: Exception) -> Response:
    """What a ``RequestRefusedError`` becomes."""
    if not isinstance(error, RequestRefusedError):
        return broken(_request, error)
    return problem_response(error.problem, error.status, error.headers)


def unprocessable(_request: Request, error: Exception) -> Response:
    """What an error of ours becomes: the picture, or a word beside it, is not what it should be."""
    if not isinstance(error, WarmstartError):
        return broken(_request, error)
    return problem_response(Problem(error.what, error.expected, error.fix), 422)


def no_such_page(request: Request, error: Exception) -> Response:
    """What Starlette refuses by itself: an unknown path, another method."""
    if not isinstance(error, HTTPException):
        return broken(request, error)
    problem = Problem(
        f"{request.method} {request.url.path[:200]}: {error.detail}.",
        "one of the paths and methods of /openapi.json.",
        "see /openapi.json.",
    )
    return problem_response(problem, error.status_code, error.headers)


def broken(_request: Request, _error: Exception) -> Response:
    """What is a fault of ours; its traceback is on the server's standard error alone."""
    problem = Problem(
        "the server failed at this request.",
        "an answer; this is a fault of warmstart.",
        "see what the server printed, and report it.",
    )
    return problem_response(problem, 500)


HANDLERS: dict[Any, Any] = {
    RequestRefusedError: refused,
    WarmstartError: unprocessable,
    HTTPException: no_such_page,
    Exception: broken,
}
