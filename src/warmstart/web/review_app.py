"""The application behind ``warmstart review``: pictures, decisions, and what comes of them."""

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import msgspec
from anyio.to_thread import run_sync
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from warmstart.images.decode import decode
from warmstart.images.image_file import read_image_file
from warmstart.web.counters import Counters
from warmstart.web.intake import Intake
from warmstart.web.page import guards, page_routes
from warmstart.web.problems import HANDLERS, RequestRefusedError, json_response
from warmstart.web.review import Decision, JournalLine, Review, ReviewItem

SHOWN_SIDE = 900  # pixels of the longer side; a person sees what it is
QUALITY = 88  # of a JPEG, of 100
MOST_BYTES = 100_000  # of a decision
DECISIONS, PICTURE = "/api/decisions", "/api/pictures/{number:int}"


@dataclass(frozen=True)
class ReviewAnswer:
    """All that the page shows."""

    title: str
    is_unlabelled: bool
    classes: tuple[str, ...]
    items: tuple[ReviewItem, ...]
    decisions: dict[str, Decision]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class ExportAnswer:
    """What was written, and what to type now."""

    file: str
    command: str
    num_rows: int


class ReviewServer:
    """One review, and what its routes do."""

    def __init__(self, review: Review, export: Callable[[], ExportAnswer]) -> None:
        """Take a review.

        Args:
            review: The list and its journal.
            export: Writes what was decided as a CSV.
        """
        self.review, self.export_file = review, export
        self.intake = Intake(MOST_BYTES, 10 * MOST_BYTES, 10.0)

    async def show(self, _request: Request) -> Response:
        """The list, and what was decided."""
        of = self.review.of
        answer = ReviewAnswer(
            of.title, of.is_unlabelled, of.classes, of.items, self.review.standing, of.notes
        )
        return json_response(answer)

    async def picture(self, request: Request) -> Response:
        """One picture of the list, as a JPEG of moderate size.

        Raises:
            RequestRefusedError: the list is shorter.
        """
        number = request.path_params["number"]
        items = self.review.of.items
        if number >= len(items):
            raise RequestRefusedError(
                404, f"there is no picture {number}.", f"0 to {len(items) - 1}.", "load it anew."
            )
        name = items[number].name
        path = self.review.of.files[name]
        content = await run_sync(lambda: shown_picture(read_image_file(path, name), name))
        return Response(content, media_type="image/jpeg")

    async def decide(self, request: Request) -> Response:
        """A click: it is on the disk when this answers.

        Raises:
            RequestRefusedError: it is no JSON of a decision.
        """
        async with self.intake.body(request) as content:
            try:
                line = msgspec.json.decode(content, type=JournalLine)
            except msgspec.DecodeError as error:
                raise RequestRefusedError(
                    400, f"the body is no decision: {error}.",
                    '{"action": "relabel", "name": "a.jpg", "label": "cat"}.', "send that.",
                ) from error  # fmt: skip
        await run_sync(partial(self.review.decide, line))
        return json_response(self.review.standing)

    async def export(self, _request: Request) -> Response:
        """Write the CSV; say what to type."""
        return json_response(await run_sync(self.export_file))

    async def healthz(self, _request: Request) -> Response:
        """Whether it answers."""
        return PlainTextResponse("ok\n")


def shown_picture(content: bytes, name: str) -> bytes:
    """A JPEG to look at, whatever format the file has, upright.

    Args:
        content: The file's bytes.
        name: What errors call it.
    """
    image = decode(content, name, at_least=SHOWN_SIDE, use_damaged=True)
    image.thumbnail((SHOWN_SIDE, SHOWN_SIDE), Image.Resampling.LANCZOS)
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def review_app(
    review: Review, export: Callable[[], ExportAnswer], host_names: Sequence[str] = ()
) -> Starlette:
    """The page and the API of one review.

    Args:
        review: The list and its journal.
        export: Writes what was decided as a CSV.
        host_names: By which it may be asked, besides those of the loopback.
    """
    server = ReviewServer(review, export)
    paths = frozenset({"/", "/api/review", DECISIONS, "/api/export"})
    return Starlette(
        routes=[
            Route("/api/review", server.show),
            Route(PICTURE, server.picture),
            Route(DECISIONS, server.decide, methods=["POST"]),
            Route("/api/export", server.export, methods=["POST"]),
            Route("/healthz", server.healthz),
            *page_routes("review.html"),
        ],
        middleware=guards(Counters(paths), math.inf, host_names),
        exception_handlers=HANDLERS,
    )
