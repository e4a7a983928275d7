"""The laws on a machine with a GPU: a line each, exit status 1 if one is broken.

``python benchmarks/gpu_laws.py --device cpu --tiny`` tries the script where there is none.
"""

import argparse
import hashlib
import os
import sys
import tempfile
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import gpu_photos
import numpy as np
import torch

from warmstart import ConvLearner, ImageClassifierData, load_predictor, tfms_from_model
from warmstart.batches.rendering import stream_pixels
from warmstart.device_views.chosen import SETTING, device_views
from warmstart.errors import UnreadableImageError
from warmstart.files.quiet import variables_set
from warmstart.images.augment import Augmentation, transforms_top_down
from warmstart.images.augmented import AugmentedRecipe
from warmstart.images.policy import RAND_AUGMENT, TRIVIAL_AUGMENT
from warmstart.training import compiled_steps

Law = Callable[["Place"], tuple[bool, str]]


@dataclass(frozen=True)
class Place:
    """Where and how large."""

    folder: Path
    work: Path
    device: str
    arch: str
    size: int
    is_tiny: bool

    def learner(
        self, store: str, *, precompute: bool = True, device: str = "", varies: bool = False
    ) -> ConvLearner:
        """A learner with a store of its own."""
        tfms = tfms_from_model(
            self.arch, self.size, aug_tfms=transforms_top_down if varies else None
        )
        bs = 8 if self.is_tiny else 32
        data = ImageClassifierData.from_paths(self.folder, tfms, bs, quiet=True)
        return ConvLearner.pretrained(
            self.arch, data, precompute=precompute, seed=3, pretrained=not self.is_tiny,
            cache_dir=self.work / store, device=device or self.device, quiet=True,
            # a busy processor may be faster in another type each time
            train_precision="f32" if self.device == "cpu" else "auto",
        )  # fmt: skip


def views_like_the_processors(place: Place) -> tuple[bool, str]:
    """Views of the device differ from those of the processor by a level or so."""
    views = device_views(torch.device(place.device))
    if views is None:
        return False, "the device makes no views"
    source = place.learner("views").data.source
    rows = source.table.rows("train")[:200]
    pending = [views.prepare(source.recipe, source.content(int(row)), "") for row in rows]
    by_device = pending[0].finish(rows.tolist(), pending, ()).pixels.astype(np.int16)
    by_processor = np.stack([source.render(int(row)) for row in rows]).astype(np.int16)
    each = np.abs(by_device - by_processor).mean((1, 2, 3))
    most = 1.0 if views.decode is None else 3.0  # nvJPEG enlarges colours in its own way
    return bool(each.max() <= most), (
        f"{each.mean():.3f} levels on average, {each.max():.3f} in the worst picture, "
        f"by {views.name}"
    )


def augmented_views_like_the_processors(place: Place) -> tuple[bool, str]:
    """Augmented views of the device differ from those of the processor by a level or so."""
    views = device_views(torch.device(place.device))
    kinds = (transforms_top_down, *(Augmentation("own", 10, 0.05, "side_on", 1.2, 0.5, policy)
             for policy in (RAND_AUGMENT, TRIVIAL_AUGMENT)))  # fmt: skip
    if views is None or not all(views.drawn_name(kind) for kind in kinds):
        return False, "the device makes no augmented views"
    source = place.learner("views").data.source
    rows = source.table.rows("train")[:60].tolist()
    contents = [source.content(row) for row in rows]
    found = []
    for kind in kinds:
        recipe = AugmentedRecipe(source.recipe, kind)
        drawn = [(content, "", 1, hashlib.sha256(content).digest()) for content in contents]
        pending = [views.prepare_drawn(recipe, *each) for each in drawn]
        by_device = pending[0].finish(rows, pending, ()).pixels.astype(np.int16)
        by_processor = np.stack([recipe.render(*each) for each in drawn]).astype(np.int16)
        found.append(np.abs(by_device - by_processor).mean((1, 2, 3)))
    each = np.concatenate(found)
    most = 1.0 if views.decode is None else 3.0  # of nvJPEG's colours, as above
    return bool(each.mean() <= most), (
        f"{each.mean():.3f} levels on average, {each.max():.3f} in the worst of {len(each)} views"
    )


def rows_alone_and_together(place: Place) -> tuple[bool, str]:
    """A row's bits depend on no other row of its batch."""
    learn = place.learner("alone")
    runner, source = learn.state.activations.frozen.runner, learn.state.source.for_networks
    rows = learn.data.table.rows("train")[:40].tolist()

    def outputs(order: list[int], block: int) -> dict[int, bytes]:
        stream = stream_pixels(source.render, order, block=block)
        return {
            int(row): value.tobytes()
            for made, values in runner.run(stream)
            for row, value in zip(made.rows, values, strict=True)
        }

    together = outputs(rows, runner.batch)
    apart = outputs(rows[::-1], max(1, min(7, runner.batch)))
    same = sum(together[row] == apart[row] for row in rows)
    return same == len(rows), f"{same} of {len(rows)} rows, in {runner.mode}"


def stored_is_computed(place: Place) -> tuple[bool, str]:
    """Training from stored rows is training from rows computed on the way."""
    found = []
    for precompute in (True, False):
        learn = place.learner(f"stored-{precompute}", precompute=precompute)
        learn.fit(1e-3, 1)
        found.append(learn.predict("valid").probabilities)
    return equal(*found)


def frozen_stays(place: Place) -> tuple[bool, str]:
    """What is frozen keeps its bits, statistics of BatchNorm included."""
    learn = place.learner("frozen")
    before = {name: t.clone() for name, t in learn.model.backbone.state_dict().items()}
    learn.fit(1e-2, 1)
    after = learn.model.backbone.state_dict()
    moved = [name for name, tensor in before.items() if not torch.equal(tensor, after[name])]
    return not moved, f"{len(moved)} of {len(before)} tensors moved"


def same_seed_same_bits(place: Place) -> tuple[bool, str]:
    """The head trained twice."""
    found = []
    for number in range(2):
        learn = place.learner(f"seed-{number}")
        learn.fit(1e-2, 2)
        found.append(learn.predict("valid").probabilities)
    return equal(*found)


def same_seed_same_bits_unfrozen(place: Place) -> tuple[bool, str]:
    """All layers trained twice."""
    states = []
    for number in range(2):
        learn = place.learner(f"unfrozen-{number}")
        learn.unfreeze()
        learn.fit((1e-5, 1e-4, 1e-3), 1)
        states.append({name: t.cpu() for name, t in learn.model.state_dict().items()})
    differ = [name for name in states[0] if not torch.equal(states[0][name], states[1][name])]
    return not differ, f"{len(differ)} of {len(states[0])} tensors differ"


def same_seed_same_bits_compiled(place: Place) -> tuple[bool, str]:
    """All layers trained twice by compiled steps, on augmented views.

    Compiled whatever the clock says: it may say otherwise the second time, and of one store the
    second fit would read what the first found.
    """
    gain, compiled_steps.GAIN = compiled_steps.GAIN, 0.0
    try:
        states, words = [], ""
        for number in range(2):
            with variables_set({compiled_steps.SETTING: "1"}):
                learn = place.learner(f"compiled-{number}", precompute=False, varies=True)
                learn.unfreeze()
                words = learn.fit((1e-5, 1e-4, 1e-3), 1).records[-1].compiling
            states.append({name: t.cpu() for name, t in learn.model.state_dict().items()})
    finally:
        compiled_steps.GAIN = gain
    differ = [name for name in states[0] if not torch.equal(states[0][name], states[1][name])]
    return not differ, f"{len(differ)} of {len(states[0])} tensors differ; {words}"


def loaded_is_saved(place: Place) -> tuple[bool, str]:
    """A model loaded on the same device gives the same bits."""
    learn, paths = trained(place)
    loaded = load_predictor(place.work / "model", device=place.device)
    return equal(learn.predict("valid").probabilities, loaded.predict(paths).probabilities)


def gpu_like_cpu(place: Place) -> tuple[bool, str]:
    """A model trained on the device and asked on a CPU gives the same answers (law 17)."""
    _, paths = trained(place)
    here = load_predictor(place.work / "model", device=place.device).predict(paths).probabilities
    there = load_predictor(place.work / "model", device="cpu").predict(paths).probabilities
    agree = float((here.argmax(1) == there.argmax(1)).mean())
    largest = float(np.abs(here - there).max())
    return agree >= 0.99, (
        f"{agree:.2%} of {len(paths)} answers agree, probabilities differ by {largest:.4f} at most"
    )


def damage_is_noticed(place: Place) -> tuple[bool, str]:
    """A JPEG that ends in the middle is no picture, whoever decodes it."""
    views = device_views(torch.device(place.device))
    source = place.learner("damage").data.source
    content = source.content(0)
    try:
        if views is not None:
            views.prepare(source.recipe, content[: len(content) // 2], "half.jpg")
    except UnreadableImageError as error:
        return True, error.reason
    return False, "it was taken"


def trained(place: Place) -> tuple[ConvLearner, list[Path]]:
    """A model, saved, and the files that it is asked about."""
    learn = place.learner("trained")
    learn.fit(1e-2, 1)
    learn.save(place.work / "model")
    rows = learn.data.table.rows("valid")
    return learn, [place.folder / learn.data.table.names[row] for row in rows]


def equal(first: np.ndarray, second: np.ndarray) -> tuple[bool, str]:
    """Whether two arrays are equal to the bit."""
    differ = int((first != second).sum())
    return differ == 0, f"{differ} of {first.size} numbers differ"


LAWS: tuple[Law, ...] = (
    views_like_the_processors,
    augmented_views_like_the_processors,
    damage_is_noticed,
    rows_alone_and_together,
    stored_is_computed,
    frozen_stays,
    same_seed_same_bits,
    loaded_is_saved,
    gpu_like_cpu,
    same_seed_same_bits_unfrozen,
    same_seed_same_bits_compiled,
)


def main() -> None:
    """A line for each law."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--tiny", action="store_true", help="few photos and a tiny network")
    asked = parser.parse_args()
    if asked.device != "cuda":
        os.environ[SETTING] = "all"  # the same code, on a CPU
    num_train, num_valid = (24, 12) if asked.tiny else (400, 400)
    arch, size = ("test_resnet", 32) if asked.tiny else ("tf_efficientnet_lite0", 224)
    broken = 0
    with tempfile.TemporaryDirectory() as name:
        work = Path(name)
        gpu_photos.write_photos(work / "photos", num_train, num_valid)
        place = Place(work / "photos", work, asked.device, arch, size, asked.tiny)
        for law in LAWS:
            try:
                holds, detail = law(place)
            except Exception as error:  # noqa: BLE001 - the other laws are tried all the same
                traceback.print_exc()
                holds, detail = False, f"{type(error).__name__}: {error}"
            broken += not holds
            print(f"{'holds ' if holds else 'BROKEN'}  {law.__name__}: {detail}", flush=True)
    sys.exit(1 if broken else 0)


if __name__ == "__main__":
    main()
