"""What a server takes, and how much of it."""

from dataclasses import dataclass

MEGABYTE = 1_000_000


@dataclass(frozen=True)
class ServeLimits:
    """Bounds of requests; what passes one is refused with a status of its own.

    ``most_bytes`` of one body (413), ``most_bytes_together`` of all that wait and ``most_waiting``
    requests (503), ``per_second`` requests of one address (429), ``body_seconds`` until a body is
    there (408), ``answer_seconds`` until there is an answer (503).
    """

    most_bytes: int = 32 * MEGABYTE
    most_bytes_together: int = 256 * MEGABYTE
    most_waiting: int = 64
    per_second: float = 100.0
    body_seconds: float = 30.0
    answer_seconds: float = 60.0
