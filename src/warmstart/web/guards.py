"""Who may ask: this computer's own pages and programs, and not too often."""

import time
from collections import OrderedDict
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from warmstart.web.problems import Problem, problem_response

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")
SECURITY_HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob: data:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
    "cache-control": "no-store",
}
OWN_SITES = {"same-origin", "none"}  # of Sec-Fetch-Site; "none" is a person who typed the address
MOST_CLIENTS = 4096  # whose requests are counted; the longest silent ones are forgotten


class SecurityHeadersMiddleware:
    """Headers that keep a browser from doing with our answers what nobody meant."""

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in SECURITY_HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self.app(scope, receive, send_with_headers)


class OwnHostMiddleware:
    """Requests by our own names alone, so that no stranger's name can be bent to us.

    A web page of evil.example may let its name stand for this computer (DNS rebinding), and would
    then be of one origin with us; but it cannot change the Host that the browser sends. Our names
    are those of the loopback, those that were given, and the address that a request came in at.
    """

    def __init__(self, app: ASGIApp, names: Sequence[str]) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            names: Host names besides those of the loopback.
        """
        self.app, self.names = app, (*LOOPBACK_NAMES, *names)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        server = (scope.get("server") or ("",))[0]
        own = f"[{server}]" if ":" in server else server
        names = [name for name in (*self.names, own) if name]
        await TrustedHostMiddleware(self.app, names, www_redirect=False)(scope, receive, send)


class OwnOriginMiddleware:
    """No request that a page of another origin makes, whatever its method.

    Browsers say where a request comes from; a program such as curl says nothing, and may ask. To
    follow a link to our page is allowed from anywhere: it shows nothing to whoever made the link.
    """

    def __init__(self, app: ASGIApp) -> None:
        """Wrap an application."""
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or is_own(
            scope["method"], scope["scheme"], Headers(scope=scope)
        ):
            await self.app(scope, receive, send)
            return
        problem = Problem(
            "this request comes from a page of another origin.",
            "a page of this server, or a program.",
            "open the address that `warmstart` printed.",
        )
        await problem_response(problem, 403)(scope, receive, send)


def is_own(method: str, scheme: str, headers: Headers) -> bool:
    """Whether a request is none of another origin's page.

    Args:
        method: GET, POST …
        scheme: http or https.
        headers: All of them.
    """
    origin = headers.get("origin")
    if origin is not None and origin.lower() != f"{scheme}://{headers.get('host', '')}".lower():
        return False
    if headers.get("sec-fetch-site", "none") in OWN_SITES:
        return True
    is_link = headers.get("sec-fetch-mode") == "navigate" and method in {"GET", "HEAD"}
    return is_link and headers.get("sec-fetch-dest") == "document"


class RateMiddleware:
    """So many requests a second from each address, and twice as many at once."""

    def __init__(self, app: ASGIApp, per_second: float) -> None:
        """Wrap an application.

        Args:
            app: What answers.
            per_second: Requests, above 0.
        """
        self.app, self.per_second, self.most = app, per_second, max(1.0, 2 * per_second)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        wait = self.take((scope.get("client") or ("",))[0]) if scope["type"] == "http" else 0.0
        if not wait:
            await self.app(scope, receive, send)
            return
        seconds = max(1, int(wait + 0.999))
        problem = Problem(
            f"more than {self.per_second:g} requests a second came from this address.",
            "fewer.",
            f"wait {seconds} s, or start the server with a larger --rate.",
        )
        await problem_response(problem, 429, {"retry-after": str(seconds)})(scope, receive, send)

    def take(self, client: str, now: float | None = None) -> float:
        """Count one request: 0 where it may be served, else the seconds to wait.

        Args:
            client: Its address.
            now: In seconds; None is the clock's.
        """
        now = time.monotonic() if now is None else now
        left, before = self._left.pop(client, (self.most, now))
        left = min(self.most, left + (now - before) * self.per_second)
        is_served = left >= 1
        self._left[client] = (left - 1 if is_served else left, now)
        if len(self._left) > MOST_CLIENTS:
            self._left.popitem(last=False)
        return 0.0 if is_served else (1 - left) / self.per_second
