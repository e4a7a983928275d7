"""`warmstart serve` and `warmstart review` as a shell user types them."""

import csv
import shlex
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from tests.unit.cli.conftest import SMALL, Place, Run, write_photos

from warmstart import load_predictor
from warmstart.data.fixes import read_fixes
from warmstart.web import server

Visit = Callable[[TestClient], None]


@pytest.fixture
def visited(monkeypatch: pytest.MonkeyPatch) -> Callable[[Visit], None]:
    """In place of a server that runs until Ctrl-C: somebody who visits the application once."""

    def arrange(visit: Visit) -> None:
        def run_server(app: Any, taken: socket.socket, announce: Callable[[], None]) -> None:
            announce()
            host, port = taken.getsockname()
            with TestClient(app, f"http://{host}:{port}") as client:
                visit(client)

        monkeypatch.setattr(server, "run_server", run_server)

    return arrange


def test_serve_answers_as_predict(place: Place, run: Run, visited: Callable[[Visit], None]) -> None:
    photo = place.photos / "cat" / "03.png"
    found: list[Any] = []
    visited(lambda client: found.append(client.post("/api/predict", content=photo.read_bytes())))
    said = run("serve", str(place.model), "--port", "0")
    assert said.code == 0, said.err
    assert said.out.startswith("http://127.0.0.1:")
    assert said.err == ""
    wanted = load_predictor(place.model).predict(photo)
    shares = {one["name"]: one["probability"] for one in found[0].json()["classes"]}
    assert [shares[name] for name in wanted.classes] == wanted.probabilities[0].tolist()
    line = run("predict", str(place.model), str(photo), "--csv", "out.csv")
    assert line.code == 0
    (row,) = csv.DictReader(Path("out.csv").read_text().splitlines())
    assert {name: float(row[name]) for name in wanted.classes} == shares


def test_a_port_in_use_is_said_before_anything_is_loaded(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        for words in (["serve", str(place.model)], ["review", str(place.model.parent)]):
            said = run(*words, "--port", str(port))
            assert said.code == 2
            assert f"port {port} of 127.0.0.1 cannot be had" in said.err
            free = int(shlex.split(said.fix)[-1])
            assert free != port


def test_who_listens_for_others_is_warned(
    place: Place, run: Run, visited: Callable[[Visit], None]
) -> None:
    replies: list[Any] = []

    def visit(client: TestClient) -> None:
        for host in ("lab.example", "evil.example"):
            replies.append(client.get("/healthz", headers={"host": host}).status_code)

    visited(visit)
    said = run(
        "serve", str(place.model), "--host", "0.0.0.0", "--port", "0", "--name", "lab.example"
    )
    assert said.code == 0, said.err
    assert "everybody who can reach 0.0.0.0 can ask this model" in said.err
    assert replies == [200, 400]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--name", "lab.example"], "--name would do nothing"),
        (["--host", "no.such.host.invalid"], "is no address of this computer"),
    ],
)
def test_options_that_make_no_sense(place: Place, run: Run, words: list[str], told: str) -> None:
    said = run("serve", str(place.model), *words)
    assert said.code == 2
    assert told in said.err


def test_without_the_extra_it_says_what_to_install(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    for words in (["serve", str(place.model)], ["review", str(place.model.parent)]):
        said = run(*words)
        assert said.code == 2
        assert said.fix == "pip install 'warmstart[serve]'"


@pytest.fixture
def doubted(place: Place, run: Run) -> Path:
    """A run of photos two of which lie in the wrong folder."""
    for kind, other in (("cat", "dog"), ("dog", "cat")):
        (place.photos / kind / "05.png").rename(place.photos / other / "wrong.png")
    said = run("train", str(place.photos), "--size", "32", "--no-report", "--out", "doubted")
    assert said.code == 0, said.err
    return Path("doubted")


def test_what_was_decided_is_what_train_takes(
    doubted: Path, place: Place, run: Run, visited: Callable[[Visit], None]
) -> None:
    before = sorted(place.photos.rglob("*"))
    seen: list[str] = []

    def visit(client: TestClient) -> None:
        for item in client.get("/api/review").json()["items"]:
            seen.append(item["name"])
            other = item["likeliest"][0]["name"]
            line = {"action": "relabel", "name": item["name"], "label": other}
            assert client.post("/api/decisions", json=line).status_code == 200

    visited(visit)
    said = run("review", str(doubted), "--port", "0")
    assert said.code == 0, said.err
    assert {"cat/wrong.png", "dog/wrong.png"} <= set(seen)
    fixes = {fix.name: fix.label for _, fix in read_fixes(doubted / "review-fixes.csv")}
    assert fixes["cat/wrong.png"] == "dog"
    words = shlex.split(said.out.splitlines()[-1])
    assert words[:2] == ["warmstart", "train"]
    again = run(*words[1:], "--out", "mended")
    assert again.code == 0, again.err
    assert f"{len(fixes)} relabelled" in again.out + again.err
    assert sorted(place.photos.rglob("*")) == before  # law 13

    decided: list[int] = []
    visited(lambda client: decided.append(len(client.get("/api/review").json()["decisions"])))
    run("review", str(doubted), "--port", "0")
    assert decided == [len(seen)]  # it goes on where it ended


def test_pictures_without_labels_become_a_table_that_train_takes(
    place: Place, run: Run, visited: Callable[[Visit], None]
) -> None:
    new = write_photos(Path("new"), 6)
    (new / "cat" / "broken.png").write_bytes(b"no picture")
    noise = np.random.default_rng(0).integers(0, 256, (40, 40, 3), np.uint8)
    Image.fromarray(noise).save(new / "odd.png")

    def visit(client: TestClient) -> None:
        answer = client.get("/api/review").json()
        assert answer["is_unlabelled"]
        assert len(answer["items"]) == 13
        assert any("cat/broken.png" in note for note in answer["notes"])
        for item in answer["items"]:
            label = item["name"].partition("/")[0]
            line = {"action": "remove", "name": item["name"], "label": ""}
            if label in answer["classes"]:
                line |= {"action": "relabel", "label": label}
            assert client.post("/api/decisions", json=line).status_code == 200
            assert client.get(f"/api/pictures/{0}").status_code == 200

    visited(visit)
    home = place.home / "run"
    train = run("train", str(place.photos), *SMALL, "--out", str(home))
    assert train.code == 0
    said = run("review", str(home), "new", "--port", "0")
    assert said.code == 0, said.err
    words = shlex.split(said.out.splitlines()[-1])
    rows = list(csv.DictReader(Path(words[2]).read_text().splitlines()))
    assert len(rows) == 12
    again = run(*words[1:], *SMALL, "--out", "named")
    assert again.code == 0, again.err


def test_a_run_that_is_none_and_a_folder_that_is_not_there(place: Place, run: Run) -> None:
    assert run("review", str(place.photos)).code == 1
    said = run("review", str(place.model.parent), "no-such-folder")
    assert "there is no file or folder no-such-folder" in said.err
