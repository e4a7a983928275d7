"""What dependencies would send or write of their own accord, stopped before they load."""

import os
import stat
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

OWN_FOLDER = 0o700  # of files that nobody else may put there


def silence_openvino() -> None:
    """Let OpenVINO find no telemetry: on import it would look a host up and write into HOME.

    It does so also with OPENVINO_TELEMETRY=0, and works without the module as well as with it.
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]


def silence_tqdm() -> None:
    """Load tqdm, which timm's hub needs, without its complaint of a notebook without ipywidgets.

    Its bars are never shown here. Elsewhere than in a notebook it has nothing to complain of.
    """
    if "ipykernel" in sys.modules:
        with warnings.catch_warnings(), suppress(ImportError):
            warnings.simplefilter("ignore")
            import tqdm.auto  # noqa: F401


def load_matplotlib() -> None:
    """Load matplotlib with its cache, and that of fontconfig, in the temporary folder.

    Otherwise they lie in HOME. The user's own matplotlibrc counts, and so does MPLCONFIGDIR; what
    has loaded matplotlib before has decided where it writes. Afterwards no variable differs.
    """
    if "matplotlib" in sys.modules:
        return
    place = temporary_folder()
    mine = {
        "MPLCONFIGDIR": os.environ.get("MPLCONFIGDIR") or str(place / "matplotlib"),
        "XDG_CACHE_HOME": str(place),  # fc-list, which it calls, lists fonts there
    }
    with suppress(RuntimeError):  # there is no HOME
        settings = Path("~/.config/matplotlib/matplotlibrc").expanduser()
        if "MATPLOTLIBRC" not in os.environ and settings.is_file():
            mine["MATPLOTLIBRC"] = str(settings)
    with variables_set(mine):
        from matplotlib import font_manager  # noqa: F401 (writes its list, remembers where)


def temporary_folder() -> Path:
    """The user's own folder of the temporary files, the same for every process."""
    user = os.getuid() if hasattr(os, "getuid") else ""
    place = Path(tempfile.gettempdir(), f"warmstart-{user}")
    try:
        place.mkdir(OWN_FOLDER, exist_ok=True)
    except OSError:
        return Path(tempfile.mkdtemp(prefix="warmstart-"))
    found = place.lstat()
    is_own = user in {"", found.st_uid} and stat.S_ISDIR(found.st_mode)
    if is_own and (user == "" or not found.st_mode & 0o022):
        return place
    return Path(tempfile.mkdtemp(prefix="warmstart-"))  # somebody else's, or open to them


@contextmanager
def variables_set(values: dict[str, str]) -> Iterator[None]:
    """Set variables for a while."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
