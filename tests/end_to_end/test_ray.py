"""Workers of Ray for real, killed, and a driver killed: the result is that of one process."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.processes import processes_of, stored_rows
from tests.unit.files.s3_server import s3_server

from warmstart.files.objects import object_folder

pytest.importorskip("ray", reason="Ray is not installed")

START = "from warmstart.cli.main import main; main()"
PART = 256  # warmstart.cluster.job.PART_ROWS
NUM_PICTURES = 7 * PART + 11
UNREADABLE = (3, PART, 2 * PART + 1)
MOST_SECONDS = 100.0
LISTENS = "0A"  # in /proc/net/tcp
LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F"}  # 127.0.0.1, by both protocols
COMPUTES = "RayWorker|raylet"  # Ray's agents find out only after a minute that they are alone


@dataclass(frozen=True)
class Job:
    """Pictures, a model, and the CSV that one process made of them."""

    home: Path
    photos: Path
    model: Path
    expected: bytes
    environment: dict[str, str]

    def begin(self, *words: str) -> "subprocess.Popen[str]":
        """Predict all pictures with a process of its own."""
        command = ["predict", str(self.model), str(self.photos), *words]
        return subprocess.Popen(
            [sys.executable, "-c", START, *command],
            cwd=self.home, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip


def write_pictures(folder: Path, number: int) -> Path:
    """Noise of two colours; some files are no pictures."""
    random = np.random.default_rng(0)
    base = random.integers(0, 90, (40, 40, 3)).astype(np.uint8)
    for i in range(number):
        place = folder / ("red", "blue")[i % 2] / f"{i:05d}.png"
        place.parent.mkdir(parents=True, exist_ok=True)
        pixels = base.copy()
        pixels[..., (i % 2) * 2] += 120
        pixels[i // 256 % 40, i % 40] = i % 256  # no two alike
        Image.fromarray(pixels).save(place)
    for i in UNREADABLE if number > 2 * PART + 1 else ():
        (folder / ("red", "blue")[i % 2] / f"{i:05d}.png").write_bytes(b"no picture %d" % i)
    return folder


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    home = tmp_path_factory.mktemp("ray")
    environment = os.environ | {"WARMSTART_CACHE": str(home / "cache"), "HOME": str(home / "home")}
    photos = write_pictures(home / "photos", NUM_PICTURES)
    few = write_pictures(home / "few", 24)
    words = ["train", str(few), "--size", "32", "--precision", "f32", "--no-report", "--out", "run"]
    done = subprocess.run(
        [sys.executable, "-c", START, *words], cwd=home, env=environment, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    made = Job(home, photos, home / "run" / "model", b"", environment)
    local = made.begin("--csv", "local.csv")
    _, told = local.communicate(timeout=MOST_SECONDS)
    assert local.returncode == 1
    assert f"{len(UNREADABLE)} images cannot be decoded" in told
    expected = (home / "local.csv").read_bytes()
    assert expected.count(b"\n") == NUM_PICTURES - len(UNREADABLE) + 1
    return Job(home, photos, made.model, expected, environment)


def wait_until(true: Callable[[], bool], process: "subprocess.Popen[str]") -> None:
    """Look often, for as long as the process lives."""
    end = time.monotonic() + MOST_SECONDS
    while not true():
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.01)


def listening(pids: list[int]) -> Iterator[str]:
    """Addresses on which processes listen, as the kernel writes them."""
    own = set()
    for pid in pids:
        for handle in Path(f"/proc/{pid}/fd").glob("*"):
            with suppress(OSError):
                own.add(str(handle.readlink()))
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == LISTENS and f"socket:[{fields[9]}]" in own:
                yield fields[1].partition(":")[0]


def num_shards(folder: Path) -> int:
    return len(list(folder.glob("[0-9a-f]*.safetensors")))


def finish(process: "subprocess.Popen[str]") -> tuple[str, str]:
    out, err = process.communicate(timeout=MOST_SECONDS)
    assert process.returncode == 1, err
    assert f"{len(UNREADABLE)} images cannot be decoded" in err
    for i in UNREADABLE:
        assert re.search(rf"{i:05d}\.png: ", err)
    return out, err


def test_two_workers_of_which_one_is_killed_make_the_csv_of_one_process(job: Job) -> None:
    process = job.begin("--csv", "two.csv", "--engine", "ray", "--workers", "2")
    shards = job.home / "two.csv.shards"
    wait_until(lambda: num_shards(shards) > 0, process)
    workers = [pid for pid, name in processes_of(process.pid) if "RayWorker" in name]
    assert len(workers) == 2
    pids = [process.pid, *(pid for pid, _ in processes_of(process.pid))]
    assert set(listening(pids)) == LOOPBACK
    os.kill(workers[0], signal.SIGKILL)
    _, err = finish(process)
    assert (job.home / "two.csv").read_bytes() == job.expected
    assert "1 worker(s) died and were replaced" in err
    assert not shards.exists()
    assert list(job.home.glob("home/**/*")) == []  # Ray writes a token there, where it is let


def test_a_driver_that_is_killed_goes_on_where_it_was(job: Job) -> None:
    words = ("--csv", "again.csv", "--engine", "ray", "--workers", "2", "--shards", "shards")
    process = job.begin(*words)
    shards = job.home / "shards"
    wait_until(lambda: num_shards(shards) >= 3, process)
    children = [pid for pid, name in processes_of(process.pid) if re.search(COMPUTES, name)]
    assert len(children) >= 3
    process.kill()
    process.communicate()
    end = time.monotonic() + MOST_SECONDS
    while any(Path(f"/proc/{pid}/exe").exists() for pid in children):
        assert time.monotonic() < end  # nothing that computes outlives who has started it
        time.sleep(0.1)
    kept = {place.name: place.stat().st_mtime_ns for place in shards.glob("[0-9a-f]*")}
    assert 3 <= len(kept) <= 7
    again = job.begin(*words)

    def more() -> bool:
        now = {p.name: p.stat().st_mtime_ns for p in shards.glob("[0-9a-f]*")}
        return len(now) > len(kept)

    if len(kept) < 7:
        wait_until(more, again)
        now = {place.name: place.stat().st_mtime_ns for place in shards.glob("[0-9a-f]*")}
        assert kept.items() <= now.items()  # none was made again
    finish(again)
    assert (job.home / "again.csv").read_bytes() == job.expected
    assert not shards.exists()


def test_a_csv_that_ray_began_is_ended_by_one_process(job: Job) -> None:
    process = job.begin("--csv", "mixed.csv", "--engine", "ray")
    part = job.home / "mixed.csv.part.json"
    wait_until(part.exists, process)
    process.kill()
    process.communicate()
    _, err = finish(job.begin("--csv", "mixed.csv"))
    assert "goes on after" in err
    assert (job.home / "mixed.csv").read_bytes() == job.expected


def test_a_store_that_workers_fill_by_way_of_s3_has_the_rows_of_one_process(job: Job) -> None:
    words = ["cache", "fill", str(job.photos), "--size", "32", "--precision", "f32"]
    words += ["--on-unreadable", "drop"]
    with s3_server() as bucket:
        away = ["--engine", "ray", "--workers", "2", "--shards", f"{bucket}/fill"]
        where = {name: text for name, text in os.environ.items() if name.startswith("AWS_")}
        for name, more in (("here", []), ("there", away)):
            done = subprocess.run(
                [sys.executable, "-c", START, *words, *more, "--cache-dir", name], cwd=job.home,
                env=job.environment | where, capture_output=True, text=True, check=False,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            assert f"{NUM_PICTURES - len(UNREADABLE)} rows" in done.stdout
        assert object_folder(f"{bucket}/fill").names() == []
    rows = stored_rows(job.home / "here")
    assert len(rows) == NUM_PICTURES - len(UNREADABLE)
    assert {len(each) for each in rows.values()} == {1}
    assert stored_rows(job.home / "there") == rows
