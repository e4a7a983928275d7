"""Decisions: what stands, what is written, what `train` reads."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from starlette.testclient import TestClient
from tests.unit.web.conftest import ADDRESS, photo

from warmstart.checkup.mislabelled import label_issues
from warmstart.data.fixes import Fix, read_fixes, write_fixes
from warmstart.errors import DataError, FileError, SettingError
from warmstart.results.predictions import Predictions
from warmstart.web.review import (
    JournalLine,
    Review,
    ReviewList,
    check_any,
    doubtful_items,
    fixes_of,
    label_rows,
)
from warmstart.web.review_app import ExportAnswer, review_app

CLASSES = ("cat", "dog", "cow")


def predictions(number: int = 60, seed: int = 0) -> Predictions:
    random = np.random.default_rng(seed)
    names = tuple(f"{seed}-{n}.png" for n in range(number))
    labels = random.integers(0, 3, number)
    return Predictions(names, random.dirichlet(np.ones(3) / 3, number), labels, CLASSES)


def listed(folder: Path, *, labelled: bool = True) -> ReviewList:
    items = doubtful_items([("valid", predictions())])
    if not labelled:
        items = tuple(type(item)(item.name, "", "", 0.1, item.likeliest) for item in items)
    for item in items:
        (folder / item.name).write_bytes(photo(3))
    files = {item.name: folder / item.name for item in items}
    return ReviewList("a run", str(folder), CLASSES, items, files)


@pytest.fixture
def review(tmp_path: Path) -> Iterator[Review]:
    opened = Review.open(listed(tmp_path), tmp_path / "run" / "review.jsonl")
    yield opened
    opened.journal.close()


def test_the_list_begins_as_check_ranks_wrong_labels_and_goes_on_with_mistakes() -> None:
    of = predictions()
    items = doubtful_items([("valid", of)])
    rows, _, gaps = label_issues(of.probabilities, of.labels)
    assert [item.name for item in items[: len(rows)]] == [of.rows[row] for row in rows]
    assert [item.margin for item in items[: len(rows)]] == pytest.approx(np.tanh(gaps / 2).tolist())
    wrong = {of.rows[row] for row in np.flatnonzero(of.predicted != of.labels)}
    assert {item.name for item in items} == wrong
    assert len(rows) < len(items)


def test_rows_of_several_parts_are_one_list() -> None:
    items = doubtful_items([("valid", predictions()), ("train", predictions(seed=1))])
    assert {item.split for item in items} == {"valid", "train"}
    assert [item.margin for item in items] == sorted((i.margin for i in items), reverse=True)


def test_many_labels_and_nothing_to_look_at_are_refused() -> None:
    many = Predictions(("a",), np.full((1, 3), 0.4), np.array([[0, 1, 0]]), CLASSES)
    with pytest.raises(SettingError, match="may have many classes"):
        doubtful_items([("valid", many)])
    with pytest.raises(FileError, match="agrees with every label"):
        check_any((), "a run")


def test_what_stands_is_the_last_and_undo_takes_it_back(review: Review) -> None:
    first, second = (item.name for item in review.of.items[:2])
    review.decide(JournalLine("keep", first))
    review.decide(JournalLine("relabel", first, "cow"))
    review.decide(JournalLine("remove", second))
    assert {n: d.action for n, d in review.standing.items()} == {first: "relabel", second: "remove"}
    review.decide(JournalLine("undo"))
    review.decide(JournalLine("undo"))
    assert {n: d.action for n, d in review.standing.items()} == {first: "keep"}
    review.decide(JournalLine("undo"))
    assert review.standing == {}
    with pytest.raises(SettingError, match="nothing to undo"):
        review.decide(JournalLine("undo"))
    assert len(review.journal.lines) == 7  # none is ever taken out


@pytest.mark.parametrize(
    ("action", "name", "label"),
    [("burn", "", ""), ("keep", "no.png", ""), ("keep", "", "cat"), ("relabel", "", "horse"),
     ("relabel", "", "")],
)  # fmt: skip
def test_what_is_no_decision_is_not_written_down(
    review: Review, action: str, name: str, label: str
) -> None:
    before = list(review.journal.lines)
    with pytest.raises(SettingError):
        review.decide(JournalLine(action, name or review.of.items[0].name, label))
    assert review.journal.lines == before


def test_a_journal_of_other_pictures_is_refused(review: Review, tmp_path: Path) -> None:
    review.decide(JournalLine("keep", review.of.items[0].name))
    other = ReviewList("b", "/elsewhere", CLASSES, review.of.items, review.of.files)
    with pytest.raises(DataError, match="a journal about"):
        Review.open(other, review.journal.path)
    again = Review.open(review.of, review.journal.path)
    assert again.standing == review.standing
    again.journal.close()


def test_a_line_that_was_changed_is_named(review: Review) -> None:
    with review.journal.path.open("a") as file:
        file.write('{"action": "keep", "colour": "red"}\n')
    with pytest.raises(FileError, match="line 2"):
        Review.open(review.of, review.journal.path)


def test_fixes_are_what_train_reads_over_those_that_there_were(
    review: Review, tmp_path: Path
) -> None:
    items = review.of.items
    other = next(name for name in CLASSES if name != items[0].label)
    review.decide(JournalLine("relabel", items[0].name, other))
    review.decide(JournalLine("remove", items[1].name))
    review.decide(JournalLine("keep", items[2].name))
    review.decide(JournalLine("keep", items[3].name))
    earlier = [Fix("gone.png", "drop"), Fix(items[3].name, "relabel", items[3].label)]
    write_fixes(tmp_path / "fixes.csv", fixes_of(review, earlier))
    found = {fix.name: (fix.action, fix.label) for _, fix in read_fixes(tmp_path / "fixes.csv")}
    assert found == {
        "gone.png": ("drop", ""),
        items[0].name: ("relabel", other),
        items[1].name: ("drop", ""),
        items[2].name: ("look", items[2].label),
        items[3].name: ("relabel", items[3].label),  # what an earlier fix made is kept
    }


def test_new_labels_are_those_given_and_those_agreed_to(tmp_path: Path) -> None:
    review = Review.open(listed(tmp_path, labelled=False), tmp_path / "j.jsonl")
    first, second, third = review.of.items[:3]
    review.decide(JournalLine("relabel", first.name, "cow"))
    review.decide(JournalLine("keep", second.name))
    review.decide(JournalLine("remove", third.name))
    review.journal.close()
    assert review.of.is_unlabelled
    wanted = [(first.name, "cow"), (second.name, second.likeliest[0].name)]
    assert label_rows(review) == wanted


@pytest.fixture
def client(review: Review) -> Iterator[TestClient]:
    def export() -> ExportAnswer:
        return ExportAnswer("f.csv", "warmstart train", len(review.standing))

    with TestClient(review_app(review, export), ADDRESS, client=("127.0.0.1", 1)) as opened:
        yield opened


def test_a_click_is_in_the_journal_when_it_is_answered(client: TestClient, review: Review) -> None:
    items = client.get("/api/review").json()["items"]
    for number, item in enumerate(items):
        line = {"action": ("keep", "remove")[number % 2], "name": item["name"]}
        reply = client.post("/api/decisions", json=line)
        assert reply.status_code == 200
        assert json.loads(review.journal.path.read_text().splitlines()[-1])["name"] == item["name"]
        assert len(reply.json()) == number + 1
    assert client.get("/api/review").json()["decisions"] == reply.json()
    assert client.post("/api/export").json()["num_rows"] == len(items)


def test_pictures_are_small_jpegs_of_the_list_alone(client: TestClient, review: Review) -> None:
    reply = client.get("/api/pictures/0")
    with Image.open(io.BytesIO(reply.content)) as image:
        assert image.format == "JPEG"
    assert client.get(f"/api/pictures/{len(review.of.items)}").status_code == 404
    assert client.get("/api/pictures/-1").status_code == 404
    assert client.get("/api/pictures/..%2f..%2fx").status_code == 404
    review.of.files[review.of.items[0].name].unlink()
    assert client.get("/api/pictures/0").status_code == 422


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"{", 400), (b"[]", 400), (b'{"action": 1}', 400), (b'{"action": "keep"}', 422),
     (b'{"action": "undo"}', 422), (b"x" * 100_001, 413)],
)  # fmt: skip
def test_other_bodies_are_refused(client: TestClient, body: bytes, status: int) -> None:
    reply = client.post("/api/decisions", content=body)
    assert reply.status_code == status
    assert set(reply.json()) == {"what", "expected", "fix"}


@pytest.mark.parametrize("path", ["/api/decisions", "/api/export"])
def test_pages_of_others_decide_nothing(client: TestClient, review: Review, path: str) -> None:
    line = {"action": "keep", "name": review.of.items[0].name}
    for headers in ({"origin": "http://evil.example"}, {"sec-fetch-site": "cross-site"}):
        assert client.post(path, json=line, headers=headers).status_code == 403
    assert client.post(path, json=line, headers={"host": "evil.example"}).status_code == 400
    assert review.standing == {}
