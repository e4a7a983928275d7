"""The check of data: seconds and memory, by number of pictures.

Generated pictures of 64 x 48 pixels in tar shards, two classes, one in a hundred the copy of
another; the embedded network sees 32 x 32 pixels of each. A process of its own checks each source,
twice: the second finds every hash and activation stored, as one does that goes on after a stop. The
peak is what it needs beyond what the imports take.

    python benchmarks/check_data.py --rows 10000 100000
"""

import argparse
import json
import sys
import tarfile
import tempfile
from io import BytesIO
from pathlib import Path

import measure
import numpy as np
from PIL import Image

SHARD_ROWS = 10_000
CHECKING = """
import json, sys, time
from pathlib import Path
def peak_bytes():  # of this process alone: getrusage has that of the one which began it, too
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
from warmstart import ImageClassifierData, tfms_from_model
import warmstart.checkup.check, openvino, scipy.sparse.csgraph
before = peak_bytes()
began, cpu = time.perf_counter(), time.process_time()
data = ImageClassifierData.from_tar(
    sys.argv[1], tfms_from_model("tf_efficientnet_lite0", 32), quiet=True
)
opened, peak_opened = time.perf_counter(), peak_bytes()
found = data.check(cache_dir=sys.argv[2], quiet=True)
told = {"seconds": time.perf_counter() - opened, "cpu seconds": time.process_time() - cpu,
        "MB beyond imports": (peak_bytes() - before) / 2**20,
        "of which to open": (peak_opened - before) / 2**20, "rows": len(data.table),
        "exact duplicates": len(found.exact_duplicates),
        "near duplicates": len(found.near_duplicates), "wrong labels": len(found.mislabelled)}
print(json.dumps(told))
"""


def picture(row: int) -> bytes:
    """A JPEG of a few blots with a tint that is the class."""
    noise = np.random.default_rng(row).integers(0, 160, (6, 8, 3))
    noise[..., row % 2] += 90
    small = Image.fromarray(noise.clip(0, 255).astype(np.uint8))
    file = BytesIO()
    small.resize((64, 48), Image.Resampling.BILINEAR).save(file, "JPEG", quality=80)
    return file.getvalue()


def write_tars(folder: Path, number: int) -> str:
    """Archives of pictures and their labels."""
    for shard, start in enumerate(range(0, number, SHARD_ROWS)):
        with tarfile.open(folder / f"{shard:04d}.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
            for row in range(start, min(start + SHARD_ROWS, number)):
                shown = row - 2 if row % 100 == 99 else row
                label = b"warm" if row % 2 else b"cold"
                for kind, content in (("jpg", picture(shown)), ("cls", label)):
                    info = tarfile.TarInfo(f"{row:08d}.{kind}")
                    info.size = len(content)
                    archive.addfile(info, BytesIO(content))
    return str(folder)


def main() -> None:
    """Write, check, tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[1000, 10_000])
    parser.add_argument("--once", action="store_true")
    asked = parser.parse_args()
    figures: dict[str, object] = {}
    for number in asked.rows:
        with tempfile.TemporaryDirectory() as name, tempfile.TemporaryDirectory() as cache:
            source = write_tars(Path(name), number)
            for when in ("first",) if asked.once else ("first", "again"):
                _, _, said = measure.run([sys.executable, "-c", CHECKING, source, cache])
                told = json.loads(said.strip().splitlines()[-1])
                assert told["rows"] == number
                figures[f"{number} pictures, {when}"] = told
                print(number, when, json.dumps(told), flush=True)
    measure.write("check_data", figures)


if __name__ == "__main__":
    main()
