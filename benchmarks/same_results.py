"""Are results the same, whatever the photos lie in and whoever computes? One table.

The same photos are trained on (frozen, logistic head, a store of its own each time) from a folder,
a tar, a Parquet file and an S3-compatible server on loopback; by 1, 2 and 8 loader threads; from
rows that 1 and 2 workers of Ray have stored; by 1, 2 and 3 processes of torchrun. Compared with the
first: stored rows, weights and predictions of each validation photo by its content (sha256, to the
bit), accuracy and the largest difference of a probability. Then the first model predicts them all,
from each source and by Ray. Last, 1, 2 and 3 processes train a whole small network on 101 pictures
(world_sizes.py), where bits cannot be equal: sums of gradients have another order.

    python benchmarks/same_results.py                      # minutes
"""

import argparse
import csv
import hashlib
import logging
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import measure
import numpy as np
import pyarrow as pa
import world_sizes
from pyarrow import parquet
from safetensors.numpy import load_file
from tests.processes import stored_rows
from tests.shards import write_tar
from tests.unit.files.s3_server import s3_server

NUM_TRAIN, NUM_VALID = 101, 40  # of both classes together; 101 is nobody's multiple
START = "from warmstart.cli.main import main; main()"
THREADS = "import warmstart.batches.source as s; s.num_cores = lambda: {}; " + START
TORCHRUN = ["-m", "torch.distributed.run", "--standalone"]
RAY = ["--engine", "ray", "--workers"]


def copied(source: Path, home: Path) -> list[tuple[str, str, Path]]:
    """Some photos of a folder of class folders: part, label and file of each, by name."""
    found = []
    classes = sorted(place for place in source.iterdir() if place.is_dir())
    for number, label in enumerate(classes):
        for part, wanted in (("train", NUM_TRAIN), ("valid", NUM_VALID)):
            share = len(range(number, wanted, len(classes)))
            files = sorted(label.iterdir())
            files = files[:share] if part == "train" else files[-share:]
            for file in files:
                name = file.stem.replace(".", "-") + file.suffix  # WebDataset ends names at a dot
                place = home / "folder" / part / label.name / name
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(file.read_bytes())
                found.append((part, label.name, place))
    return sorted(found)


def packed(photos: Sequence[tuple[str, str, Path]], home: Path) -> tuple[str, str]:
    """The photos as tar archives and as a Parquet file."""
    for part in ("train", "valid"):
        members: dict[str, bytes | str] = {}
        for of, label, file in photos:
            if of == part:
                members |= {f"{label}_{file.name}": file.read_bytes()}
                members |= {f"{label}_{file.stem}.cls": label}
        write_tar(home / "tar" / f"{part}-000.tar", members)
    cell = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    cells = [{"bytes": file.read_bytes(), "path": file.name} for _, _, file in photos]
    columns = {
        "image": pa.array(cells, cell),
        "kind": [label for _, label, _ in photos],
        "part": [part for part, _, _ in photos],
    }
    parquet.write_table(pa.table(columns), home / "photos.parquet", row_group_size=17)
    return str(home / "tar"), str(home / "photos.parquet")


def upload(photos: Sequence[tuple[str, str, Path]]) -> str:
    """The photos in a bucket."""
    import boto3

    client = boto3.client("s3")
    for part, label, file in photos:
        key = f"photos/{part}/{label}/{file.name}"
        client.put_object(Bucket="bucket", Key=key, Body=file.read_bytes())
    return "s3://bucket/photos"


def digest(items: object) -> str:
    """A short name of what is compared."""
    return hashlib.sha256(repr(items).encode()).hexdigest()[:16]


def of_run(run: Path, cache: Path) -> dict[str, object]:
    """What a run has come to, for comparison."""
    with (run / "predictions.csv").open(newline="") as file:
        rows = sorted([row["sha256"], row["label"], *[*row.values()][4:]]
                      for row in csv.DictReader(file))  # fmt: skip
        file.seek(0)
        right = [row["label"] == row["predicted"] for row in csv.DictReader(file)]
    weights = load_file(run / "model" / "weights.safetensors")
    stored = stored_rows(cache)
    return {
        "rows": digest(sorted((key, each) for key, each in stored.items())),
        "doubled rows": sum(len(each) - 1 for each in stored.values()),
        "weights": digest(sorted((name, each.tobytes()) for name, each in weights.items())),
        "predictions": digest(rows),
        "accuracy": float(np.mean(right)),
        "probabilities": np.array([[float(cell) for cell in row[2:]] for row in rows]),
    }


def of_table(table: Path, names: Sequence[str]) -> dict[str, object]:
    """What a CSV of predictions says of each photo, whatever the photo is called there.

    Args:
        table: Its names end with that of a file, or in Parquet with the number of a row.
        names: Of the files, in the order of those rows.
    """
    numbers = {name: number for number, name in enumerate(names)}

    def position(name: str) -> int:
        last = Path(name).name.rpartition("_")[2]
        return int(last) if last.isdecimal() else numbers[last]

    with table.open(newline="") as file:
        titles, *rows = [*csv.reader(file)]
    said = sorted([position(row[0]), *row[1:]] for row in rows)
    return {
        "predictions": digest((titles[1:], said)),
        "probabilities": np.array([[float(cell) for cell in row[2:]] for row in said]),
    }


class Ways:
    """Trains and predicts in every way, and compares with the first."""

    def __init__(self, home: Path, names: Sequence[str], options: list[str]) -> None:
        """Work in ``home``, on photos of these ``names``; ``options`` of every training."""
        self.home, self.names, self.options = home, names, options
        self.trained: dict[str, dict[str, object]] = {}
        self.predicted: dict[str, dict[str, object]] = {}

    def cache(self, name: str) -> Path:
        """A store of one way alone."""
        return self.home / "caches" / name.replace(" ", "-")

    def environment(self, name: str) -> dict[str, str]:
        """Of each process."""
        return {"WARMSTART_CACHE": str(self.cache(name)), "OMP_NUM_THREADS": "1"}

    def train(self, name: str, words: Sequence[str], python: Sequence[str] = ("-c", START)) -> None:
        """Train on a source, as Python is told to."""
        run = self.home / "runs" / name.replace(" ", "-")
        command = [sys.executable, *python, "train", *words, *self.options, "--no-report"]
        command += ["--head", "logistic", "--out", str(run)]
        measure.run(command, **self.environment(name))
        self.trained[name] = compared(of_run(run, self.cache(name)), self.trained)

    def fill(self, name: str, source: str, workers: str) -> None:
        """Let workers store rows, and train on them."""
        command = [sys.executable, "-c", START, "cache", "fill", source, *self.options]
        measure.run([*command, *RAY, workers], **self.environment(name))
        self.train(name, [source])

    def predict(self, name: str, source: str, more: Sequence[str] = ()) -> None:
        """Predict a source by the first model."""
        table, model = self.home / f"{len(self.predicted)}.csv", self.home / "runs" / "folder"
        command = [sys.executable, "-c", START, "predict", str(model / "model"), source]
        measure.run([*command, "--csv", str(table), *more], **self.environment("folder"))
        self.predicted[name] = compared(of_table(table, self.names), self.predicted)


def compared(found: dict[str, object], others: dict[str, dict[str, object]]) -> dict[str, object]:
    """What was found, and how far it is from the first."""
    first = next(iter(others.values()), found)
    own, expected = (np.asarray(each["probabilities"]) for each in (found, first))
    found["largest difference"] = float(np.abs(own - expected).max())
    found["is the same"] = {
        name: found[name] == first[name]
        for name in ("rows", "weights", "predictions", "accuracy")
        if name in found
    }
    return found


def plain(found: dict[str, dict[str, object]]) -> dict[str, object]:
    """Without the arrays."""
    return {
        name: {title: cell for title, cell in each.items() if title != "probabilities"}
        for name, each in found.items()
    }


def markdown(found: dict[str, dict[str, object]], columns: Sequence[str]) -> str:
    """A table of what is the same as in its first row."""
    lines = [f"| | {' | '.join(columns)} | largest difference |", "|---" * (len(columns) + 2) + "|"]
    for number, (name, each) in enumerate(found.items()):
        same = each["is the same"]
        assert isinstance(same, dict)
        cells = [f"`{each[c]}`" if number == 0 else ("the same" if same[c] else f"`{each[c]}`")
                 for c in columns]  # fmt: skip
        lines.append(f"| {name} | {' | '.join(cells)} | {each['largest difference']:.1e} |")
    return "\n".join(lines)


def thawed() -> dict[str, object]:
    """The largest differences of 2 and 3 processes from one, of everything that they find."""
    with tempfile.TemporaryDirectory() as made:
        results = {size: world_sizes.found(size, Path(made) / str(size)) for size in (1, 2, 3)}
    return {
        f"{size} processes": {
            name: float(np.abs(results[size][name] - results[1][name]).max())
            for name in world_sizes.NAMES
        }
        for size in (2, 3)
    }


def main() -> None:
    """Every way, and the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=Path, help="a folder of class folders")
    parser.add_argument("--arch", default="tf_efficientnet_lite0")
    parser.add_argument("--size", type=int, default=224)
    parser.add_argument("--no-pretrained", action="store_true")
    parser.add_argument("--sources-alone", action="store_true", help="no Ray, no torchrun")
    parser.add_argument("--quick", action="store_true", help="less, and nothing is written: a test")
    asked = parser.parse_args()
    options = ["--arch", asked.arch, "--size", str(asked.size), "--precision", "f32"]
    options += ["--no-pretrained"] if asked.no_pretrained else []
    logging.getLogger("werkzeug").setLevel(logging.ERROR)  # the server tells of each request
    with tempfile.TemporaryDirectory(prefix="ws-") as name, s3_server():
        home = Path(name)
        photos = copied(asked.photos or measure.photos("dogscats") / "train", home)
        tar, table = packed(photos, home)
        folder, bucket = str(home / "folder"), upload(photos)
        columns = ["--label-column", "kind", "--split-column", "part"]
        ways = Ways(home, [file.name for *_, file in photos], options)
        ways.train("folder", [folder])
        ways.train("tar", [tar])
        ways.train("Parquet", [table, *columns])
        ways.train("S3", [bucket])
        for number in (8,) if asked.quick else (1, 2, 8):
            ways.train(f"{number} loader threads", [folder], ["-c", THREADS.format(number)])
        for source, place in (("folder", folder), ("tar", tar), ("Parquet", table), ("S3", bucket)):
            ways.predict(source, place)
        figures: dict[str, object] = {"train": NUM_TRAIN, "valid": NUM_VALID, "arch": asked.arch}
        if not asked.sources_alone:
            for workers in ("1", "2"):
                ways.fill(f"rows stored by Ray {workers}", folder, workers)
                ways.predict(f"Ray {workers}", folder, [*RAY, workers])
            for size in (2, 3):
                python = [*TORCHRUN, f"--nproc-per-node={size}", "-m", "warmstart"]
                ways.train(f"{size} processes", [folder], python)
            figures["thawed"] = thawed()
        figures |= {"trained": plain(ways.trained), "predicted": plain(ways.predicted)}
    if not asked.quick:
        measure.write("same_results", figures)
    print(markdown(ways.trained, ("rows", "weights", "predictions", "accuracy")))
    print()
    print(markdown(ways.predicted, ("predictions",)))


if __name__ == "__main__":
    main()
