"""Something that takes a while, and how far it is."""

import time
from dataclasses import dataclass, field


@dataclass(eq=False)
class Wait:
    """Something that takes a while: ``what`` is done, ``done`` of ``total`` ``unit`` so far.

    ``total`` is None where nobody knows; ``note`` stands behind the name. ``until`` is when it ends
    in any case (of time.perf_counter). One that ``leads`` is named before what is waited for
    inside it.
    """

    what: str
    total: int | None = None
    unit: str = ""
    until: float | None = None
    done: int = 0
    note: str = ""
    leads: bool = False
    is_muted: bool = False
    began: float = field(default_factory=time.perf_counter)
    first: int = 0  # that were done before it began

    def advance(self, number: int = 1) -> None:
        """So many more are done."""
        self.done += number

    def reach(self, done: int, note: str = "") -> None:
        """So many are done in all."""
        if not self.done and not self.first:
            self.first = done
        self.done, self.note = done, note
