"""Views by threads, by the device, and each part of the way to them, for ``gpu.py``."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

from gpu_plain import PLAIN_BATCH
from gpu_table import Scale, Table

from warmstart import tfms_from_model
from warmstart.activations.ahead import in_thread
from warmstart.activations.device_pixels import MADE_TOGETHER, pixels_there
from warmstart.batches.rendering import stream_pixels
from warmstart.batches.source import num_cores
from warmstart.device_views.bare_jpeg import bare_jpeg
from warmstart.device_views.chosen import device_views
from warmstart.device_views.device_decoder import decode_on_device, is_sound_jpeg
from warmstart.device_views.pending import PendingPicture
from warmstart.images.augment import Augmentation, transforms_side_on
from warmstart.images.augmented import AugmentedRecipe


def views_by_threads(table: Table, contents: list[bytes], scale: Scale) -> None:
    """How decoding scales with threads."""
    recipe = tfms_from_model(scale.backbones[0][0], scale.size).recipe
    varied = AugmentedRecipe(recipe, transforms_side_on)
    some = contents[: scale.num_views]
    counts = sorted({1, 2, 4, 8, 16, num_cores()})
    for threads in [count for count in counts if count <= num_cores()]:
        for name, goal, render in (
            ("plain", 2_500, lambda row: recipe.render(some[row], "")),
            ("augmented", 2_000, lambda row: varied.render(some[row], "", 1, bytes(32))),
        ):
            rows = range(len(some) if threads > 2 else max(1, len(some) // 6))

            def work(render: Any = render, rows: range = rows, threads: int = threads) -> None:
                for _ in stream_pixels(render, rows, num_threads=threads):
                    pass

            aim = f">= {goal:,} on 16 cores" if threads == 16 else ""
            table.add(f"{name} views, {threads} threads", table.rate(len(rows), work), goal=aim)


def parts_of_the_pipeline(table: Table, contents: list[bytes], scale: Scale) -> None:
    """What each part of JPEG → view does alone."""
    recipe = tfms_from_model(scale.backbones[0][0], scale.size).recipe
    some = contents[: 8 * PLAIN_BATCH]
    bare = [jpeg for content in some if (jpeg := bare_jpeg(content, recipe.at_least()))]
    table.add("headers read, 1 thread", table.rate(
        len(some), lambda: [bare_jpeg(content, recipe.at_least()) for content in some]
    ))  # fmt: skip
    with ThreadPoolExecutor(num_cores()) as pool:
        print(f"  {len(bare)} of {len(some)} are for the device's decoder")
        table.add(f"damage looked for, {num_cores()} threads", table.rate(
            len(bare), lambda: list(pool.map(
                lambda jpeg: is_sound_jpeg(jpeg.content, jpeg.width, jpeg.height), bare
            )), 2,
        ))  # fmt: skip
    views = device_views(table.device)
    print(f"  views by {views and views.name}")
    if table.device.type == "cuda" and bare:
        table.add("nvJPEG alone, batches of 256", table.rate(
            len(bare), lambda: [
                decode_on_device(bare[i : i + 256], table.device) for i in range(0, len(bare), 256)
            ], 2,
        ))  # fmt: skip
    if views is not None:
        pending = [views.prepare(recipe, content, "") for content in some]
        stored = [picture for picture in views.decoded(pending) if picture is not None]
        table.add("views alone, of decoded pictures", table.rate(
            len(stored), lambda: [
                pending[0].shown(stored[i : i + 256]) for i in range(0, len(stored), 256)
            ], 2,
        ))  # fmt: skip


def augmented_views(table: Table, contents: list[bytes], scale: Scale) -> None:
    """Augmented views by the device, all together, and the device's part alone."""
    views, threads = device_views(table.device), num_cores()
    if views is None or not table.has_time("augmented views on the device"):
        return
    plain = tfms_from_model(scale.trained, scale.size).recipe
    for name, how, goal in (
        ("side_on", transforms_side_on, ">= 2,000 on 16 cores"),
        ("rand_augment", Augmentation(policy="rand_augment", erasing_probability=0.25), ""),
    ):
        if not views.drawn_name(how):
            continue
        recipe = AugmentedRecipe(plain, how)

        def prepared(row: int, recipe: AugmentedRecipe = recipe) -> PendingPicture:
            return views.prepare_drawn(recipe, contents[row], "", 1, bytes([row % 256] * 32))

        rows = range(min(len(contents), 2 * scale.num_views))

        def work(render: Any = prepared, rows: range = rows) -> None:
            for block in in_thread(
                stream_pixels(render, rows, block=MADE_TOGETHER, num_threads=threads),
                table.device,
            ):
                pixels_there(block, table.device)

        prepared(0).finish((0,), [prepared(0)], ())  # kernels load
        rate = table.rate(len(rows), work)
        table.add(f"{name} views on the device, {threads} threads", rate, goal=goal)
        pending = [prepared(row) for row in rows[:MADE_TOGETHER]]
        stored = [picture for picture in views.decoded(pending) if picture is not None]
        drawn = [picture.drawn for picture in pending][: len(stored)]
        table.add(f"{name} views alone, of decoded pictures", table.rate(
            len(stored), lambda: pending[0].shown(stored, drawn), 3,  # noqa: B023
        ))  # fmt: skip
