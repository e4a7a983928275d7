"""A page and its files, behind the guards that every request passes."""

import math
from collections.abc import Sequence
from pathlib import Path

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from warmstart.web.counters import Counters, CountingMiddleware
from warmstart.web.guards import (
    OwnHostMiddleware,
    OwnOriginMiddleware,
    RateMiddleware,
    SecurityHeadersMiddleware,
)

PAGES = Path(__file__).parent / "pages"


def page_routes(name: str) -> list[Route | Mount]:
    """The page at ``/``, and the files that pages are made of.

    Args:
        name: Of the page's file.
    """

    async def page(_request: Request) -> Response:
        return FileResponse(PAGES / name)

    shared: list[str | tuple[str, str]] = [("warmstart", "pages")]  # the room of that name
    return [Route("/", page), Mount("/pages", StaticFiles(directory=PAGES, packages=shared))]


def guards(counters: Counters, per_second: float, host_names: Sequence[str]) -> list[Middleware]:
    """What every request passes, from outside in.

    Args:
        counters: What counts them.
        per_second: Of one address; infinite for no bound.
        host_names: By which we may be asked, besides those of the loopback.
    """
    rate: list[Middleware] = []
    if math.isfinite(per_second):
        rate = [Middleware(RateMiddleware, per_second=per_second)]
    return [
        Middleware(CountingMiddleware, counters=counters),
        Middleware(SecurityHeadersMiddleware),
        Middleware(OwnHostMiddleware, names=tuple(host_names)),
        Middleware(OwnOriginMiddleware),
        *rate,
    ]
