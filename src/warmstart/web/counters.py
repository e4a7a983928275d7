"""How much was asked and answered, as Prometheus reads it."""

import time
from collections import Counter
from collections.abc import Mapping

from starlette.types import ASGIApp, Message, Receive, Scope, Send

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OTHER = "other"


class Counters:
    """Requests by path and status, and what the answers took; no name of anybody's."""

    def __init__(self, paths: frozenset[str]) -> None:
        """Start at nothing.

        Args:
            paths: Those that are told apart; all others are one.
        """
        self.paths = paths
        self.requests: Counter[tuple[str, int]] = Counter()
        self.seconds: dict[str, float] = {}

    def add(self, path: str, status: int, seconds: float) -> None:
        """Count one answer.

        Args:
            path: Of the request.
            status: Of the answer.
            seconds: Between them.
        """
        told = path if path in self.paths else OTHER
        self.requests[told, status] += 1
        self.seconds[told] = self.seconds.get(told, 0.0) + seconds

    def text(self, more: Mapping[str, int]) -> str:
        """The page of metrics.

        Args:
            more: Further figures by name; those that end in "_total" only grow.
        """
        lines = ["# TYPE warmstart_requests_total counter"]
        for (path, status), number in sorted(self.requests.items()):
            lines.append(f'warmstart_requests_total{{path="{path}",status="{status}"}} {number}')
        lines.append("# TYPE warmstart_request_seconds_total counter")
        for path, seconds in sorted(self.seconds.items()):
            lines.append(f'warmstart_request_seconds_total{{path="{path}"}} {seconds:.6f}')
        for name, value in more.items():
            kind = "counter" if name.endswith("_total") else "gauge"
            lines += [f"# TYPE warmstart_{name} {kind}", f"warmstart_{name} {value}"]
        return "\n".join(lines) + "\n"


class CountingMiddleware:
    """Counts every answer, also those that a guard gives."""

    def __init__(self, app: ASGIApp, counters: Counters) -> None:
        """Wrap an application."""
        self.app, self.counters = app, counters

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began = time.perf_counter()

        async def send_and_count(message: Message) -> None:
            if message["type"] == "http.response.start":
                self.counters.add(scope["path"], message["status"], time.perf_counter() - began)
            await send(message)

        await self.app(scope, receive, send_and_count)
