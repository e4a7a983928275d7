"""Opening a table of many rows: seconds and memory, by kind of source.

Opening is what happens before the first picture is read: which rows there are, what they are, and
who validates. The pictures are a few bytes, since none is read. A process of its own opens each
source; its peak is what it needs beyond what the imports take. Files that a CSV names have to be
there, so ten million of them are not made: ``--csv-rows`` says how many.

    python benchmarks/large_table.py --rows 100000 1000000 10000000 --csv-rows 100000
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

NUM_CLASSES = 1000
SHARD_ROWS = 100_000  # of a tar
OPENING = """
import json, sys, time
from pathlib import Path
def peak_bytes():  # of this process alone: getrusage has that of the one which began it, too
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM"))
from warmstart.cli.run.loading import load_data
from warmstart.cli.run.settings import DataSettings
import warmstart.data.shard_table, warmstart.data.csv_table
if sys.argv[1].endswith(".parquet"):
    from pyarrow import parquet
before = peak_bytes()
began, cpu = time.perf_counter(), time.process_time()
data = load_data(DataSettings(sys.argv[1], split_by=sys.argv[2], folder=sys.argv[3]), quiet=True)
told = {"seconds": time.perf_counter() - began, "cpu seconds": time.process_time() - cpu}
peak = peak_bytes()
table = data.table
told |= {"MB beyond imports": (peak - before) / 2**20, "rows": len(table),
         "valid": len(table.rows("valid")), "classes": len(table.classes)}
print(json.dumps(told))
"""


def labels(number: int) -> list[str]:
    """Names of classes, one a row."""
    drawn = np.random.default_rng(0).integers(0, NUM_CLASSES, number)
    names = np.array([f"class {label:04d}" for label in range(NUM_CLASSES)])
    return names[drawn].tolist()


def write_parquet(folder: Path, number: int) -> str:
    """One file: a struct of bytes and path, and labels."""
    import pyarrow as pa
    from pyarrow import parquet

    cell = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    schema = pa.schema([("image", cell), ("label", pa.string())])
    told = labels(number)
    with parquet.ParquetWriter(folder / "rows.parquet", schema) as writer:
        for start in range(0, number, SHARD_ROWS):
            rows = range(start, min(start + SHARD_ROWS, number))
            content = pa.array([b"picture %d" % row for row in rows])
            paths = pa.nulls(len(rows), pa.string())
            cells = pa.StructArray.from_arrays([content, paths], ["bytes", "path"])
            table = pa.table([cells, pa.array(told[start : rows.stop])], schema=schema)
            writer.write_table(table, row_group_size=10_000)
    return str(folder / "rows.parquet")


def write_tars(folder: Path, number: int) -> str:
    """Archives of 100,000 pictures and their labels."""
    told = labels(number)
    for shard, start in enumerate(range(0, number, SHARD_ROWS)):
        with tarfile.open(folder / f"{shard:04d}.tar", "w", format=tarfile.USTAR_FORMAT) as archive:
            for row in range(start, min(start + SHARD_ROWS, number)):
                for kind, content in (("jpg", b"picture"), ("cls", told[row].encode())):
                    info = tarfile.TarInfo(f"{row:08d}.{kind}")
                    info.size = len(content)
                    archive.addfile(info, BytesIO(content))
    return str(folder)


def write_csv(folder: Path, number: int) -> str:
    """A CSV, and an empty file for each row in folders of 10,000."""
    lines = ["name,label"]
    for row, label in enumerate(labels(number)):
        place = folder / "photos" / f"{row // 10_000:04d}"
        if row % 10_000 == 0:
            place.mkdir(parents=True)
        (place / f"{row:08d}.jpg").touch()
        lines.append(f"{place.name}/{row:08d}.jpg,{label}")
    (folder / "rows.csv").write_text("\n".join(lines))
    return str(folder / "rows.csv")


KINDS = {"parquet": write_parquet, "tar": write_tars, "csv": write_csv}


def opened(source: str, split_by: str, folder: str) -> dict[str, float]:
    """What a process says that opens a source."""
    _, _, said = measure.run([sys.executable, "-c", OPENING, source, split_by, folder])
    return json.loads(said.strip().splitlines()[-1])


def main() -> None:
    """Write, open, tell."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--tar-rows", type=int, nargs="*", default=[100_000])
    parser.add_argument("--csv-rows", type=int, nargs="*", default=[100_000])
    asked = parser.parse_args()
    figures: dict[str, object] = {}
    for kind, numbers in (
        ("parquet", asked.rows), ("tar", asked.tar_rows), ("csv", asked.csv_rows)
    ):  # fmt: skip
        for number in numbers:
            with tempfile.TemporaryDirectory() as name:
                source = KINDS[kind](Path(name), number)
                of_files = "photos" if kind == "csv" else ""
                for split_by in ("class", "name"):
                    told = opened(source, split_by, of_files)
                    assert told["rows"] == number
                    told["bytes beyond imports a row"] = told["MB beyond imports"] * 2**20 / number
                    figures[f"{kind}, {number} rows, by {split_by}"] = told
                    print(kind, number, split_by, json.dumps(told), flush=True)
    measure.write("large_table", figures)


if __name__ == "__main__":
    main()
