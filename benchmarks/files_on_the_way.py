"""How many of our files and functions a call passes through: what a reader has to walk.

Counted by Python's profiler: each code object of the package that is entered during the call, in
any thread. ``fit`` is ``learn.fit(0.01, 2)`` of a frozen body whose activations are stored, in the
same process as the first fit that stored them, with another learner; ``train`` is the whole of
``warmstart train FOLDER``, imports not counted, without the store.
"""

import ast
import contextlib
import io
import statistics
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import measure
from PIL import Image
from sklearn.datasets import load_digits

import warmstart
from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

ROOT = str(Path(warmstart.__file__).parent)
ARCH = "tf_efficientnet_lite0"


def walked(call: Callable[[], object]) -> dict[str, Any]:
    """Files, functions and the deepest stack of our own frames while something is called."""
    files: set[str] = set()
    functions: set[object] = set()
    deepest = 0

    def enter(frame: FrameType, event: str, _: object) -> None:
        nonlocal deepest
        code = frame.f_code
        if event != "call" or not code.co_filename.startswith(ROOT) or code.co_name == "<module>":
            return
        files.add(code.co_filename)
        functions.add(code)
        depth, above = 0, frame
        while above is not None:
            depth += above.f_code.co_filename.startswith(ROOT)
            above = above.f_back  # type: ignore[assignment]
        deepest = max(deepest, depth)

    threading.setprofile(enter)
    sys.setprofile(enter)
    try:
        call()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    names = sorted(str(Path(name).relative_to(ROOT)) for name in files)
    return {"files": len(files), "functions": len(functions), "levels": deepest, "names": names}


def shape() -> dict[str, Any]:
    """Of the source: files (without __init__), their lines, names that stand in several."""
    files = [path for path in Path(ROOT).rglob("*.py") if path.name != "__init__.py"]
    lines = [len(path.read_text().splitlines()) for path in files]
    homes: dict[str, set[Path]] = {}
    for path in files:
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
                homes.setdefault(node.name, set()).add(path)
    return {
        "files": len(files),
        "median_lines": statistics.median(lines),
        "under_60_lines": sum(each < 60 for each in lines),
        "names_in_two_places": sum(len(places) > 1 for places in homes.values()),
    }


def write_digits(folder: Path, per_class: int = 20) -> None:
    """Real handwritten digits of scikit-learn, a folder per class."""
    digits = load_digits()
    for digit in range(10):
        place = folder / str(digit)
        place.mkdir(parents=True)
        for number, image in enumerate(digits.images[digits.target == digit][:per_class]):
            pixels = (image * 255 / 16).astype("uint8")
            Image.fromarray(pixels).resize((96, 96)).convert("RGB").save(place / f"{number}.png")


def frozen_fit(folder: Path) -> dict[str, Any]:
    """``learn.fit(0.01, 2)`` from a warm store."""

    def new() -> ConvLearner:
        data = ImageClassifierData.from_paths(folder / "digits", tfms_from_model(ARCH, 96))
        return ConvLearner.pretrained(
            ARCH, data, precompute=True, cache_dir=folder / "cache", quiet=True
        )

    new().fit(0.01, 1)
    learn = new()
    traced = []
    import torch.fx

    trace = torch.fx.Tracer.trace
    torch.fx.Tracer.trace = lambda *args, **options: traced.append(1) or trace(*args, **options)  # type: ignore[method-assign,assignment,return-value,func-returns-value]
    try:
        found = walked(lambda: learn.fit(0.01, 2))
    finally:
        torch.fx.Tracer.trace = trace  # type: ignore[method-assign]
    return found | {"networks_traced": len(traced)}


def whole_train(folder: Path) -> dict[str, Any]:
    """``warmstart train FOLDER``."""
    from warmstart.cli import main  # here: it loads commands

    arguments = ["warmstart", "train", str(folder / "digits"), "--cache-dir", str(folder / "other")]
    before, sys.argv = sys.argv, [*arguments, "--out", str(folder / "run")]

    def train() -> None:
        with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
            main.main()

    try:
        return walked(train)
    finally:
        sys.argv = before


def main() -> None:
    """Count both."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_digits(folder / "digits")
        figures: dict[str, object] = {
            "shape": shape(),
            "fit": frozen_fit(folder),
            "train": whole_train(folder),
        }
        measure.write("files_on_the_way", {"figures": figures})


if __name__ == "__main__":
    main()
