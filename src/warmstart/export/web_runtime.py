"""What runs an ONNX file in a browser: onnxruntime-web's files, from a package that a user has.

Nothing is fetched: npm brings the package, and its 14 MB of WebAssembly are in no wheel of ours.
"""

import io
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NoReturn

from warmstart.errors import FileError, SettingError
from warmstart.files.reading import read_regular
from warmstart.files.strict import json_table

PACKAGE, TRIED = "onnxruntime-web", "1.30.0"
FILES = {  # by the name beside the page: many a server does not know .mjs as a script
    "onnxruntime-web.js": "dist/ort.wasm.bundle.min.mjs",
    "ort-wasm-simd-threaded.wasm": "dist/ort-wasm-simd-threaded.wasm",
}
LICENCE, NOTICES = "onnxruntime-LICENSE.txt", "onnxruntime-ThirdPartyNotices.txt"
MOST_PACKED, MOST_FILE = 1 << 28, 1 << 26  # bytes of the package, of one file in it
NESTED = ("", f"node_modules/{PACKAGE}", "package", PACKAGE)  # where a folder may have it
COMMAND = f"npm pack {PACKAGE}@{TRIED}"


@dataclass(frozen=True, eq=False)
class WebRuntime:
    """``files`` are contents by the name that they have beside the page."""

    version: str
    files: dict[str, bytes]


def read_web_runtime(place: Path | None) -> WebRuntime:
    """The few files that a page needs, with their licence.

    Args:
        place: The .tgz that ``npm pack onnxruntime-web`` writes, or a folder with the package.
    """
    if place is None:
        refuse_runtime(f"no {PACKAGE} was given, which runs the model in a browser.")
    with reader_of(place) as read:
        about = json_table(read("package.json"), f"package.json of {place}")
        version = str(about.get("version", ""))
        if about.get("name") != PACKAGE or numbers_of(version)[:1] != numbers_of(TRIED)[:1]:
            refuse_runtime(f"{place} is {about.get('name')} {version}.")
        if numbers_of(version) < numbers_of(TRIED):
            refuse_runtime(f"{place} is {PACKAGE} {version}, older than {TRIED}.")
        files = {name: read(source) for name, source in FILES.items()}
    return WebRuntime(version, files | licences())


def numbers_of(version: str) -> tuple[int, ...]:
    """A version's numbers, without what follows them: () where it has none.

    >>> numbers_of("1.30.0-dev.20260101")
    (1, 30, 0)
    """
    parts = version.partition("-")[0].split(".")
    return tuple(int(part) for part in parts) if all(map(str.isdecimal, parts)) else ()


def licences() -> dict[str, bytes]:
    """Those of onnxruntime, MIT, as its Python package has them: npm's has no text of them."""
    spec = find_spec("onnxruntime")
    if spec is None or spec.origin is None:
        return {}
    found = {}
    for name, wanted in (("LICENSE", LICENCE), ("ThirdPartyNotices.txt", NOTICES)):
        file = Path(spec.origin).parent / name
        if file.is_file():
            found[wanted] = read_regular(file, MOST_FILE)
    return found


@contextmanager
def reader_of(place: Path) -> Iterator[Callable[[str], bytes]]:
    """What reads a file of a package by its name."""
    try:
        if place.is_dir():
            homes = [place / part for part in NESTED]
            home = next((each for each in homes if (each / "package.json").is_file()), place)
            yield lambda name: read_regular(home / name, MOST_FILE)
            return
        content = io.BytesIO(read_regular(place, MOST_PACKED))
        with tarfile.open(fileobj=content, mode="r:*") as packed:
            yield lambda name: packed_file(packed, f"package/{name}")
    except (OSError, EOFError, tarfile.TarError, FileError) as error:
        reason = getattr(error, "strerror", None) or str(error).partition("\n")[0]
        refuse_runtime(f"{place} cannot be read ({reason}).")


def packed_file(packed: tarfile.TarFile, name: str) -> bytes:
    """One file of an archive; no link is followed, nothing is unpacked.

    Raises:
        FileNotFoundError: it is not there, is no file, or is too large.
    """
    for member in packed:
        if member.name == name and member.isreg() and member.size <= MOST_FILE:
            content = packed.extractfile(member)
            if content is not None:
                return content.read()
    raise FileNotFoundError(f"it has no {name}")


def refuse_runtime(what: str) -> NoReturn:
    """Say where the package comes from.

    Raises:
        SettingError: always.
    """
    raise SettingError(
        what,
        expected=f"{PACKAGE} {TRIED} or newer, as `{COMMAND}` fetches it, or its folder.",
        fix=f"run `{COMMAND}`, then pass --ort {PACKAGE}-{TRIED}.tgz",
    )
