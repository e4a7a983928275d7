"""The confusion matrix and what follows from its counts."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from warmstart.arguments import reads, whole
from warmstart.display import Displayed, Sheet, SheetTable, pad_text, text_width
from warmstart.errors import printable
from warmstart.metrics.confusion import of_confusion

MOST_IN_TEXT = 100  # classes of a table that a person reads
MOST_IN_PAGE = 40  # and of one with borders


@dataclass(frozen=True, eq=False, repr=False)
class ConfusionMatrix(Displayed):
    r"""Counts of (true class, predicted class): (K, K) int64, rows are the true classes.

    Example:
        >>> import numpy as np
        >>> from warmstart import ConfusionMatrix
        >>> matrix = ConfusionMatrix(np.array([[8, 2], [1, 9]]), ("cat", "dog"))
        >>> print(matrix)
        true \ predicted         cat       dog
        cat                        8         2
        dog                        1         9
    """

    counts: NDArray[np.int64]
    classes: tuple[str, ...]

    @property
    def precision(self) -> NDArray[np.float64]:
        """Per class (K,): of the rows called so, the share that are; 0 where none was called so.

        Example:
            >>> matrix.precision.round(3)
            array([0.889, 0.818])
        """
        return of_confusion(self.counts).precision

    @property
    def recall(self) -> NDArray[np.float64]:
        """Per class (K,): of the rows that are so, the share called so; 0 where there is none.

        Example:
            >>> matrix.recall
            array([0.8, 0.9])
        """
        return of_confusion(self.counts).recall

    @property
    def f1(self) -> NDArray[np.float64]:
        """Per class (K,): harmonic mean of precision and recall.

        Example:
            >>> matrix.f1.round(3)
            array([0.842, 0.857])
        """
        return of_confusion(self.counts).f_score(1.0)

    @reads(at_least=whole(1))
    def most_confused(self, *, at_least: int = 1) -> list[tuple[str, str, int]]:
        """Pairs (true, predicted, count) off the diagonal, most frequent first.

        Example:
            >>> matrix.most_confused()
            [('cat', 'dog', 2), ('dog', 'cat', 1)]
        """
        pairs = [
            (self.classes[i], self.classes[j], int(self.counts[i, j]))
            for i, j in zip(*np.nonzero(self.counts), strict=True)
            if i != j and self.counts[i, j] >= at_least
        ]
        return sorted(pairs, key=lambda pair: (-pair[2], pair[0], pair[1]))

    def plot(self, path: str | Path | None = None) -> Any:
        """Draw it: a matplotlib figure, also written to ``path`` if one is given.

        Example:
            >>> from pathlib import Path
            >>> from tempfile import TemporaryDirectory
            >>> with TemporaryDirectory() as folder:
            ...     figure = matrix.plot(Path(folder) / "figure.png")
            ...     print([file.name for file in Path(folder).iterdir()])
            ['figure.png']
        """
        from warmstart.plots.confusion import plot_confusion  # here: matplotlib takes a second

        return plot_confusion(self.counts, self.classes, path)

    def __str__(self) -> str:
        """The counts as a text table; of very many classes, what is confused most."""
        if len(self.classes) > MOST_IN_TEXT:
            right, confused = int(np.trace(self.counts)), self.most_confused()[:MOST_IN_TEXT]
            lines = [f"{len(self.classes)} classes: {right} of {self.counts.sum()} right"]
            lines += [f"{number:4d} × {true} taken for {said}" for true, said, number in confused]
            return "\n".join(lines)
        names = [printable(name) for name in self.classes]
        width = max(8, *map(text_width, names)) + 2
        head = "true \\ predicted".ljust(width + 8)
        lines = [head + "".join(pad_text(name, width, is_right=True) for name in names)]
        for name, row in zip(names, self.counts, strict=True):
            numbers = "".join(str(n).rjust(width) for n in row)
            lines.append(pad_text(name, len(head)) + numbers)
        return "\n".join(lines)

    __repr__ = __str__

    def _sheet(self) -> Sheet:
        right, confused = int(np.trace(self.counts)), self.most_confused()[:MOST_IN_PAGE]
        title = (
            f"ConfusionMatrix: {len(self.classes)} classes, {right} of {self.counts.sum()} right"
        )
        if len(self.classes) > MOST_IN_PAGE:
            rows = tuple((true, said, f"{number}") for true, said, number in confused)
            return Sheet(title, tables=(SheetTable(("true", "predicted", "images"), rows, 2),))
        counts = tuple(
            (name, *(str(n) for n in row))
            for name, row in zip(self.classes, self.counts, strict=True)
        )
        diagonal = frozenset((place, place + 1) for place in range(len(self.classes)))
        return Sheet(
            title, tables=(SheetTable(("true \\ predicted", *self.classes), counts, 1, diagonal),)
        )
