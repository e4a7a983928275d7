"""No stranger's page, no more than there is room for."""

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.unit.web.conftest import Client, photo

from warmstart import Predictor
from warmstart.web import guards
from warmstart.web.guards import RateMiddleware

PREDICT = "/api/predict"


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8000", "127.0.0.1.evil.example", "localhost.evil", "",
             "10.0.0.7", "0.0.0.0"],
)  # fmt: skip
def test_another_name_is_refused(serving: Client, host: str) -> None:
    assert serving().post(PREDICT, content=photo(0), headers={"host": host}).status_code == 400


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "LOCALHOST"])
def test_names_of_this_computer_are_ours(serving: Client, host: str) -> None:
    assert serving().get("/healthz", headers={"host": host}).text == "ok\n"


def test_whoever_listens_at_an_address_may_be_asked_by_it_and_by_its_names(
    serving: Client,
) -> None:
    client = serving(address="http://192.168.1.5:8000", names=("lab.local",))
    for host, status in (("192.168.1.5:8000", 200), ("lab.local", 200), ("evil.example", 400)):
        assert client.get("/healthz", headers={"host": host}).status_code == status


CROSS = {"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@pytest.mark.parametrize(
    ("method", "headers", "status"),
    [
        ("POST", {"origin": "http://evil.example"}, 403),
        ("POST", {"origin": "null"}, 403),
        ("POST", {"origin": "http://127.0.0.1:3000"}, 403),
        ("POST", {"origin": "https://127.0.0.1:8000"}, 403),
        ("POST", {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"}, 403),
        ("POST", {"sec-fetch-site": "same-site"}, 403),
        ("POST", CROSS, 403),
        ("GET", {"sec-fetch-site": "cross-site", "sec-fetch-dest": "image"}, 403),
        ("GET", CROSS | {"sec-fetch-dest": "iframe"}, 403),
        ("GET", CROSS, 405),
        ("POST", {"origin": "http://127.0.0.1:8000", "sec-fetch-site": "same-origin"}, 200),
        ("POST", {}, 200),
    ],
)
def test_pages_of_others_get_nothing(
    serving: Client, method: str, headers: dict[str, str], status: int
) -> None:
    reply = serving().request(method, PREDICT, content=photo(0), headers=headers)
    assert reply.status_code == status


def test_too_many_requests_are_told_when_to_come_again(serving: Client) -> None:
    client = serving(per_second=0.5)
    statuses = [client.get("/healthz").status_code for _ in range(3)]
    assert statuses == [200, 429, 429]
    reply = client.get("/healthz")
    assert 1 <= int(reply.headers["retry-after"]) <= 2
    assert "--rate" in reply.json()["fix"]


def test_a_rate_is_kept_by_each_address_and_silence_is_forgiven() -> None:
    async def nothing(*_: object) -> None: ...

    rate = RateMiddleware(nothing, 10.0)
    assert sum(rate.take("a", 0.0) == 0 for _ in range(50)) == 20
    assert rate.take("b", 0.0) == 0
    assert sum(rate.take("a", 0.5) == 0 for _ in range(50)) == 5
    assert sum(rate.take("a", 100.0) == 0 for _ in range(50)) == 20
    assert rate.take("a", 100.0) == pytest.approx(0.1)


def test_addresses_that_are_remembered_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(*_: object) -> None: ...

    monkeypatch.setattr(guards, "MOST_CLIENTS", 3)
    rate = RateMiddleware(nothing, 0.5)
    assert [rate.take(client, 0.0) > 0 for client in "abcda"] == [False] * 5
    assert rate.take("a", 0.0) > 0


def test_a_body_that_is_too_large_is_refused_announced_or_not(serving: Client) -> None:
    client = serving(most_bytes=1000)

    def parts() -> Iterator[bytes]:
        for _ in range(100):
            yield b"x" * 100

    for content in (b"x" * 1001, parts()):
        reply = client.post(PREDICT, content=content)
        assert reply.status_code == 413
        assert "1,000 bytes" in reply.json()["what"]
    assert client.post(PREDICT, content=b"x" * 1000).status_code == 422
    assert client.post(PREDICT, content=b"").status_code == 422


def test_too_many_bytes_together_and_none_is_held_afterwards(serving: Client) -> None:
    client = serving(most_bytes_together=500)
    for _ in range(3):
        reply = client.post(PREDICT, content=b"x" * 600)
        assert (reply.status_code, reply.headers["retry-after"]) == (503, "1")
        assert client.post(PREDICT, content=b"x" * 400).status_code == 422


def test_more_than_may_wait_are_told_to_come_again(
    serving: Client, models: dict[str, Predictor], monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor, go_on, has_begun = models["single"], threading.Event(), threading.Event()
    real = predictor.rows_and_scores

    def slow(*arguments: object) -> object:
        has_begun.set()
        go_on.wait(60)
        return real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(predictor, "rows_and_scores", slow)
    client = serving(most_waiting=2)
    with ThreadPoolExecutor(8) as pool:
        first = [pool.submit(client.post, PREDICT, content=photo(n)) for n in range(2)]
        has_begun.wait(60)
        until = time.monotonic() + 30
        while "warmstart_waiting 2" not in client.get("/metrics").text and time.monotonic() < until:
            time.sleep(0.1)  # or the rate would be passed
        third = client.post(PREDICT, content=photo(3))
        go_on.set()
        assert [job.result().status_code for job in first] == [200, 200]
    assert third.status_code == 503
    assert third.headers["retry-after"] == "1"
    assert client.post(PREDICT, content=photo(3)).status_code == 200


def test_an_answer_that_does_not_come_is_not_waited_for(
    serving: Client, models: dict[str, Predictor], monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on = threading.Event()
    monkeypatch.setattr(models["single"], "rows_and_scores", lambda *_: go_on.wait(60))
    reply = serving(answer_seconds=0.05).post(PREDICT, content=photo(0))
    go_on.set()
    assert reply.status_code == 503
    assert "no answer in 0.05 s" in reply.json()["what"]
    assert socket.getdefaulttimeout() is None
