"""The body of a request, within bounds of size, time, and all bodies together."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NoReturn

import anyio
from starlette.requests import ClientDisconnect, Request

from warmstart.web.problems import RequestRefusedError

RETRY_SECONDS = 1


def refuse_busy(what: str) -> NoReturn:
    """What is said where as much waits as may.

    Args:
        what: What there is too much of.

    Raises:
        RequestRefusedError: always.
    """
    raise RequestRefusedError(
        503,
        f"the server is busy: {what}.",
        "fewer requests at once.",
        f"try again in {RETRY_SECONDS} s.",
        {"retry-after": str(RETRY_SECONDS)},
    )


class Intake:
    """Reads bodies: none larger than one may be, not more of them than fit, none that dawdles."""

    def __init__(self, most_bytes: int, most_bytes_together: int, seconds: float) -> None:
        """Set the bounds.

        Args:
            most_bytes: Of one body.
            most_bytes_together: Of all that are held.
            seconds: Until a body must be there.
        """
        self.most_bytes, self.most_bytes_together = most_bytes, most_bytes_together
        self.seconds = seconds
        self._held = 0

    @asynccontextmanager
    async def body(self, request: Request) -> AsyncIterator[bytes]:
        """The bytes of a request, held until the end of the block.

        Args:
            request: Whose body was not read yet.
        """
        parts: list[bytes] = []
        try:
            await self._read(request, parts)
            yield b"".join(parts)
        finally:
            self._held -= sum(map(len, parts))

    async def _read(self, request: Request, parts: list[bytes]) -> None:
        """Put a body into the list, part by part; refuse what is out of bounds.

        Raises:
            RequestRefusedError: it is empty, or too slow, or does not end.
        """
        announced = request.headers.get("content-length", "")
        if announced.isdecimal() and int(announced) > self.most_bytes:
            raise self._too_large()
        try:
            with anyio.fail_after(self.seconds):
                async for part in request.stream():
                    self._take(part, parts)
        except TimeoutError as error:
            raise RequestRefusedError(
                408, f"the body was not there after {self.seconds:g} s.",
                "a body that keeps coming.", "send it again.", {"connection": "close"},
            ) from error  # fmt: skip
        except ClientDisconnect as error:
            raise RequestRefusedError(
                400, "the body ended too early.", "all of it.", "send it again."
            ) from error
        if not parts:
            raise RequestRefusedError(
                422, "the request has no body.", "the bytes of a picture's file.",
                "curl --data-binary @photo.jpg …",
            )  # fmt: skip

    def _take(self, part: bytes, parts: list[bytes]) -> None:
        if not part:
            return
        if sum(map(len, parts)) + len(part) > self.most_bytes:
            raise self._too_large()
        if self._held + len(part) > self.most_bytes_together:
            refuse_busy("too many bytes are waiting")
        self._held += len(part)
        parts.append(part)

    def _too_large(self) -> RequestRefusedError:
        return RequestRefusedError(
            413,
            f"the body is larger than {self.most_bytes:,} bytes.",
            "a picture's file, as a camera writes it.",
            "make the picture smaller, or start the server with a larger --max-mb.",
            {"connection": "close"},
        )
