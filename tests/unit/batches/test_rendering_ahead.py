from threading import Event, Lock

import numpy as np
import pytest

from warmstart.batches import rendering
from warmstart.batches.rendering import RenderAhead, Rendering


class Renderer:
    """Counts what it renders, and can be held up."""

    def __init__(self, *, is_open: bool = True) -> None:
        self.asked: list[str] = []
        self.gate, self.begun, self.lock = Event(), Event(), Lock()
        if is_open:
            self.gate.set()

    def __call__(self, name: str) -> Rendering:
        with self.lock:
            self.asked.append(name)
        self.begun.set()
        assert self.gate.wait(30)
        return Rendering(name.encode(), np.zeros((1, 1, 3), np.uint8))


def test_each_row_is_given_once() -> None:
    ahead = RenderAhead(Renderer(), "abc", row_bytes=3)
    ahead._waiting["b"].result()
    taken = ahead.take("b")
    assert taken is not None
    assert taken.sha256 == b"b"
    assert ahead.take("b") is None
    assert ahead.take("never") is None


def test_no_more_rows_than_fit_are_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rendering, "MOST_BYTES", 250)
    renderer = Renderer()
    ahead = RenderAhead(renderer, "abcd", row_bytes=100)
    for future in list(ahead._waiting.values()):
        future.result()
    assert sorted(renderer.asked) == ["a", "b"]


def test_a_row_that_was_not_begun_is_left_to_who_asks() -> None:
    renderer = Renderer(is_open=False)
    ahead = RenderAhead(renderer, "ab", row_bytes=3, num_threads=1)
    assert renderer.begun.wait(30)
    assert ahead.take("b") is None  # at once: nobody waits for what has not begun
    renderer.gate.set()
    taken = ahead.take("a")
    assert taken is not None
    assert renderer.asked == ["a"]


def test_what_is_forgotten_is_not_rendered() -> None:
    renderer = Renderer(is_open=False)
    ahead = RenderAhead(renderer, "abc", row_bytes=3, num_threads=1)
    assert renderer.begun.wait(30)
    ahead.forget()
    renderer.gate.set()
    ahead._pool.shutdown(wait=True)
    assert renderer.asked == ["a"]
    assert ahead.take("a") is None
