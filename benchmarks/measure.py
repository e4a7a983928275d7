"""How every benchmark measures and writes down: n, spread, versions, hardware."""

import json
import os
import platform
import statistics
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

REPO = Path(__file__).resolve().parents[1]
PHOTOS = Path(os.environ.get("WARMSTART_PHOTOS", REPO.parent / "shared" / "data"))
sys.path.append(str(REPO))  # so that benchmarks can use what tests have already
RESULTS = REPO / "benchmarks" / "results"
PACKAGES = (
    "warmstart",
    "torch",
    "torchvision",
    "timm",
    "openvino",
    "numpy",
    "pillow",
    "simplejpeg",
    "cykooz_resizer",
    "kornia_rs",
)


def processor() -> str:
    """The processor's name."""
    info = Path("/proc/cpuinfo")
    if info.exists():
        for line in info.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def hardware() -> dict[str, object]:
    """What the figures were measured on."""
    import torch

    has = torch.cpu.get_capabilities()
    return {
        "processor": processor(),
        "num_cores": len(os.sched_getaffinity(0)),
        "instructions": [n for n in ("avx2", "avx512_f", "avx512_bf16", "amx_bf16") if has.get(n)],
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": platform.platform(),
    }


def versions() -> dict[str, str]:
    """Of everything that matters."""
    return {"python": platform.python_version()} | {n: metadata.version(n) for n in PACKAGES}


def spread(values: list[float]) -> dict[str, object]:
    """n, mean, median, lowest, highest."""
    return {
        "n": len(values),
        "mean": statistics.fmean(values),
        "median": statistics.median(values),
        "lowest": min(values),
        "highest": max(values),
        "values": values,
    }


def write(name: str, figures: dict[str, object]) -> None:
    """Print, and write benchmarks/results/NAME.json."""
    entry = {"benchmark": name, "hardware": hardware(), "versions": versions()} | figures
    RESULTS.mkdir(exist_ok=True)
    text = json.dumps(entry, indent=1)
    (RESULTS / f"{name}.json").write_text(text + "\n")
    print(text)


def run(command: list[str], **environment: str) -> tuple[float, int, str]:
    """Wall seconds, peak resident bytes and output of a process and its children.

    Raises:
        RuntimeError: it failed.
    """
    env = os.environ | environment
    began = time.perf_counter()
    process = subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.perf_counter() - began
    if status != 0:
        raise RuntimeError(f"{command} failed:\n{output}")
    return seconds, usage.ru_maxrss * 1024, output


def photos(name: str) -> Path:
    """A folder of real photos, or the end of the benchmark."""
    folder = PHOTOS / name
    if not folder.is_dir():
        sys.exit(f"{folder} is not here; set WARMSTART_PHOTOS to a folder that holds {name}/")
    return folder


def warmstart() -> str:
    """The command beside this Python."""
    return str(Path(sys.executable).parent / "warmstart")
