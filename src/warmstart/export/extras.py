"""Packages that only an export needs."""

from importlib.util import find_spec

from warmstart.errors import SettingError

WANTED = ("onnx", "onnxscript", "onnxruntime")


def needs_onnx() -> None:
    """See that an ONNX file can be written, and run to be checked.

    Raises:
        SettingError: a package is missing.
    """
    missing = [name for name in WANTED if find_spec(name) is None]
    if missing:
        raise SettingError(
            f"{' and '.join(missing)} is not installed, which writing an ONNX file needs.",
            expected="the extra that export needs.",
            fix="pip install 'warmstart[export]'",
        )
