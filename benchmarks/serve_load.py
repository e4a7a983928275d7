"""`warmstart serve` under load on this computer: requests a second, waits, memory.

Clients and server share the cores. A model of flowers is trained, and a server of its own process
asked by 1, 8 and 32 clients, each with a connection of its own that asks again once it is answered.

    python benchmarks/serve_load.py [MODEL]
"""

import http.client
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import measure

CLIENTS, SECONDS, WARM_SECONDS = (1, 8, 32), 20.0, 2.0
MEMORY = re.compile(r"Vm(HWM|RSS):\s+(\d+) kB")


def memory(process: int) -> dict[str, float]:
    """Resident megabytes of a process: now, and the most there were."""
    text = Path(f"/proc/{process}/status").read_text()
    names = {"RSS": "now_mb", "HWM": "peak_mb"}
    return {names[kind]: round(int(kb) / 1000, 1) for kind, kb in MEMORY.findall(text)}


def cpu_seconds(process: int) -> float:
    """What a process has computed so far, whatever else ran beside it."""
    cells = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(cells[11]) + int(cells[12])) / os.sysconf("SC_CLK_TCK")


def client(
    port: int, photos: list[bytes], until: float, waits: list[float], bad: list[int]
) -> None:
    """Ask until the time is over."""
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    for number in range(10**9):
        began = time.perf_counter()
        if began > until:
            return
        asked.request("POST", "/api/predict", photos[number % len(photos)])
        reply = asked.getresponse()
        reply.read()
        if reply.status == 200:
            waits.append(time.perf_counter() - began)
        else:
            bad.append(reply.status)


def loaded(port: int, photos: list[bytes], num_clients: int, seconds: float) -> dict[str, object]:
    """What so many clients see."""
    waits: list[float] = []
    bad: list[int] = []
    until = time.perf_counter() + seconds
    threads = [
        threading.Thread(target=client, args=(port, photos[n:] + photos[:n], until, waits, bad))
        for n in range(num_clients)
    ]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.perf_counter() - began
    cuts = statistics.quantiles(waits, n=100)
    return {
        "clients": num_clients,
        "answers": len(waits),
        "refused": len(bad),
        "per_second": round(len(waits) / took, 1),
        "p50_ms": round(1000 * cuts[49], 1),
        "p99_ms": round(1000 * cuts[98], 1),
    }


def counted(port: int) -> dict[str, float]:
    """Pictures and batches so far."""
    asked = http.client.HTTPConnection("127.0.0.1", port)
    asked.request("GET", "/metrics")
    text = asked.getresponse().read().decode()
    return {
        name: float(re.search(rf"^warmstart_{name}_total (\S+)$", text, re.M)[1])  # type: ignore[index]
        for name in ("pictures", "batches")
    }


def main() -> None:
    """Train, serve, ask."""
    data = measure.photos("flowers")
    photos = [file.read_bytes() for file in sorted(data.glob("*/*.jpg"))[::4]]
    with tempfile.TemporaryDirectory() as place:
        model = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(place) / "run" / "model"
        if len(sys.argv) == 1:
            measure.run([measure.warmstart(), "train", str(data), "--no-report",
                         "--out", str(model.parent)])  # fmt: skip
        server = subprocess.Popen(
            [measure.warmstart(), "serve", str(model), "--port", "0", "--rate", "1000000"],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert server.stdout is not None
        port = int(server.stdout.readline().rstrip("/\n").rpartition(":")[2])
        loaded(port, photos, 8, WARM_SECONDS)
        rows = []
        for num_clients in CLIENTS:
            before, computed = counted(port), cpu_seconds(server.pid)
            row = loaded(port, photos, num_clients, SECONDS)
            after = counted(port)
            row["cpu_ms_an_answer"] = round(
                1000
                * (cpu_seconds(server.pid) - computed)
                / (after["pictures"] - before["pictures"]),
                1,
            )
            batches = after["batches"] - before["batches"]
            row["pictures_a_batch"] = round((after["pictures"] - before["pictures"]) / batches, 2)
            # above the number of cores, other processes had their part of them
            rows.append(row | memory(server.pid) | {"load_average": round(os.getloadavg()[0], 1)})
        server.terminate()
        server.wait()
        sizes = [len(photo) for photo in photos]
        measure.write("serve_load", {
            "num_photos": len(photos), "mean_bytes": statistics.fmean(sizes),
            "seconds_each": SECONDS, "rows": rows,
        })  # fmt: skip


if __name__ == "__main__":
    main()
