"""ImageClassifierData out of arrays."""

from collections.abc import Sequence
from os import PathLike
from typing import Any

from warmstart.arguments import reads
from warmstart.classifier_data.arguments import ARRAY_READERS, TFMS
from warmstart.classifier_data.from_table import Data, FromTable
from warmstart.data.arrays import from_arrays
from warmstart.errors import SettingError


class ReadsArrays(FromTable):
    """What makes data out of pictures that are arrays.

    Example:
        >>> import numpy as np
        >>> from warmstart import ImageClassifierData, tfms_from_model
        >>> photos = np.random.default_rng(0).integers(0, 256, (24, 32, 32, 3), np.uint8)
        >>> rows, tfms = (photos, np.arange(24) % 2), tfms_from_model("test_resnet", 32)
    """

    @classmethod
    @reads(**ARRAY_READERS)
    def from_arrays(
        cls: type[Data],
        path: Any = None,
        trn: Any = None,
        val: Any = None,
        bs: int = 64,
        tfms: Any = None,
        *,
        classes: Sequence[str] | None = None,
        test: Any = None,
        quiet: bool = False,
    ) -> Data:
        """Take images that are arrays: ``from_arrays(trn, val, tfms, bs)``.

        Args:
            path: As in fastai 0.7, where a path came first and ``tfms`` after ``bs``. Nothing is
                read or written there, and it may be left out: then all others move up by one.
            trn: (x, y): x (N, H, W, 3) or (N, H, W), as ``predict`` takes arrays, or a list of
                pictures; y (N,), (N, K) of 0 and 1, or a list of names for each image.
            val: Likewise.
            bs: Rows per training batch.
            tfms: From ``tfms_from_model``.
            classes: Names of the classes.
            test: x alone, or (x, y).
            quiet: Do not tell what was noticed.

        Returns:
            The data.

        Raises:
            SettingError: one of ``trn``, ``val`` and ``tfms`` is missing.

        Example:
            >>> data = ImageClassifierData.from_arrays(trn=rows, val=rows, tfms=tfms, quiet=True)
            >>> data.classes
            ('0', '1')
        """
        given = [value for value in (path, trn, val, tfms) if value is not None]
        if isinstance(path, (str, PathLike)):
            del given[0]
        if len(given) != 3:
            raise SettingError(
                f"from_arrays has {len(given)} of trn, val and tfms.",
                expected="pictures that train, pictures that validate, and transforms.",
                fix="from_arrays((x, y), (x_valid, y_valid), tfms_from_model(arch, 224))",
            )
        trn, val, tfms = given
        table = from_arrays(trn, val, test, classes)
        return cls.of_table(table, TFMS("tfms", tfms), bs, quiet=quiet)

    from_array = from_arrays  # the note's spelling
