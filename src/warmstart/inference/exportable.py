"""What can be exported: a predictor, and a learner by its predictor."""

from abc import abstractmethod
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from warmstart.arguments import flag, one_of, optional, path, reads
from warmstart.inference.pictures import Picture

if TYPE_CHECKING:
    from warmstart.export.writing_model import ExportResult
    from warmstart.inference.export_source import ExportSource

KINDS = ("onnx", "openvino", "torch", "hub", "web")
EXPORT_READERS = {
    "file": path,
    "to": one_of(*KINDS, flag="--to"),
    "batch": flag,
    "int8": flag,
    "ort": optional(path),
}


class Exportable:
    """Something whose answers can be had without Python."""

    @abstractmethod
    def _export_source(self) -> "ExportSource":
        """What is exported."""

    @reads(**EXPORT_READERS)
    def export(
        self,
        file: str | Path,
        to: str = "onnx",
        *,
        batch: bool = False,
        int8: bool = False,
        check: Picture | Iterable[Picture] | None = None,
        ort: str | Path | None = None,
    ) -> "ExportResult":
        """Write the model for other programs: the same answer to the same photo, without Python.

        Whatever lies between a photo's pixels and the answer is inside: resizing, cropping,
        normalising, every network, the temperature, "unknown". It is compared with Python in single
        precision on pictures before it takes its place, and refused where a probability differs by
        more than 0.001. A JSON file beside it says what it is.

        Args:
            file: Where: a name in .onnx, .xml (OpenVINO) or .pt2 (torch); of hub and web a folder.
            to: "onnx", "openvino", "torch"; "hub", a folder as model hubs have them; or "web", a
                page that answers in the browser.
            batch: Take ``images`` (N, H, W, 3) of one size, instead of one ``image`` (H, W, 3).
            int8: Compute in 8 bits, of "onnx" and "web": smaller, and less exact, which is
                measured.
            check: Pictures to compare by, such as a folder; of those with labels the score is found
                too. None takes the validation rows of a learner, and generated ones otherwise.
            ort: Of "web": the file that ``npm pack onnxruntime-web`` writes, or its folder.

        Returns:
            What was written and how it agrees; print it.

        Example:
            >>> result = learn.predictor().export(folder / "model.onnx", check=photos[:2])
            >>> result.agreement.largest_difference < 0.001
            True
        """
        from warmstart.inference.export_source import ExportOptions, exported  # torch loads here

        options = ExportOptions(batch, int8, None if ort is None else Path(ort))
        return exported(self._export_source, Path(file), to, options, check=check)


def export_source(source: Exportable) -> "ExportSource":
    """What something exports."""
    return source._export_source()
