"""`warmstart predict --engine ray` against one process, killed, and against Ray Data by hand.

Real photos of dogs and cats under other names, one pixel of each changed. Measured: images a
second of whole commands and without their start (that of one picture), the peak memory of the
driver and of each worker, and whether the CSV is that of one process. With ``--deaths`` a worker or
the driver is killed again and again at random moments. By hand: the script that the documentation
of Ray Data suggests for batch inference, with torch and the same network.

    python benchmarks/cluster.py --numbers 1000            # minutes
    python benchmarks/cluster.py --numbers 10000 100000 --deaths 20   # hours on two cores
"""

import argparse
import hashlib
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import measure
import numpy as np
import simplejpeg

KINDS = {"local": [], "ray 1": ["--workers", "1"], "ray 2": ["--workers", "2"]}
QUALITY = 92  # of the changed photos
POLL_SECONDS = 0.05
BY_HAND = Path(__file__).with_name("cluster_by_hand.py")


def write_photos(folder: Path, real: list[Path], first: int, last: int) -> None:
    """Photos under other names, each with one pixel changed, in folders of 10,000."""
    for number in range(first, last):
        source = real[number % len(real)].read_bytes()
        pixels = simplejpeg.decode_jpeg(source).copy()
        y, x = (number * 7919) % pixels.shape[0], (number * 104729) % pixels.shape[1]
        pixels[y, x] = (number % 256, number // 256 % 256, number // 65536 % 256)
        place = folder / f"{number // 10_000:03d}" / f"{number:07d}.jpg"
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(pixels), QUALITY))


def children_of(pid: int) -> Iterator[tuple[int, str]]:
    """Number and name of every process that one has begun, and they."""
    found: dict[int, list[tuple[int, str]]] = {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            name = (place / "cmdline").read_text().replace("\0", " ").strip()
        except (OSError, IndexError):
            continue
        found.setdefault(parent, []).append((int(place.name), name))
    todo = [pid]
    while todo:
        for child, name in found.get(todo.pop(), []):
            todo.append(child)
            yield child, name


def peak_bytes(pid: int) -> int:
    """The most memory that a process has had; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(found[0]) * 1024 if found else 0


def watched(command: list[str], environment: dict[str, str]) -> dict[str, object]:
    """Seconds of a command, and peak memory of it and of its workers."""
    began = time.perf_counter()
    process = begin(command, environment)
    driver, workers, others = 0, {}, {}
    while process.poll() is None:
        driver = max(driver, peak_bytes(process.pid))
        for pid, name in children_of(process.pid):
            is_worker = "RayWorker" in name or "MapWorker" in name
            (workers if is_worker else others)[pid] = peak_bytes(pid)
        time.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - began
    assert process.returncode == 0, f"{command} failed"
    return {
        "seconds": seconds,
        "driver's peak MB": driver / 1e6,
        "workers' peak MB": [value / 1e6 for value in workers.values()],
        "MB of all else that Ray runs": sum(others.values()) / 1e6,
    }


def begin(command: list[str], environment: dict[str, str]) -> "subprocess.Popen[bytes]":
    """Start a command that prints nothing."""
    return subprocess.Popen(
        command, env=os.environ | environment, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def killed_often(
    command: list[str], environment: dict[str, str], shards: Path, deaths: int
) -> dict[str, object]:
    """Kill a worker or the driver at random moments, and go on until the command ends."""
    draw, killed, starts = random.Random(0), {"worker": 0, "driver": 0}, 0
    made: set[tuple[str, int]] = set()
    began = time.perf_counter()
    while True:
        starts += 1
        process = begin(command, environment)
        until = time.perf_counter() + draw.uniform(8, 30)
        while process.poll() is None:
            for place in shards.glob("[0-9a-f]*.safetensors"):
                try:
                    made.add((place.name, place.stat().st_mtime_ns))
                except OSError:
                    continue
            if time.perf_counter() > until and sum(killed.values()) < deaths:
                workers = [pid for pid, name in children_of(process.pid) if "RayWorker" in name]
                victim = "worker" if workers and draw.random() < 0.6 else "driver"
                os.kill(draw.choice(workers) if victim == "worker" else process.pid, signal.SIGKILL)
                killed[victim] += 1
                until = time.perf_counter() + draw.uniform(3, 25)
            time.sleep(POLL_SECONDS)
        if process.returncode == 0:
            break
    names = [name for name, _ in made]
    return {
        "seconds": time.perf_counter() - began,
        "killed": killed,
        "starts": starts,
        "shards made": len(names),
        "shards made again": len(names) - len(set(names)),
    }


def same_answers(table: Path, other: Path) -> float:
    """Share of pictures to which two CSVs say the same, by name."""
    both = [
        dict(line.split(",")[:2] for line in place.read_text().splitlines()[1:])
        for place in (table, other)
    ]
    same = sum(both[1].get(name) == label for name, label in both[0].items())
    return same / len(both[0])


def main() -> None:
    """Train, write photos, predict them in every way."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--numbers", type=int, nargs="+", default=[1_000])
    parser.add_argument("--deaths", type=int, default=0)
    parser.add_argument("--repeats", type=int, default=1)
    parser.add_argument("--no-by-hand", action="store_true")
    asked = parser.parse_args()
    real = sorted(measure.photos("dogscats").rglob("*.jpg"))
    figures: dict[str, object] = {"photos": len(real), "numbers": asked.numbers}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        out, environment = folder / "run", {"WARMSTART_CACHE": str(folder / "cache")}
        train = [measure.warmstart(), "train", str(measure.photos("dogscats")), "--no-report"]
        measure.run([*train, "--out", str(out)], **environment)
        model, made = out / "model", 0
        one = folder / "one"
        write_photos(one, real, 0, 1)
        starts = {
            kind: timed(model, one, folder / "one.csv", words, environment)["seconds"]
            for kind, words in KINDS.items()
        }
        figures["seconds of one picture"] = starts
        for number in asked.numbers:
            photos = folder / f"photos-{number}"
            write_photos(photos, real, made, made + number)
            made += number
            rows: dict[str, object] = {}
            sums = set()
            for repeat in range(asked.repeats):
                for kind, words in KINDS.items():
                    table = folder / f"{kind.replace(' ', '-')}.csv"
                    found = timed(model, photos, table, words, environment)
                    seconds = float(str(found["seconds"]))
                    found["images a second"] = number / seconds
                    found["without the start"] = number / (seconds - float(str(starts[kind])))
                    rows[kind if repeat == 0 else f"{kind}, again"] = found
                    assert table.read_text().count("\n") == number + 1
                    sums.add(hashlib.sha256(table.read_bytes()).hexdigest())
            rows["CSVs that differ"] = len(sums) - 1
            if asked.deaths and number == asked.numbers[-1]:
                table = folder / "killed.csv"
                command = predict(model, photos, table, KINDS["ray 2"])
                shards = table.with_name("killed.csv.shards")
                rows["killed"] = killed_often(command, environment, shards, asked.deaths)
                sums.add(hashlib.sha256(table.read_bytes()).hexdigest())
                rows["CSVs that differ, killed ones too"] = len(sums) - 1
            figures[f"{number} photos"] = rows
            measure.write("cluster", figures)
            if not asked.no_by_hand:
                table = folder / "by-hand.csv"
                words = [sys.executable, str(BY_HAND), str(model), str(photos), str(table)]
                found = watched(words, environment)
                found["images a second"] = number / float(str(found["seconds"]))
                found["same answers"] = same_answers(folder / "local.csv", table)
                rows["Ray Data by hand"] = found
                measure.write("cluster", figures)


def predict(model: Path, photos: Path, table: Path, words: list[str]) -> list[str]:
    """The command of one way."""
    engine = ["--engine", "ray", *words] if words else []
    command = [measure.warmstart(), "predict", str(model), str(photos), "--csv", str(table)]
    return [*command, *engine]


def timed(
    model: Path, photos: Path, table: Path, words: list[str], environment: dict[str, str]
) -> dict[str, object]:
    """Predict in one way."""
    table.unlink(missing_ok=True)
    return watched(predict(model, photos, table, words), environment)


if __name__ == "__main__":
    main()
