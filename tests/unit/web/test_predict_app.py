"""The API of `warmstart serve`: the answers of `predict`, to the bit, and bounds."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from tests.unit.web.conftest import SIZE, Client, photo

from warmstart import Predictor
from warmstart.web.guards import SECURITY_HEADERS

PREDICT = "/api/predict"
KINDS = ("single", "two networks", "many labels")


def probabilities(answer: Any, classes: tuple[str, ...]) -> list[float]:
    by_name = {one["name"]: one["probability"] for one in answer["classes"]}
    return [by_name[name] for name in classes]


@pytest.mark.parametrize("kind", KINDS)
def test_law_14_answers_are_those_of_predict_to_the_bit(
    serving: Client, models: dict[str, Predictor], kind: str, tmp_path: Path
) -> None:
    client, predictor = serving(kind), models[kind]
    for number in range(5):
        file = tmp_path / f"{number}.png"
        file.write_bytes(photo(number))
        found = client.post(PREDICT, content=photo(number)).json()
        wanted = predictor.predict(file)
        assert probabilities(found, wanted.classes) == wanted.probabilities[0].tolist()
        assert tuple(found["answer"]) == wanted.answers[0]
        assert found["is_unknown"] == bool(wanted.is_unknown[0])
        shares = [one["probability"] for one in found["classes"]]
        assert shares == sorted(shares, reverse=True)


@pytest.mark.parametrize("kind", KINDS)
def test_who_asks_at_the_same_time_changes_no_bit(
    serving: Client, models: dict[str, Predictor], kind: str
) -> None:
    client, predictor = serving(kind), models[kind]
    numbers = [*range(12)] * 3

    def ask(number: int) -> list[float]:
        answer = client.post(PREDICT, content=photo(number)).json()
        return probabilities(answer, predictor.classes)

    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(ask, numbers))
    alone = predictor.predict([photo(number) for number in range(12)]).probabilities
    assert found == [alone[number].tolist() for number in numbers]
    counts = metrics(client)
    assert counts["warmstart_pictures_total"] == len(numbers)
    assert counts["warmstart_batches_total"] < len(numbers), "nobody shared a batch"


def metrics(client: TestClient) -> dict[str, float]:
    lines = client.get("/metrics").text.splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    return {name: float(value) for name, value in pairs}


def test_sets_are_those_of_predictions(serving: Client, models: dict[str, Predictor]) -> None:
    client = serving()
    sizes = set()
    for number in range(6):
        for confidence in (0.5, 0.9):
            found = client.post(f"{PREDICT}?confidence={confidence}", content=photo(number)).json()
            wanted = models["single"].predict(photo(number)).sets(confidence)[0]
            assert tuple(found["prediction_set"]) == wanted
            sizes.add(len(wanted))
    assert len(sizes) > 1
    most = client.post(f"{PREDICT}?confidence=0.999", content=photo(0)).json()
    assert "every class is in the set" in most["notes"][0]
    assert client.post(PREDICT, content=photo(0)).json()["prediction_set"] is None


@pytest.mark.parametrize(
    ("kind", "query"),
    [
        ("single", "confidence=1.5"), ("single", "confidence=nan"), ("single", "confidence=x"),
        ("single", "top=0"), ("single", "top=1.5"), ("single", "on_unreadable=drop"),
        ("single", "colour=red"), ("single", "top=1&top=2"), ("many labels", "confidence=0.9"),
    ],
)  # fmt: skip
def test_a_query_that_does_not_fit_is_named(serving: Client, kind: str, query: str) -> None:
    reply = serving(kind).post(f"{PREDICT}?{query}", content=photo(0))
    assert reply.status_code == 400
    assert set(reply.json()) == {"what", "expected", "fix"}
    assert reply.json()["what"].startswith("the query does not fit: ")


def test_top_tells_the_likeliest(serving: Client) -> None:
    client = serving()
    whole = client.post(PREDICT, content=photo(0)).json()["classes"]
    assert client.post(f"{PREDICT}?top=2", content=photo(0)).json()["classes"] == whole[:2]


def damaged() -> bytes:
    whole = photo(1, 200, "JPEG")
    return whole[: len(whole) * 3 // 4]


@pytest.mark.parametrize(
    "content", [b"no picture", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, damaged()],
    ids=["text", "a header", "a damaged JPEG"],
)  # fmt: skip
def test_what_cannot_be_decoded_is_said_in_three_lines(serving: Client, content: bytes) -> None:
    reply = serving().post(PREDICT, content=content)
    assert reply.status_code == 422
    assert reply.json()["what"].startswith("the picture cannot be decoded (")
    assert "on_unreadable=use" in reply.json()["fix"]


def test_what_is_left_of_a_damaged_picture_can_be_used(
    serving: Client, models: dict[str, Predictor]
) -> None:
    reply = serving().post(f"{PREDICT}?on_unreadable=use", content=damaged())
    assert reply.status_code == 200
    wanted = models["single"].predict(damaged(), on_unreadable="use")
    assert tuple(reply.json()["notes"]) == wanted.notes != ()
    assert probabilities(reply.json(), wanted.classes) == wanted.probabilities[0].tolist()


def test_a_picture_that_would_fill_the_memory_is_refused_by_its_header(serving: Client) -> None:
    file = io.BytesIO()
    Image.new("1", (20_000, 20_000)).save(file, "PNG")
    reply = serving().post(PREDICT, content=file.getvalue())
    assert reply.status_code == 422
    assert "400000000 pixels" in reply.json()["what"]


def test_a_row_that_fails_spoils_no_other(
    serving: Client, models: dict[str, Predictor], monkeypatch: pytest.MonkeyPatch
) -> None:
    predictor = models["single"]
    bad = predictor.members[0].recipe.render(photo(3), "bad")
    real = predictor.rows_and_scores

    def failing(renders: Any, num_rows: int) -> Any:
        rows = [renders[0](row) for row in range(num_rows)]
        if any(np.array_equal(row, bad) for row in rows):
            raise OverflowError
        return real(renders, num_rows)

    monkeypatch.setattr(predictor, "rows_and_scores", failing)
    client = serving()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: client.post(PREDICT, content=photo(n)), [3, 1, 2, 3, 4, 5]))
    assert [reply.status_code for reply in found] == [500, 200, 200, 500, 200, 200]
    assert "OverflowError" not in found[0].text


def test_an_explanation_is_a_jpeg_of_what_the_network_saw(serving: Client) -> None:
    client = serving()
    shots = [
        client.post("/api/explain", params={"class_name": name}, content=photo(0))
        for name in ("cat", "a|b")
    ]
    for shot in shots:
        assert shot.headers["content-type"] == "image/jpeg", shot.text
        with Image.open(io.BytesIO(shot.content)) as image:
            assert image.size == (SIZE, SIZE)
    assert shots[0].content != shots[1].content
    unknown = client.post("/api/explain", params={"class_name": "cow"}, content=photo(0))
    assert (unknown.status_code, "cow" in unknown.json()["what"]) == (400, True)


def test_the_model_says_what_it_can(serving: Client) -> None:
    single, many = serving().get("/api/model").json(), serving("many labels").get("/api/model")
    assert single["classes"] == ["cat", "dog", "a|b"]
    assert single["has_unknown"]
    assert single["has_sets"]
    assert single["thresholds"] is None
    assert many.json()["thresholds"] == [0.5, 0.5, 0.5]
    assert not many.json()["has_sets"]
    assert serving("two networks").get("/api/model").json()["name"].count(" + ") == 1


def test_every_answer_has_the_headers_that_protect(serving: Client) -> None:
    client = serving()
    replies = [
        client.get("/"), client.get("/pages/serve.js"), client.get("/healthz"),
        client.get("/nothing"), client.get(PREDICT), client.post(PREDICT, content=b"x"),
        client.get("/", headers={"host": "evil.example"}),
        client.get("/", headers={"origin": "http://evil.example"}),
    ]  # fmt: skip
    assert [reply.status_code for reply in replies] == [200, 200, 200, 404, 405, 422, 400, 403]
    for reply in replies:
        assert SECURITY_HEADERS.items() <= dict(reply.headers).items()
        assert "access-control-allow-origin" not in reply.headers
    policy = SECURITY_HEADERS["content-security-policy"]
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy


def test_pages_hold_nothing_inline_and_name_no_other_place(serving: Client) -> None:
    client = serving()
    page = client.get("/").text
    assert "style=" not in page
    assert "<script>" not in page
    assert " onclick" not in page
    for name in ("serve.js", "pictures.js", "pictures.css", "page.css"):
        text = client.get(f"/pages/{name}").text
        assert "http:" not in text
        assert "https:" not in text
        assert "innerHTML" not in text


@pytest.mark.parametrize("path", ["/pages/../predict_app.py", "/pages/%2e%2e/predict_app.py"])
def test_nothing_but_pages_is_served(serving: Client, path: str) -> None:
    assert serving().get(path).status_code == 404


def test_the_description_names_the_routes_that_there_are(serving: Client) -> None:
    client = serving()
    told = client.get("/openapi.json").json()
    app: Any = client.app
    routes = {
        (route.path, method.lower())
        for route in app.routes for method in getattr(route, "methods", None) or ()
        if route.path != "/" and method != "HEAD"
    }  # fmt: skip
    assert {(path, method) for path, of in told["paths"].items() for method in of} == routes
    assert json.dumps(told).count('"$ref"') > 5
