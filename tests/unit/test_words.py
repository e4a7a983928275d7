"""Words of other libraries: each error names what there is here, and disturbs nobody else."""

import copy
import inspect
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import warmstart
from warmstart import callbacks
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import tfms_from_model
from warmstart.cli.main import COMMANDS as REAL_COMMANDS
from warmstart.inference.predictor import Predictor
from warmstart.learner.conv_learner import ConvLearner
from warmstart.words import COMMANDS, DATA, KEYWORDS, LEARNER, MODULE, PREDICTOR, WORDS

SOURCE = Path(__file__).parents[2] / "src"
PAGE = Path(__file__).parents[2] / "docs" / "coming-from.md"
CLASSES: dict[str, Any] = {
    LEARNER: ConvLearner, DATA: ImageClassifierData, PREDICTOR: Predictor, MODULE: warmstart,
}  # fmt: skip
CASES = [(owner, name) for owner, words in WORDS.items() for name in words]


def instance(owner: str) -> Any:
    """What a word is asked of; nothing of it need be there."""
    kind = CLASSES[owner]
    return kind if owner == MODULE else object.__new__(kind)


@pytest.mark.parametrize(("owner", "name"), CASES, ids=[".".join(case) for case in CASES])
def test_a_word_is_answered_in_three_lines(owner: str, name: str) -> None:
    places = [instance(owner)] + ([] if owner == MODULE else [CLASSES[owner]])
    for place in places:
        assert not hasattr(place, name)
        assert name not in dir(place)
        with pytest.raises(AttributeError) as raised:
            getattr(place, name)
        what, expected, fix = str(raised.value).splitlines()
        assert f".{name} is a word of " in what
        assert expected.startswith("Expected: ")
        assert fix.startswith("Fix: ")


def fixes() -> Iterator[str]:
    for words in WORDS.values():
        for word in words.values():
            yield word.fix
            yield word.expected
    yield from KEYWORDS.values()


def test_what_is_to_be_typed_is_there() -> None:
    places = {"learn": ConvLearner, "data": ImageClassifierData, "predictor": Predictor,
              "ImageClassifierData": ImageClassifierData, "ConvLearner": ConvLearner}  # fmt: skip
    fields = {"table", "tfms", "bs", "card"}
    checked = 0
    for text in fixes():
        for owner, name in re.findall(r"\b(learn|data|predictor|ImageClassifierData|ConvLearner)"
                                      r"\.(\w+)", text):  # fmt: skip
            assert name in fields or inspect.getattr_static(places[owner], name, None), text
            checked += 1
        for name in re.findall(r"(?<![.\w])([A-Z]\w+|load_predictor|tfms_from_model)\(", text):
            assert name in {*warmstart.__all__, "Linear", *callbacks.__all__}, text
    assert checked > 60


def test_arguments_of_fixes_are_those_of_the_functions() -> None:
    for text in fixes():
        for name, given in re.findall(r"(?:learn\.|^)(fit|pretrained)\(([^()]*)\)", text):
            known = inspect.signature(getattr(ConvLearner, name)).parameters
            assert set(re.findall(r"(\w+)=", given)) <= set(known), text


@pytest.mark.parametrize("word", COMMANDS)
def test_a_word_of_the_shell_is_none_of_ours_and_leads_to_one(
    word: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from warmstart.cli.main import main

    _, ours = COMMANDS[word]
    assert word not in REAL_COMMANDS
    assert ours in REAL_COMMANDS
    with pytest.raises(SystemExit) as stopped:
        main([word])
    assert stopped.value.code == 2
    assert f"Fix: warmstart {ours}" in capsys.readouterr().err


def test_the_rest_of_a_command_line_stays(capsys: pytest.CaptureFixture[str]) -> None:
    from warmstart.cli.main import main

    with pytest.raises(SystemExit):
        main(["fit", "photos", "--epochs", "3"])
    assert "Fix: warmstart train photos --epochs 3" in capsys.readouterr().err


@pytest.mark.parametrize("keyword", KEYWORDS)
def test_an_argument_of_another_library_says_ours(keyword: str) -> None:
    if keyword in inspect.signature(ConvLearner.fit).parameters:
        pytest.fail(f"{keyword} is an argument of fit by now")
    fit: Any = object.__new__(ConvLearner).fit
    with pytest.raises(TypeError, match="unexpected keyword argument") as raised:
        fit(**{keyword: 3})
    assert f"Fix: {KEYWORDS[keyword]}" in str(raised.value)


@pytest.mark.parametrize(
    ("name", "said"),
    [("YOLO", "word of ultralytics"), ("no_such_thing", "cannot import name 'no_such_thing'")],
)
def test_from_import_says_it_too(name: str, said: str) -> None:
    """In a process of its own: what checks types in tests stands between Python and us."""
    done = subprocess.run(
        [sys.executable, "-c", f"from warmstart import {name}"],
        capture_output=True, text=True, check=False, env=os.environ | {"PYTHONPATH": str(SOURCE)},
    )  # fmt: skip
    assert done.stderr.splitlines()[-1 if "cannot" in said else -3].startswith("ImportError: ")
    assert said in done.stderr
    assert not hasattr(warmstart, name)


@pytest.fixture
def learn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ConvLearner:
    monkeypatch.setenv("WARMSTART_CACHE", str(tmp_path))
    photos = np.random.default_rng(0).integers(0, 256, (8, 32, 32, 3), np.uint8)
    data = ImageClassifierData.from_arrays(
        trn=(photos, np.arange(8) % 2), val=(photos, np.arange(8) % 2),
        tfms=tfms_from_model("test_resnet", 32), quiet=True,
    )  # fmt: skip
    return ConvLearner.pretrained("test_resnet", data, pretrained=False, quiet=True)


def test_setting_a_word_that_would_do_nothing_is_refused(learn: ConvLearner) -> None:
    with pytest.raises(AttributeError, match="freeze"):
        learn.trainable = False
    learn.quiet = True
    learn.precompute = 2
    assert learn.precompute == 2


@pytest.mark.parametrize("probe", [
    "_ipython_canary_method_should_not_exist_", "_ipython_display_", "_repr_mimebundle_",
    "_repr_png_", "__array__", "__wrapped__", "_repr_markdown_",
])  # fmt: skip
def test_probes_of_tools_find_nothing(probe: str, learn: ConvLearner) -> None:
    for thing in (learn, learn.data, learn.predictor()):
        assert getattr(thing, probe, None) is None


def test_copies_and_pickles_are_whole(learn: ConvLearner) -> None:
    assert copy.copy(learn).state is learn.state
    data = learn.data
    assert copy.copy(data).classes == data.classes
    twin = copy.copy(learn.predictor())
    assert twin.classes == data.classes
    found = pickle.loads(pickle.dumps(learn.predict()))
    assert found.accuracy == learn.predict().accuracy


def test_an_error_inside_a_property_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    empty = object.__new__(ConvLearner)
    with pytest.raises(AttributeError, match="has no attribute 'state'"):
        _ = empty.history
    with pytest.raises(AttributeError, match="'ConvLearner' object has no attribute 'no_such'"):
        _ = empty.no_such  # type: ignore[attr-defined]


def section_of(library: str) -> str:
    text = PAGE.read_text(encoding="utf-8")
    return text.partition(f"\n## {library}\n")[2].partition("\n## ")[0]


def test_the_page_lists_every_word_of_its_libraries() -> None:
    missing = []
    for owner, name in CASES:
        for library in WORDS[owner][name].libraries:
            section = section_of(library)
            assert section, library
            fix = WORDS[owner][name].fix.replace("|", "\\|")
            if not re.search(rf"\b{re.escape(name)}\b", section) or fix not in section:
                missing.append((library, owner, name))
    for word, (libraries, _) in COMMANDS.items():
        missing += [(library, "warmstart", word) for library in libraries
                    if f"`warmstart {word}`" not in section_of(library)]  # fmt: skip
    assert missing == []
