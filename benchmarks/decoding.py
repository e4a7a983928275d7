"""What a view costs, before and now: milliseconds of processor time, and views a second by threads.

Before is a checkout of the first build, in a process of its own that takes turns with this one:

    git worktree add ../before 8db6598
    WARMSTART_BEFORE=../before python benchmarks/decoding.py

Processor time is the process's: what a package does in threads of its own is counted. Photos are
dogs and cats of about 500 × 375 pixels; one of 12 megapixels is made of one of them. Then the views
of all photos are compared with those that Pillow resizes, and what a head says that was trained by
either, out of fold.
"""

import hashlib
import io
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import measure
import numpy as np
from PIL import Image

SIZE, NUM_PHOTOS, TURNS, VIEWS_EACH = 224, 40, 7, 4
THREADS = (1, 2, 4, 8, 16)
PILLOWS_SIDES = ((499, 374), (500, 375), (499, 375), (500, 374))
POLICIES = ("side_on", "rand_augment")
GOALS = {"plain": 0.65, "side_on": 0.55, "rand_augment": 0.55, "twelve_megapixels": 0.6}
SETS = ("dogscats", "flowers")


def photos() -> list[bytes]:
    """Photos of about 500 × 375 pixels."""
    files = sorted(measure.photos("dogscats").rglob("*.jpg"))
    found = (path for path in files if Image.open(path).size in PILLOWS_SIDES)
    return [path.read_bytes() for path, _ in zip(found, range(NUM_PHOTOS), strict=False)]


def large_photo(content: bytes) -> bytes:
    """One of 12 megapixels."""
    file = io.BytesIO()
    large = Image.open(io.BytesIO(content)).resize((4000, 3000), Image.Resampling.BICUBIC)
    large.save(file, "JPEG", quality=88)
    return file.getvalue()


def work() -> dict[str, Any]:
    """What is measured, by name: functions that render views of one photo, by its position."""
    from warmstart import tfms_from_model
    from warmstart.images.augmented import AugmentedRecipe

    contents = photos()
    large, hashes = large_photo(contents[0]), [hashlib.sha256(each).digest() for each in contents]
    recipe = tfms_from_model("tf_efficientnet_lite0", SIZE).recipe
    numbers = count(1)

    def augmented(policy: str) -> Any:
        tfms = tfms_from_model("tf_efficientnet_lite0", SIZE, aug_tfms=policy)
        views = AugmentedRecipe(replace(tfms.recipe, crop_type="center"), tfms.augmentation)
        return lambda i: views.render(contents[i], "photo", next(numbers), hashes[i])

    return {
        "plain": lambda i: recipe.render(contents[i], "photo"),
        "twelve_megapixels": lambda _: recipe.render(large, "photo"),
    } | {policy: augmented(policy) for policy in POLICIES}


def serve() -> None:
    """Answer, until the input ends, how many milliseconds a view of the named kind took."""
    functions = work()
    for line in sys.stdin:
        name, num_threads = line.split()
        render, num_views = functions[name], 4 if name == "twelve_megapixels" else NUM_PHOTOS
        if name in POLICIES:
            num_views *= VIEWS_EACH
        rows = [i % NUM_PHOTOS for i in range(num_views)]
        began, wall = time.process_time(), time.perf_counter()
        if num_threads == "0":
            for row in rows:
                render(row)
        else:
            with ThreadPoolExecutor(int(num_threads)) as pool:
                list(pool.map(render, rows))
        spent, wall = time.process_time() - began, time.perf_counter() - wall
        print(json.dumps([1000 * spent / num_views, num_views / wall]), flush=True)


class Side:
    """A process that renders with one version of warmstart."""

    def __init__(self, root: Path) -> None:
        """Begin it; its first answer waits until it has loaded."""
        env = os.environ | {"PYTHONPATH": str(root / "src")}
        self.process = subprocess.Popen(
            [sys.executable, __file__, "serve"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
        )
        self.ask("plain", 0)

    def ask(self, name: str, num_threads: int) -> tuple[float, float]:
        """Milliseconds of processor time per view, and views a second."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(name, num_threads, file=self.process.stdin, flush=True)
        spent, rate = json.loads(self.process.stdout.readline())
        return spent, rate


def costs(before: Side, now: Side) -> dict[str, Any]:
    """Milliseconds of processor time per view, in turns."""
    found: dict[str, Any] = {}
    for name, goal in GOALS.items():
        values: dict[str, list[float]] = {"before": [], "now": []}
        for turn in range(TURNS):
            sides = [("before", before), ("now", now)]
            for side, process in sides[:: 1 if turn % 2 else -1]:
                values[side].append(process.ask(name, 0)[0])
        spreads = {side: measure.spread(each) for side, each in values.items()}
        ratio = float(np.median(np.array(values["now"]) / np.array(values["before"])))
        found[name] = spreads | {"ratio": ratio, "goal": goal, "is_met": ratio <= goal}
    return found


def rates(before: Side, now: Side) -> dict[str, Any]:
    """Views a second with some threads, medians of five in turns."""
    return {
        name: {
            num_threads: {
                side: float(np.median([process.ask(name, num_threads)[1] for _ in range(5)]))
                for side, process in (("before", before), ("now", now))
            }
            for num_threads in THREADS
            if num_threads <= max(2, len(os.sched_getaffinity(0)))
        }
        for name in ("plain", *POLICIES)
    }


def pixels_of(folder: Path, recipe: Any) -> tuple[list[np.ndarray], list[int]]:
    """Views of all photos of a data set by one recipe."""
    found = (path for path in folder.rglob("*") if path.suffix in {".jpg", ".png"})
    files = sorted(path for path in found if path.parent.name != "test")  # which has no labels
    views = [recipe.render(path.read_bytes(), path.name) for path in files]
    classes = sorted({path.parent.name for path in files})
    return views, [classes.index(path.parent.name) for path in files]


def judged(name: str) -> dict[str, Any]:
    """How far views and answers are from those by Pillow's resizing."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import StratifiedKFold

    from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

    folder = measure.photos(name)
    tfms = tfms_from_model("tf_efficientnet_lite0", SIZE)
    sides: dict[str, np.ndarray] = {}
    views: dict[str, np.ndarray] = {}
    for resizer in ("pillow", "simd"):
        found, labels = pixels_of(folder, replace(tfms.recipe, resizer=resizer))
        views[resizer] = np.stack(found)
        data = ImageClassifierData.from_arrays(
            folder, (views[resizer][:-8], np.array(labels[:-8])),
            (views[resizer][-8:], np.array(labels[-8:])),
            tfms=tfms_from_model("tf_efficientnet_lite0", SIZE, pre_crop_scale=1.0), quiet=True,
        )  # fmt: skip
        learn = ConvLearner.pretrained(
            "tf_efficientnet_lite0", data, precompute=True, quiet=True, precision="f32"
        )
        rows = np.concatenate([learn.activations_of(s)[0] for s in ("train", "valid")]).astype(
            float
        )
        rows = rows[:, rows.shape[1] // 2 :]
        sides[resizer] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    labelled = np.array(labels)
    right = {side: np.zeros(len(labelled), bool) for side in sides}
    changed = 0
    for train, test in StratifiedKFold(5, shuffle=True, random_state=0).split(labelled, labelled):
        answers = {
            side: LogisticRegression(C=30, max_iter=2000).fit(rows[train], labelled[train])
            .predict(rows[test]) for side, rows in sides.items()
        }  # fmt: skip
        for side, answer in answers.items():
            right[side][test] = answer == labelled[test]
        changed += int((answers["pillow"] != answers["simd"]).sum())
    paired = right["simd"].astype(float) - right["pillow"]
    apart = np.abs(views["simd"].astype(np.int16) - views["pillow"])
    error = 1.96 * paired.std(ddof=1) / len(paired) ** 0.5
    return {
        "num_photos": len(labelled),
        "mean_difference_in_levels": float(apart.mean()),
        "largest_difference_in_levels": int(apart.max()),
        "values_more_than_2_levels_apart": float((apart > 2).mean()),
        "accuracy_by_pillow": float(right["pillow"].mean()),
        "accuracy_by_simd": float(right["simd"].mean()),
        "answers_that_change": changed,
        "difference": float(paired.mean()),
        "interval": [float(paired.mean() - error), float(paired.mean() + error)],
    }


def main() -> None:
    """Measure both versions in turns, then compare their pixels."""
    measure.write("decoding", timed() | {"pixels": {name: judged(name) for name in SETS}})


def timed() -> dict[str, object]:
    """Costs and rates; with the argument "pixels" those that were measured last."""
    if sys.argv[1:] == ["pixels"]:
        last = json.loads((measure.RESULTS / "decoding.json").read_text())
        return {name: last[name] for name in ("milliseconds", "rates")}
    root = Path(os.environ.get("WARMSTART_BEFORE", "")).absolute()
    if not (root / "src" / "warmstart").is_dir():
        sys.exit("set WARMSTART_BEFORE to a checkout: git worktree add ../before 8db6598")
    before, now = Side(root), Side(measure.REPO)
    figures: dict[str, object] = {"milliseconds": costs(before, now), "rates": rates(before, now)}
    for side in (before, now):
        side.process.terminate()
    return figures


if __name__ == "__main__":
    serve() if sys.argv[1:] == ["serve"] else main()
