"""(i) Images per second of training all layers, against a plain PyTorch loop, in turn.

Both decode the same photos, at 224 pixels in batches of 32, with SGD. The plain loop is float32
with torch's defaults and two worker processes. Each measurement is a process of its own, since what
we tell the C library's allocator holds for a whole process; an epoch is timed after a warm-up.
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure

ARCHS, PAIRS, NUM_ROWS, BATCH = ("resnet34", "tf_efficientnet_lite0"), 5, 64, 32


def photos(place: Path) -> Path:
    """Some photos of dogs and cats as links, so that both see the same ones."""
    source = measure.photos("dogscats") / "train"
    for name in ("cats", "dogs"):
        (place / name).mkdir()
        for file in sorted((source / name).iterdir())[: NUM_ROWS // 2]:
            (place / name / file.name).symlink_to(file)
    return place


def ours(arch: str, folder: Path) -> dict[str, object]:
    """An epoch of ``fit`` after ``unfreeze``."""
    from warmstart import ConvLearner, ImageClassifierData, tfms_from_model

    tfms = tfms_from_model(arch, 224, aug_tfms="side_on")
    data = ImageClassifierData.from_paths(folder, tfms, BATCH, valid_pct=0.02)
    with tempfile.TemporaryDirectory() as cache:
        learn = ConvLearner.pretrained(
            arch, data, pretrained=False, cache_dir=cache, quiet=True, device="cpu"
        )
        learn.unfreeze()
        history = learn.fit(1e-3, 2)
    rows = len(data.table.rows("train"))
    last = history.records[-1]
    return {"images_per_second": rows / last.seconds, "precision": last.precision}


def plain(arch: str, folder: Path) -> dict[str, object]:
    """An epoch of the loop that most people write."""
    import timm
    import torch
    from torchvision import transforms
    from torchvision.datasets import ImageFolder

    views = transforms.Compose([
        transforms.Resize(256),
        transforms.RandomCrop(224),
        transforms.RandomHorizontalFlip(),
        transforms.ColorJitter(0.05, 0.05),
        transforms.RandomRotation(10),
        transforms.ToTensor(),
        transforms.Normalize((0.5,) * 3, (0.5,) * 3),
    ])  # fmt: skip
    data = ImageFolder(str(folder), views)
    loader = torch.utils.data.DataLoader(data, BATCH, shuffle=True, num_workers=2)
    model = timm.create_model(arch, num_classes=2).train()
    optimiser = torch.optim.SGD(model.parameters(), 1e-3, momentum=0.9)
    seconds = 0.0
    for _ in range(2):
        began = time.perf_counter()
        for pictures, labels in loader:
            loss = torch.nn.functional.cross_entropy(model(pictures), labels)
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        seconds = time.perf_counter() - began
    return {"images_per_second": len(data) / seconds, "precision": "f32"}


def main() -> None:
    """Pairs of processes for each architecture."""
    if len(sys.argv) > 1:
        kind, arch, folder = sys.argv[1:]
        found = (ours if kind == "ours" else plain)(arch, Path(folder))
        print("\n" + json.dumps(found))
        return
    rows = []
    with tempfile.TemporaryDirectory() as place:
        folder = photos(Path(place))
        for arch in ARCHS:
            speeds: dict[str, list[float]] = {"ours": [], "plain": []}
            precisions = []
            for _ in range(PAIRS):
                for kind in speeds:
                    done = subprocess.run(
                        [sys.executable, __file__, kind, arch, str(folder)],
                        check=True, capture_output=True, text=True,
                    )  # fmt: skip
                    found = json.loads(done.stdout.splitlines()[-1])
                    speeds[kind].append(found["images_per_second"])
                    if kind == "ours":
                        precisions.append(found["precision"])
            ratios = [a / b for a, b in zip(speeds["ours"], speeds["plain"], strict=True)]
            rows.append(
                {
                    "arch": arch,
                    "ours": measure.spread(speeds["ours"]),
                    "plain": measure.spread(speeds["plain"]),
                    "ratio": measure.spread(ratios),
                    "our_precision": precisions,
                }
            )
    measure.write("finetune_speed", {"num_rows": NUM_ROWS, "batch": BATCH, "rows": rows})


if __name__ == "__main__":
    main()
