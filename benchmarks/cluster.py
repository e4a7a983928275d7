"""`warmstart predict --engine ray` against one process, killed, and against Ray Data by hand.

Real photos of dogs and cats under other names, one pixel of each changed. Measured: images a
second of whole commands and without their start (that of one picture), the peak memory of the
driver and of each worker, and whether the CSV is that of one process. With ``--deaths`` a worker or
the driver is killed again and again at random moments (deaths.py). By hand: what a user of Ray Data
writes for batch inference, in three ways (cluster_by_hand.py).

    python benchmarks/cluster.py --numbers 1000            # minutes
    python benchmarks/cluster.py --numbers 3000 10000 100000 --deaths 20   # an hour on two cores
"""

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import measure
from changed_photos import write_photos
from deaths import csv_faults, on_ray
from tests.processes import processes_of

KINDS = {"local": [], "ray 1": ["--workers", "1"], "ray 2": ["--workers", "2"]}
POLL_SECONDS = 0.05
BY_HAND_WAYS = ("documented", "tuned", "ours")  # to load it would load Ray, with its variables
BY_HAND = Path(__file__).with_name("cluster_by_hand.py")


def peak_bytes(pid: int) -> int:
    """The most memory that a process has had; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    found = [line.split()[1] for line in lines if line.startswith("VmHWM")]
    return int(found[0]) * 1024 if found else 0


def processor_seconds(pid: int) -> float:
    """How long a process has computed; 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def watched(command: list[str], environment: dict[str, str]) -> dict[str, object]:
    """Seconds of a command, and peak memory of it and of its workers."""
    began = time.perf_counter()
    process = begin(command, environment)
    driver, workers, others = 0, {}, {}
    busy: dict[int, float] = {}
    while process.poll() is None:
        driver = max(driver, peak_bytes(process.pid))
        busy[process.pid] = processor_seconds(process.pid)
        for pid, name in processes_of(process.pid):
            is_worker = "RayWorker" in name or "MapWorker" in name
            (workers if is_worker else others)[pid] = peak_bytes(pid)
            busy[pid] = processor_seconds(pid)
        time.sleep(POLL_SECONDS)
    seconds = time.perf_counter() - began
    assert process.returncode == 0, f"{command} failed"
    return {
        "seconds": seconds,
        "processor seconds of all its processes": sum(busy.values()),
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
    parser.add_argument("--by-hand-up-to", type=int, default=3_000, help="photos; 0 for never")
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
                command = predict(model, photos, table, [])
                found = on_ray(command, asked.deaths, folder, "killed", environment, pause=25)
                rows["killed"] = found | csv_faults(table, folder / "local.csv")
                sums.add(hashlib.sha256(table.read_bytes()).hexdigest())
                rows["CSVs that differ, killed ones too"] = len(sums) - 1
            figures[f"{number} photos"] = rows
            measure.write("cluster", figures)
            if number <= asked.by_hand_up_to:
                for way in BY_HAND_WAYS:
                    table = folder / f"by-hand-{way}.csv"
                    words = [sys.executable, str(BY_HAND), str(model), str(photos), str(table)]
                    words += ["--way", way]
                    start = watched([*words[:3], str(one), *words[4:]], environment)
                    found = watched(words, environment)
                    seconds = float(str(found["seconds"]))
                    found["seconds of one picture"] = start["seconds"]
                    found["images a second"] = number / seconds
                    found["without the start"] = number / (seconds - float(str(start["seconds"])))
                    found["same answers"] = same_answers(folder / "local.csv", table)
                    rows[f"Ray Data by hand, {way}"] = found
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
