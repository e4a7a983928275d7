"""Seconds of examples/grid_search.py: 50 settings in three folds, ten epochs each, on dogscats."""

import os
import re
import resource
import sys
import tempfile

import measure

REPEATS = 3
EXAMPLE = measure.REPO / "examples" / "grid_search.py"


def main() -> None:
    """Once with an empty store, then with what that has stored."""
    figures: dict[str, list[float]] = {"seconds": [], "search_seconds": [], "cpu_seconds": []}
    loads: list[float] = []
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, str(EXAMPLE), str(measure.photos("dogscats"))]
        cold_seconds, _, _ = measure.run(command, WARMSTART_CACHE=cache)
        for _ in range(REPEATS):
            before, load = cpu_seconds(), os.getloadavg()[0]
            seconds, _, output = measure.run(command, WARMSTART_CACHE=cache)
            found = re.search(r"50 settings, (\d+) s", output)
            assert found is not None, output
            figures["seconds"].append(seconds)
            figures["search_seconds"].append(float(found.group(1)))
            figures["cpu_seconds"].append(cpu_seconds() - before)
            loads.append(load)
    measure.write(
        "grid_search",
        {
            "data": "dogscats, 1,000 training photos",
            "what": "the whole script, two fits of the found and the default setting included; "
            "search_seconds is GridSearchCV alone; cpu_seconds add up over all cores",
            "cold_seconds": cold_seconds,
            "warm": {name: measure.spread(values) for name, values in figures.items()},
            "load_average_before": loads,
            "goals": ["<= 120 s on 2 cores"],
        },
    )


def cpu_seconds() -> float:
    """What finished child processes have computed so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
