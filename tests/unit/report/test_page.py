"""The page: whole, without a network or a script, and what is in it is what was given."""

import ast
import base64
import hashlib
import re
import shlex
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.unit.report.content import content, many_labels, predictions, seen, with_every_figure

import warmstart.report
from warmstart.errors import SettingError
from warmstart.metrics.probability_scores import even_bins
from warmstart.report.content import SeenRows
from warmstart.report.figures import reliability_figure
from warmstart.report.page import draw_pictures, page, write_report
from warmstart.report.usage import usage_of
from warmstart.results.history import EpochRecord, History
from warmstart.results.predictions import Predictions

NASTY = "<script>alert('x')</script>"
EMPTY = {"meta", "link", "img", "br", "path", "use", "image", "input"}


class Reader(HTMLParser):
    """Tags with their attributes, text, and whether every tag is closed in order."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.unclosed: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.unclosed.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if tag not in EMPTY:
            assert self.unclosed.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.unclosed and self.unclosed[-1] not in {"style", "script"}:
            self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())

    def all(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def page_of(found: Predictions | None = None, **changes: object) -> str:
    whole = content(found, **changes)
    return page(whole, draw_pictures(whole))


@pytest.fixture(scope="module")
def plain() -> Reader:
    whole = with_every_figure()
    return Reader(page(whole, draw_pictures(whole)))


def test_the_page_is_well_formed_and_says_its_language(plain: Reader) -> None:
    assert plain.unclosed == []
    assert plain.tags[0] == ("html", {"lang": "en"})
    headings = [int(tag[1]) for tag, _ in plain.tags if re.fullmatch("h[1-6]", tag)]
    assert headings[0] == 1
    assert headings.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(headings))
    ids = [attributes["id"] for _, attributes in plain.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for attributes in plain.all("a"):
        assert str(attributes["href"]).removeprefix("#") in ids


def test_nothing_is_loaded_and_nothing_runs_but_the_one_script(plain: Reader) -> None:
    assert plain.all("script") == [{}]
    for tag, attributes in plain.tags:
        assert not [name for name in attributes if name.startswith("on")]
        for name in ("src", "href", "xlink:href", "srcset", "action"):
            address = attributes.get(name)
            if address is not None:
                assert address.startswith(("data:", "#")), (tag, address)
    policy = [one["content"] for one in plain.all("meta") if "http-equiv" in one]
    script = Path(warmstart.report.__file__).with_name("templates") / "script.js"
    digest = base64.b64encode(hashlib.sha256(script.read_bytes()).digest()).decode()
    assert policy == [
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    ]


def test_every_picture_has_words(plain: Reader) -> None:
    images = plain.all("img")
    assert len(images) > 20
    assert all(one["alt"] for one in images)
    figures = [one for one in plain.all("div") if one.get("role") == "img"]
    assert len(figures) == len(plain.all("svg")) == 7
    assert all(len(str(one["aria-label"])) > 20 for one in figures)


def test_names_are_text_whatever_they_are() -> None:
    nasty = page_of(
        predictions((NASTY, '"&$\\x'), names="valid/" + NASTY + "{}.jpg"), title=NASTY,
        weights_from=NASTY,
    )  # fmt: skip
    reader = Reader(nasty)
    assert nasty.count("<script") == 1  # the page's own
    assert len(reader.all("script")) == 1
    assert reader.text.count(NASTY) > 20
    assert '"&$\\x' in reader.text


def test_the_numbers_are_those_of_evaluate(plain: Reader) -> None:
    scores = predictions(num_rows=120).scores()
    for name in ("accuracy", "macro_f1", "log_loss", "brier"):
        score = scores[name]
        assert score.value is not None
        assert score.low is not None
        assert f"{score.value:.3f} {score.low:.3f} to {score.high:.3f}" in plain.text
    for each in scores.per_class:
        numbers = f"{each.precision:.3f} {each.recall:.3f} {each.f_score:.3f} {each.num_rows}"
        assert f"{each.name} {numbers}" in plain.text
    for true, said, number in predictions(num_rows=120).confusion_matrix().most_confused():
        assert f"{number} {true} {said}" in plain.text


def test_what_was_left_out_and_the_steps_are_told(plain: Reader) -> None:
    for words in (
        "2 × no image", "a.txt", "differ in case only", "1. Train the head", "2. Thaw undone",
        "accuracy 50.0 % of 40", "gain -10.0 points (-20.0 to +5.0)", "Put back.",
        "warmstart train photos",
        "14 images for train, 6 images for valid; 2 classes, with 7 train images each",
        "0.500 0.400 0.800 2.5",
    ):  # fmt: skip
        assert words in plain.text, words


def test_what_is_flattered_and_what_is_missing_is_said_first() -> None:
    reader = Reader(
        page_of(
            replace(predictions(), chosen_on_these=("the best epoch",)),
            seen=SeenRows(gaps=("The photos are gone.",)),
        )
    )
    top = reader.text.partition("What to do next")[0]
    assert "These same images chose the best epoch" in top
    assert "The photos are gone." in top
    assert reader.all("img") == []
    assert "Most uncertain" not in reader.text
    assert "t-SNE" not in reader.text


def test_a_gallery_says_how_many_of_its_pictures_are_missing() -> None:
    whole = seen(predictions())
    few = SeenRows(dict(list(whole.pixels.items())[3:]), whole.heat)
    missing = sum(int(n) for n in re.findall(r"(\d+) more could not be read", page_of(seen=few)))
    assert missing >= 3


def test_images_with_many_labels_have_a_page_without_a_matrix() -> None:
    reader = Reader(page_of(many_labels()))
    assert reader.unclosed == []
    assert "have every label right" in reader.text
    assert "Confusion matrix" not in reader.text
    assert len(reader.all("img")) > 20
    assert "sea, sun" in reader.text
    first, _, more = reader.text.partition("more scores")
    score = many_labels().scores()["exact_match"]
    row = f"All labels right share of the images without any mistake {score.value:.3f}"
    assert row in first  # A18: what most readers want is not under "more scores"
    assert row not in more


def test_a_loss_that_rose_in_the_end_is_said() -> None:
    """A20."""
    losses = (0.2, 0.044, 0.087)
    records = [EpochRecord(i, 0, 3, 0.1, loss, {}, (0.01,), 1.0) for i, loss in enumerate(losses)]
    rose = Reader(page_of(history=History(records))).text
    assert "the validation loss rose from 0.0440 to 0.0870 in the last epoch" in rose
    assert "loss rose" not in Reader(page_of(history=History(records[:2]))).text


def test_many_classes_are_cut_to_what_needs_a_look() -> None:
    classes = tuple(f"class {k:03d}" for k in range(120))
    reader = Reader(page_of(predictions(classes, 480)))  # the slowest figure
    assert "The 15 of 120 classes with the lowest F1" in reader.text
    assert "for the 60 of 120 classes where it is lowest" in reader.text
    summaries = len(reader.all("summary"))
    assert summaries >= 4
    assert all(name in reader.text for name in classes)


def test_nothing_wrong_and_no_history_have_a_page_too() -> None:
    found = predictions()
    sure = np.where(found.labels[:, None] == np.arange(2), 0.9, 0.1)
    perfect = Predictions(found.rows, sure, found.labels, found.classes)
    reader = Reader(page_of(perfect, steps=()))
    assert "every image of this split is right" in reader.text
    assert "that are wrong" not in reader.text
    assert "epochs" not in reader.text


def test_the_file_is_written_with_its_pictures_and_the_same_each_time(tmp_path: Path) -> None:
    whole = with_every_figure()
    first = write_report(whole, tmp_path / "new" / "a.html", tmp_path / "pictures")
    second = write_report(whole, tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()
    files = sorted(path.name for path in (tmp_path / "pictures").iterdir())
    assert files == sorted(
        ["confusion.png", "reliability.png", "map.png", "loss.png", "rates.png", "lr-find.png"]
        + ["learning-curve.png"]
        + [f"gallery-{n}.png" for n in range(1, 6)]
    )
    for name in files:
        with Image.open(tmp_path / "pictures" / name) as image:
            assert min(image.size) > 100
    with pytest.raises(SettingError, match="is a folder"):
        write_report(content(), tmp_path)


def test_the_reliability_diagram_has_groups_by_count_and_intervals() -> None:
    """D8."""
    whole = with_every_figure()
    figure = reliability_figure(whole)
    assert figure is not None
    said = whole.predictions.probabilities.max(axis=1)
    so = whole.predictions.predicted == whole.predictions.labels
    groups = even_bins(said, so, least=20, width=0.04)
    assert groups.counts.sum() == 120
    assert groups.counts.min() >= 20
    assert (groups.low <= groups.truth).all()
    assert (groups.truth <= groups.high).all()
    number = len(groups.counts)
    assert f"{number - groups.num_off} of {number} intervals meet the line" in figure.caption


def test_too_few_rows_have_neither_diagram_nor_map_and_that_is_said() -> None:
    """D8: a curve of 40 rows zigzags from 0 to 1, and t-SNE draws groups where there are none."""
    found = predictions(num_rows=99)
    reader = Reader(page_of(found, seen=seen(found, has_map=True)))
    assert "is not shown: 99 answers cannot tell, 100 could" in reader.text
    assert "of fewer than 100, such a map shows groups where there are none" in reader.text
    assert "How the network sees the images" not in reader.text


def test_the_model_can_be_used_by_what_the_page_says(tmp_path: Path) -> None:
    place = str(tmp_path / "it's <b> & $HOME" / "model")
    reader = Reader(page_of(model=place))
    for _, line in usage_of(place).shell:
        assert " ".join(line.split()) in reader.text
        assert shlex.split(line)[2] == place
    code = usage_of(place).python
    (call,) = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.Call)
               and getattr(node.func, "id", "") == "load_predictor"]  # fmt: skip
    assert ast.literal_eval(call.args[0]) == place
    assert " ".join(code.split()) in reader.text
    assert "Save it first" not in reader.text
    assert "learn.save('model')" in Reader(page_of()).text
    assert shlex.split(usage_of("-rf").shell[0][1])[2] == "./-rf"


def test_the_parts_stand_in_the_order_of_their_use(plain: Reader) -> None:
    """D8: on a phone seven screens of pictures came before the scores."""
    ids = [str(attributes.get("id")) for attributes in plain.all("section")]
    assert ids == ["next", "scores", "confusion", "pictures", "use", "trust", "more", "data",
                   "training", "again"]  # fmt: skip
    assert "bootstrap" not in plain.text.partition("How the intervals were found")[0]


def test_what_more_images_would_buy_is_said_and_drawn(plain: Reader) -> None:
    text = " ".join(plain.text.split())
    assert "With twice as many photos like these, 28 instead of 14, about 85.0 %" in text
    assert "(95 %: 80.0 % to 89.0 %), 5.0 points more than now (1.0 to 8.0)." in text
    assert re.search(r"Most errors are of do<g> ?: photograph it next", text)
    assert any(link["href"] == "#more" for link in plain.all("a"))


def test_a_run_that_could_not_tell_has_no_such_part() -> None:
    assert "more photos" not in Reader(page_of()).text.lower()
