"""(x) Time, bytes and money from 10^5 to 10^9 photos, and 1 to 256 workers that die at times.

A model, not a measurement: what an image costs is read from the results of other benchmarks of
this folder, all else stands in `Assumptions` and is printed with the figures. What it foretells
for runs of many photos stands beside what they took.
"""

import argparse
import heapq
import json
from dataclasses import asdict, dataclass
from math import ceil

import measure
import numpy as np

SIZES = tuple(10**power for power in range(5, 10))
WORKERS = tuple(2**power for power in range(9))
SIMULATED = (1_000_000, 10_000_000)


@dataclass(frozen=True)
class Assumptions:
    """What nobody measured here. Prices in dollars, as of no provider in particular."""

    photo_bytes: int = 100_000  # a JPEG of about a third of a megapixel
    row_bytes: int = 2 * 2560 + 32  # float16 of tf_efficientnet_lite0's two poolings, and its key
    shard_rows: int = 512
    cores_of_a_worker: int = 2
    worker_hour: float = 0.10  # two cores and eight gigabytes
    terabyte_month: float = 23.0
    million_reads: float = 0.40
    listed_a_second: float = 10_000.0  # names, of an object store
    bucket_bytes_a_second: float = 5e9  # that all workers share
    driver_seconds_a_shard: float = 0.005  # to hand it out and to write down that it is done
    start_seconds: float = 30.0  # of a worker: imports, the network, the graph
    hours_between_deaths: float = 6.0  # of one worker
    jitter: float = 0.1  # of a shard's logarithm of seconds


@dataclass(frozen=True)
class Measured:
    """Of one machine of two cores."""

    decoded_a_second: float
    frozen_a_second: float
    rows_written_a_second: float
    rows_read_a_second: float

    @property
    def images_a_second(self) -> float:
        """One after the other on the same cores."""
        return 1 / (
            1 / self.decoded_a_second + 1 / self.frozen_a_second + 1 / self.rows_written_a_second
        )


def measured() -> Measured:
    """What other benchmarks left in results/."""
    of = {
        name: json.loads((measure.RESULTS / f"{name}.json").read_text())
        for name in ("predict_many", "store")
    }
    many = of["predict_many"]
    return Measured(
        decoded_a_second=many["decoding alone"],
        frozen_a_second=many["frozen part alone"],
        rows_written_a_second=of["store"]["rows_per_second_written"],
        rows_read_a_second=of["store"]["rows_per_second_in_order"]["median"],
    )


def cost_of(num_photos: int, costs: Measured, given: Assumptions) -> dict[str, float]:
    """Of rows for so many photos on one worker, and what is linear in them."""
    seconds = num_photos / costs.images_a_second
    stored = num_photos * given.row_bytes
    return {
        "photos": num_photos,
        "worker hours": seconds / 3600,
        "dollars of workers": seconds / 3600 * given.worker_hour,
        "dollars of reads": num_photos / 1e6 * given.million_reads,
        "photos, TB": num_photos * given.photo_bytes / 1e12,
        "rows, TB": stored / 1e12,
        "dollars a month for rows": stored / 1e12 * given.terabyte_month,
        "hours to list": num_photos / given.listed_a_second / 3600,
        "hours of one pass of a head over rows": num_photos / costs.rows_read_a_second / 3600,
    }


def simulated(
    num_workers: int, num_photos: int, costs: Measured, given: Assumptions, *, seed: int
) -> dict[str, float]:
    """Workers take shards from one driver, one after the other, and die at random moments.

    A shard whose worker died is given out again; the worker comes back after its start. All
    share the driver, which does one thing at a time, and the bandwidth of the bucket.
    """
    draw = np.random.default_rng(seed)
    num_shards = ceil(num_photos / given.shard_rows)
    computing = given.shard_rows / costs.images_a_second
    reading = given.shard_rows * given.photo_bytes / given.bucket_bytes_a_second * num_workers
    life = given.hours_between_deaths * 3600
    ready = [(given.start_seconds, worker) for worker in range(num_workers)]  # when each is free
    dies = {worker: given.start_seconds + draw.exponential(life) for worker in range(num_workers)}
    todo, driver, ended, redone = num_shards, 0.0, 0.0, 0
    while todo:
        now, worker = heapq.heappop(ready)
        driver = max(driver, now) + given.driver_seconds_a_shard
        done = driver + max(computing * draw.lognormal(0, given.jitter), reading)
        if dies[worker] < done:  # also one that died while it waited for the driver
            redone += dies[worker] > driver
            back = max(dies[worker], now) + given.start_seconds
            dies[worker] = back + draw.exponential(life)
            heapq.heappush(ready, (back, worker))
            continue
        todo -= 1
        ended = max(ended, done)
        heapq.heappush(ready, (done, worker))
    alone = num_shards * computing
    return {
        "workers": num_workers,
        "hours": ended / 3600,
        "of linear": alone / num_workers / ended,
        "shards done again": redone,
        "dollars": num_workers * ended / 3600 * given.worker_hour,
    }


def bends(costs: Measured, given: Assumptions) -> dict[str, float]:
    """From how many workers on one shared thing holds all others up."""
    shard = given.shard_rows / costs.images_a_second
    return {
        "the driver is busy": shard / given.driver_seconds_a_shard,
        "the bucket is busy": given.bucket_bytes_a_second
        / (costs.images_a_second * given.photo_bytes),
    }


def compared(costs: Measured) -> list[dict[str, float]]:
    """Runs of many photos that were measured, beside what the rates of the parts foretell."""
    many, cluster = (
        json.loads((measure.RESULTS / f"{name}.json").read_text())
        for name in ("predict_many", "cluster")
    )
    seconds = {num: many[f"{num} photos"]["seconds"] for num in (1000, 10_000)}
    if "100000 photos" in cluster:
        seconds[100_000] = cluster["100000 photos"]["local"]["seconds"]
    start = many["seconds of one picture"]
    return [
        {
            "photos": num,
            "measured seconds": taken,
            "model": start + num / costs.images_a_second,
        }
        for num, taken in seconds.items()
    ]


def main() -> None:
    """Print and keep all of it."""
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--seeds", type=int, default=5)
    given, costs, assumed = words.parse_args(), measured(), Assumptions()
    tables = {}
    for photos in SIMULATED:
        runs = [
            [simulated(n, photos, costs, assumed, seed=seed) for seed in range(given.seeds)]
            for n in WORKERS
        ]
        tables[f"{photos:,} photos, mean of {given.seeds} seeds"] = [
            {key: float(np.mean([run[key] for run in of])) for key in of[0]} for of in runs
        ]
    measure.write(
        "scale_model",
        {
            "assumed": asdict(assumed),
            "measured, by other benchmarks": asdict(costs),
            "one worker": [cost_of(num, costs, assumed) for num in SIZES],
            **tables,
            "workers from which on": bends(costs, assumed),
            "model and measurement": compared(costs),
        },
    )


if __name__ == "__main__":
    main()
