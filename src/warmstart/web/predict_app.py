"""The application behind ``warmstart serve``: a page, and the API that it asks."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Future
from contextlib import asynccontextmanager
from functools import partial
from importlib.metadata import version
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from warmstart.batches.source import num_cores
from warmstart.errors import UnreadableImageError
from warmstart.inference.predictor import Predictor
from warmstart.results.predictions import Predictions
from warmstart.web.answering import (
    PictureViewed,
    about_model,
    explain_viewed,
    picture_answer,
    predict_viewed,
    view_picture,
)
from warmstart.web.batching import BatchWorker, QueueFullError
from warmstart.web.counters import TEXT, Counters
from warmstart.web.intake import Intake, refuse_busy
from warmstart.web.openapi import describe_api
from warmstart.web.page import guards, page_routes
from warmstart.web.problems import HANDLERS, RequestRefusedError, json_response
from warmstart.web.queries import ExplainQuery, PredictQuery, read_query
from warmstart.web.settings import ServeLimits

PREDICT, EXPLAIN, MODEL = "/api/predict", "/api/explain", "/api/model"
HEALTH, METRICS, OPENAPI = "/healthz", "/metrics", "/openapi.json"
Result = TypeVar("Result")


class PredictServer:
    """One model, and what its routes do; built once for each process."""

    def __init__(self, predictor: Predictor, limits: ServeLimits) -> None:
        """Take a model.

        Args:
            predictor: Used by one thread at a time from now on.
            limits: Bounds.
        """
        self.predictor, self.limits = predictor, limits
        self.about = about_model(predictor, limits.most_bytes, version("warmstart"))
        self.intake = Intake(limits.most_bytes, limits.most_bytes_together, limits.body_seconds)
        self.counters = Counters(
            frozenset({"/", PREDICT, EXPLAIN, MODEL, HEALTH, METRICS, OPENAPI})
        )
        batch = predictor.members[0].batch
        self.worker: BatchWorker[PictureViewed, Predictions] = BatchWorker(
            partial(predict_viewed, predictor),
            most_at_once=batch * 2 * num_cores(),
            most_waiting=limits.most_waiting,
        )
        self._decoders = anyio.CapacityLimiter(num_cores())
        self._num_decoding = 0

    async def predict(self, request: Request) -> Response:
        """The bytes of a picture → what it shows."""
        query = read_query(request, PredictQuery)
        query.check(self.about)
        viewed = await self._viewed(request, query.on_unreadable)
        found = await self._result(lambda: self.worker.submit(viewed))
        return json_response(picture_answer(found, query.confidence, query.top))

    async def explain(self, request: Request) -> Response:
        """The bytes of a picture → a JPEG of where the network looked."""
        query = read_query(request, ExplainQuery)
        number = query.number(self.about)
        viewed = await self._viewed(request, query.on_unreadable)
        call = partial(explain_viewed, self.predictor, viewed, number)
        content = await self._result(lambda: self.worker.submit_call(call))
        return Response(content, media_type="image/jpeg")

    async def model(self, _request: Request) -> Response:
        """What the model is, and what it can."""
        return json_response(self.about)

    async def healthz(self, _request: Request) -> Response:
        """Whether it answers."""
        return PlainTextResponse("ok\n")

    async def metrics(self, _request: Request) -> Response:
        """Counters for Prometheus."""
        worker = self.worker
        more = {
            "waiting": worker.num_waiting,
            "batches_total": worker.num_batches,
            "pictures_total": worker.num_items,
        }
        return Response(self.counters.text(more), media_type=TEXT)

    async def openapi(self, _request: Request) -> Response:
        """The description of this API."""
        return json_response(describe_api(self.about.version))

    async def _viewed(self, request: Request, on_unreadable: str) -> PictureViewed:
        """A request's picture as the model sees it.

        Raises:
            RequestRefusedError: it cannot be decoded, or too many wait.
        """
        if self._num_decoding >= self.limits.most_waiting:
            refuse_busy("too many pictures are waiting")
        self._num_decoding += 1
        try:
            async with self.intake.body(request) as content:
                view = partial(view_picture, self.predictor, content, on_unreadable)
                return await run_sync(view, limiter=self._decoders)
        except UnreadableImageError as error:
            raise RequestRefusedError(
                422, f"the picture cannot be decoded ({error.reason}).",
                "a complete picture, such as a JPEG, PNG, WebP or TIFF.",
                "send another file, or ?on_unreadable=use for what is left of a damaged JPEG.",
            ) from error  # fmt: skip
        finally:
            self._num_decoding -= 1

    async def _result(self, submit: "Callable[[], Future[Result]]") -> Result:
        """What the worker finds, unless too many wait, or it takes too long."""
        try:
            future = submit()
        except QueueFullError:
            refuse_busy("too many pictures are waiting")
        try:
            with anyio.fail_after(self.limits.answer_seconds):
                return await asyncio.wrap_future(future)  # or cancels it, if it did not begin
        except TimeoutError:
            refuse_busy(f"no answer in {self.limits.answer_seconds:g} s")


def predict_app(
    predictor: Predictor, limits: ServeLimits, host_names: Sequence[str] = ()
) -> Starlette:
    """The page and the API of one model.

    Args:
        predictor: The model.
        limits: Bounds.
        host_names: By which it may be asked, besides those of the loopback.
    """
    server = PredictServer(predictor, limits)

    @asynccontextmanager
    async def lifespan(_app: Starlette) -> AsyncIterator[None]:
        yield
        await run_sync(server.worker.close)

    return Starlette(
        routes=[
            Route(PREDICT, server.predict, methods=["POST"]),
            Route(EXPLAIN, server.explain, methods=["POST"]),
            Route(MODEL, server.model),
            Route(HEALTH, server.healthz),
            Route(METRICS, server.metrics),
            Route(OPENAPI, server.openapi),
            *page_routes("serve.html"),
        ],
        middleware=guards(server.counters, limits.per_second, host_names),
        exception_handlers=HANDLERS,
        lifespan=lifespan,
    )
