"""Deaths at random moments: is a row lost, doubled or wrong, and how much is computed again?

Three jobs are begun, killed with -9 again and again, and gone on with until they end:

- ``predict --engine ray``: a worker dies, or the command; its CSV is compared with one process's.
- ``cache fill --engine ray``: likewise; rows of the store are compared with one process's.
- ``torchrun ... train --full``: a rank dies; torchrun starts all anew (``--max-restarts``), and
  when it has given up, the command goes on with ``--resume``. History and weights are compared with
  those of the same number of processes that nobody killed. The number type of steps is fixed:
  two runs may choose differently by the clock.

What is computed is written down by the processes themselves (witness/sitecustomize.py), not guessed
from files. Expected is at most a part for a worker, and for a command a part of each worker's; for
a rank, the steps since the last checkpoint, which is that of the epoch's beginning or younger.

    python benchmarks/deaths.py                                   # 24 deaths, minutes
    python benchmarks/deaths.py --photos 10000 --deaths 20 20 20
"""

import argparse
import csv
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import measure
import numpy as np
from changed_photos import write_photos
from safetensors.numpy import load_file
from tests.processes import processes_of, stored_rows

WITNESS = Path(__file__).parent / "witness"
POLL_SECONDS = 0.05
RANKS = 2
MOST_STARTS = 200
SHORT_PAUSE, LONG_PAUSE = 3.0, 15.0  # seconds at most, after work is seen and without
AWAIT_WORK = 0.7  # of deaths wait until something is computed: others may hit a start


class Killer:
    """Kills what a command has begun, at random moments, so many times in all."""

    def __init__(
        self,
        deaths: int,
        folder: Path,
        victims: Callable[[int], dict[str, list[int]]],
        pause: float = SHORT_PAUSE,
    ) -> None:
        """Say who is killed.

        Args:
            deaths: How often.
            folder: Where the witness writes.
            victims: Of a command, by kind.
            pause: The most seconds from when something is computed to the next death.
        """
        self.draw, self.left, self.folder, self.victims = random.Random(0), deaths, folder, victims
        self.pause = pause
        self.killed: Counter[str] = Counter()
        self.again()

    def again(self) -> None:
        """Draw when the next is killed."""
        self.waits_for_work = self.draw.random() < AWAIT_WORK
        self.seen, self.until = len(lines_of(self.folder)), None

    def look(self, process: "subprocess.Popen[bytes]") -> None:
        """Kill somebody, if it is time."""
        if not self.left:
            return
        if self.until is None and (
            not self.waits_for_work or len(lines_of(self.folder)) > self.seen
        ):
            longest = self.pause if self.waits_for_work else LONG_PAUSE
            self.until = time.perf_counter() + self.draw.uniform(0, longest)
        if self.until is None or time.perf_counter() < self.until:
            return
        found = {kind: pids for kind, pids in self.victims(process.pid).items() if pids}
        if not found:
            return
        kind = self.draw.choice(sorted(found))
        os.kill(self.draw.choice(found[kind]), signal.SIGKILL)
        self.killed[kind] += 1
        self.left -= 1
        self.again()


def lines_of(folder: Path) -> list[dict[str, object]]:
    """What all processes have written down."""
    lines = (line for place in folder.glob("*.jsonl") for line in place.read_text().splitlines())
    return [json.loads(line) for line in lines if line.endswith("}")]


def until_done(
    commands: Callable[[int], list[str]], environment: dict[str, str], killer: Killer, log: Path
) -> int:
    """Start a command again until it ends well; how often that was."""
    for start in range(MOST_STARTS):
        with log.open("ab") as out:
            process = subprocess.Popen(
                commands(start), env=os.environ | environment, stdout=out, stderr=out
            )
            while process.poll() is None:
                killer.look(process)
                time.sleep(POLL_SECONDS)
        if process.returncode == 0:
            return start + 1
        if process.returncode > 0 and not killer.killed:
            break
    sys.exit(f"gave up:\n{log.read_text()[-4000:]}")


def workers_or_driver(pid: int) -> dict[str, list[int]]:
    """Whom a command on Ray may lose: one of its workers, or itself."""
    workers = [child for child, name in processes_of(pid) if "RayWorker" in name]
    return {"worker": workers, "driver": [pid]}


def one_rank(pid: int) -> dict[str, list[int]]:
    """Whom torchrun may lose."""
    return {"rank": [child for child, name in processes_of(pid) if "-m warmstart train" in name]}


def work_again(lines: Sequence[dict[str, object]], killed: Counter[str]) -> dict[str, object]:
    """What was begun or committed more than once, and what that may be at most."""
    begun = Counter(str(line["ticket"]) for line in lines if line["kind"] == "begin")
    ended = Counter(str(line["ticket"]) for line in lines if line["kind"] == "end")
    rows = {str(line["ticket"]): int(str(line["rows"])) for line in lines if "ticket" in line}
    allowed = killed["worker"] + RANKS * killed["driver"]
    again = sum(number - 1 for number in begun.values())
    return {
        "parts": len(begun),
        "parts begun again": again,
        "parts that may be, at most": allowed,
        "no more than may be": again <= allowed,
        "images of them": sum((number - 1) * rows[ticket] for ticket, number in begun.items()),
        "parts committed again": sum(number - 1 for number in ended.values()),
    }


def csv_faults(made: Path, expected: Path) -> dict[str, object]:
    """Rows of a CSV that are lost, doubled or wrong."""
    with made.open(newline="") as one, expected.open(newline="") as other:
        rows, wanted = [*csv.reader(one)], {row[0]: row for row in csv.reader(other)}
    names = Counter(row[0] for row in rows)
    return {
        "rows lost": len(wanted.keys() - names.keys()),
        "rows doubled": sum(number - 1 for number in names.values()),
        "rows wrong": sum(row != wanted.get(row[0]) for row in rows),
        "the same bytes": made.read_bytes() == expected.read_bytes(),
    }


def store_faults(made: Path, expected: Path) -> dict[str, object]:
    """Rows of a store that are lost, doubled or wrong."""
    found, wanted = stored_rows(made), stored_rows(expected)
    return {
        "rows lost": len(wanted.keys() - found.keys()),
        "rows doubled": sum(len(rows) - 1 for rows in found.values()),
        "rows wrong": sum(rows[0] != wanted.get(key, [b""])[0] for key, rows in found.items()),
    }


def on_ray(
    command: list[str],
    deaths: int,
    home: Path,
    name: str,
    environment: dict[str, str],
    pause: float = SHORT_PAUSE,
) -> dict[str, object]:
    """A command by two workers, killed."""
    folder = home / f"witness-{name}"
    folder.mkdir()
    paths = [str(WITNESS), *filter(None, [os.environ.get("PYTHONPATH")])]
    more = environment | {"WITNESS": str(folder), "PYTHONPATH": os.pathsep.join(paths)}
    killer = Killer(deaths, folder, workers_or_driver, pause)
    words = [*command, "--engine", "ray", "--workers", str(RANKS)]
    began = time.perf_counter()
    starts = until_done(lambda _: words, more, killer, home / f"{name}.log")
    return {
        "killed": dict(killer.killed),
        "starts of the command": starts,
        "seconds": time.perf_counter() - began,
    } | work_again(lines_of(folder), killer.killed)


def trained(
    photos: Path, deaths: int, home: Path, name: str, environment: dict[str, str]
) -> tuple[Path, dict[str, object]]:
    """A run of all steps by torchrun, killed; its folder, and what came of it."""
    folder, run = home / f"witness-{name}", home / name
    folder.mkdir()
    paths = [str(WITNESS), *filter(None, [os.environ.get("PYTHONPATH")])]
    more = environment | {"WITNESS": str(folder), "PYTHONPATH": os.pathsep.join(paths)}
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--max-restarts=2"]
    torchrun += [f"--nproc-per-node={RANKS}", "-m", "warmstart", "train"]
    words = [str(photos), "--full", "--size", "64", "--bs", "32", "--precision", "f32"]
    words += ["--no-report", "--out", str(run), "--cache-dir", str(home / f"cache-{name}")]

    def command(_: int) -> list[str]:
        has_begun = (run / "recipe.toml").is_file()
        return [*torchrun, *(["--resume", str(run)] if has_begun else words)]

    killer = Killer(deaths, folder, one_rank)
    began = time.perf_counter()
    starts = until_done(command, more, killer, home / f"{name}.log")
    steps = [line["step"] for line in lines_of(folder)]  # trials of a head have the same numbers
    return run, {
        "killed": dict(killer.killed),
        "starts of torchrun": starts,
        "seconds": time.perf_counter() - began,
        "steps": len(steps),
        "steps of the longest epoch": max(step[2] for step in steps) + 1,
    }


def run_faults(run: Path, expected: Path) -> dict[str, object]:
    """How a run differs from one that nobody killed."""

    def history(folder: Path) -> list[str]:
        lines = (folder / "history.jsonl").read_text().splitlines()
        untimed = [{k: v for k, v in json.loads(line).items() if k != "seconds"} for line in lines]
        return [json.dumps(line, sort_keys=True) for line in untimed]

    one, other = (load_file(each / "model" / "weights.safetensors") for each in (run, expected))
    pairs = itertools.zip_longest(history(run), history(expected))
    return {
        "epochs lost, doubled or wrong": sum(made != wanted for made, wanted in pairs),
        "weights that differ": sum(
            other.get(name) is None or not np.array_equal(tensor, other[name])
            for name, tensor in one.items()
        ) + len(other.keys() - one.keys()),
        "the same predictions": (run / "predictions.csv").read_bytes()
        == (expected / "predictions.csv").read_bytes(),
    }  # fmt: skip


def main() -> None:
    """Every job, once alone and once killed."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--photos", type=int, default=3_000)
    parser.add_argument("--deaths", type=int, nargs=3, default=[10, 6, 8], help="of each job")
    parser.add_argument("--train-photos", type=int, default=300)
    asked = parser.parse_args()
    real = sorted(measure.photos("dogscats").rglob("*.jpg"))
    figures: dict[str, object] = {"photos": asked.photos, "photos to train": asked.train_photos}
    with tempfile.TemporaryDirectory(prefix="ws-") as name:
        home = Path(name)
        environment = {"WARMSTART_CACHE": str(home / "cache")}
        predicts, fills, trains = asked.deaths
        if predicts or fills:
            photos = home / "photos"
            write_photos(photos, real, 0, asked.photos)
        if predicts:
            words = ["train", str(measure.photos("dogscats")), "--no-report"]
            measure.run([measure.warmstart(), *words, "--out", str(home / "run")], **environment)
            predict = [measure.warmstart(), "predict", str(home / "run" / "model"), str(photos)]
            table, made = home / "one.csv", home / "killed.csv"
            measure.run([*predict, "--csv", str(table)], **environment)
            found = on_ray([*predict, "--csv", str(made)], predicts, home, "predict", environment)
            figures["predict --engine ray"] = found | csv_faults(made, table)
            measure.write("deaths", figures)
        if fills:
            # Two classes, so that it is something to train on.
            (photos / "other").mkdir()
            write_photos(photos / "other", real, asked.photos, asked.photos + 10)
            fill = [measure.warmstart(), "cache", "fill", str(photos)]
            one, killed = home / "store", home / "killed-store"
            measure.run([*fill, "--cache-dir", str(one)], **environment)
            words = [*fill, "--cache-dir", str(killed)]
            found = on_ray(words, fills, home, "fill", environment)
            figures["cache fill --engine ray"] = found | store_faults(killed, one)
            measure.write("deaths", figures)
        if trains:
            few = home / "few"
            for number, (place, kind) in enumerate(itertools.product(("train", "valid"), "cd")):
                share = asked.train_photos // (2 if number < 2 else 8)
                some = [file for file in real if file.name.startswith(kind)]
                first = 0 if number < 2 else asked.train_photos // 2
                write_photos(few / place / kind, some, first, first + share)
            expected, whole = trained(few, 0, home, "whole", environment)
            run, found = trained(few, trains, home, "dying", environment)
            again = int(str(found["steps"])) - int(str(whole["steps"]))
            found["steps computed again"] = again
            most = trains * int(str(found["steps of the longest epoch"]))
            found["no more than may be"] = again <= most
            figures["torchrun train --full"] = found | run_faults(run, expected)
            measure.write("deaths", figures)


if __name__ == "__main__":
    main()
