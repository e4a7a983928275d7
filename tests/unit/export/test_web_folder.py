"""The page's folder: whole, no inline code, no place outside; refused without a runtime."""

import hashlib
import io
import json
import re
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from warmstart import ConvLearner, SettingError
from warmstart.export.web_folder import page_parts
from warmstart.export.web_runtime import FILES, TRIED, numbers_of, read_web_runtime

OWN = {"index.html", "app.js", "pictures.js", "style.css"}
Pack = Callable[..., Path]


@pytest.fixture
def pack(tmp_path: Path) -> Pack:
    """A package that looks like npm's, with a few bytes where the program would be."""

    def made(version: str = TRIED, *, name: str = "onnxruntime-web", without: str = "") -> Path:
        contents = {source: f"bytes of {source}".encode() for source in FILES.values()}
        contents["package.json"] = json.dumps({"name": name, "version": version}).encode()
        contents.pop(without, None)
        place = tmp_path / f"{name}-{version}.tgz"
        with tarfile.open(place, "w:gz") as archive:
            for path, content in contents.items():
                entry = tarfile.TarInfo(f"package/{path}")
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
        return place

    return made


def test_the_folder_is_whole_and_its_sums_are_right(
    learner: ConvLearner, tmp_path: Path, pack: Pack
) -> None:
    folder = tmp_path / "page"
    result = learner.export(folder, "web", ort=pack())
    about = json.loads((folder / "model.json").read_text())
    there = {file.name for file in folder.iterdir()}
    assert there == {file.name for file in result.files}
    assert there >= OWN | set(FILES) | {"model.onnx", "model.json"}
    sums = {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest()
        for name in there - {"model.json"}
    }
    assert about["sha256"] == sums
    assert about["kind"] == "web"
    assert about["onnxruntime_web"] == TRIED
    assert about["classes"] == ["cat", "dog"]
    assert "where_from" not in about["agreement"]
    assert result.agreement is not None
    assert result.agreement.largest_difference < 1e-3
    assert "MIT" in (folder / "onnxruntime-LICENSE.txt").read_text()
    assert "http.server" in str(result)


def test_a_folder_of_the_package_does_as_well(tmp_path: Path, pack: Pack) -> None:
    with tarfile.open(pack()) as archive:
        archive.extractall(tmp_path / "out", filter="data")
    packed = read_web_runtime(pack())
    for place in (tmp_path / "out", tmp_path / "out" / "package"):
        assert read_web_runtime(place).files == packed.files


def test_without_a_runtime_the_error_says_how_to_get_one(
    learner: ConvLearner, tmp_path: Path, pack: Pack
) -> None:
    with pytest.raises(SettingError, match=re.escape(f"npm pack onnxruntime-web@{TRIED}")):
        learner.export(tmp_path / "page", "web")
    assert not (tmp_path / "page").exists()
    (tmp_path / "broken.tgz").write_bytes(b"no archive")
    wrong = {
        "older than": pack("1.2.0"),
        "onnxruntime-web 2.0.0": pack("2.0.0"),
        "other": pack(name="other"),
        "it has no package/dist": pack("1.31.0", without="dist/ort-wasm-simd-threaded.wasm"),
        "cannot be read": tmp_path / "broken.tgz",
        "No such file": tmp_path / "nothing.tgz",
    }
    for said, place in wrong.items():
        with pytest.raises(SettingError, match=said):
            read_web_runtime(place)


def test_a_version_that_was_not_tried_is_told(
    learner: ConvLearner, tmp_path: Path, pack: Pack
) -> None:
    result = learner.export(tmp_path / "page", "web", ort=pack("1.99.0"))
    assert "onnxruntime-web is 1.99.0" in str(result)


@pytest.mark.parametrize(("place", "is_batch"), [("page", True), ("file", False)])
def test_a_batch_and_a_file_in_the_way_are_refused(
    learner: ConvLearner, tmp_path: Path, pack: Pack, place: str, is_batch: bool
) -> None:
    (tmp_path / "file").write_text("something")
    with pytest.raises(SettingError):
        learner.export(tmp_path / place, "web", batch=is_batch, ort=pack())
    assert (tmp_path / "file").read_text() == "something"


def test_the_page_holds_nothing_inline_and_names_no_other_place() -> None:
    parts = {name: content.decode() for name, content in page_parts().items()}
    assert set(parts) == OWN
    page = parts["index.html"]
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page)
    assert policy is not None
    rules = dict(rule.strip().split(" ", 1) for rule in policy[1].split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["connect-src"] == "'self'"
    assert rules["script-src"] == "'self' 'wasm-unsafe-eval'"
    assert "unsafe-inline" not in policy[1]
    assert re.findall(r"<script(?![^>]*src=)|<style| on\w+=| style=", page) == []
    for name, text in parts.items():
        assert re.findall(r"(?:https?:)?//[\w.-]+\.\w", text) == [], name
        assert not re.search("innerHTML|outerHTML|insertAdjacent|document.write|eval\\(", text), (
            name
        )
    assert all(f'"./{name}"' in parts["app.js"] for name in FILES if name.endswith(".js"))


def test_numbers_of_a_version() -> None:
    assert numbers_of("1.30.0-rc.1") == (1, 30, 0)
    assert numbers_of("next") == ()
