"""What a learner exports: its predictor's answers, checked by its validation rows."""

from dataclasses import replace

from warmstart.inference.checking import LabelledFiles, table_files
from warmstart.inference.export_source import ExportSource
from warmstart.inference.exportable import Exportable, export_source
from warmstart.learner.state import LearnerState


class ExportableLearner(Exportable):
    """The facade's base: ``learn.export`` is that of ``learn.predictor()``, with its own photos."""

    state: LearnerState

    def _export_source(self) -> ExportSource:
        return replace(export_source(self.state.predictor()), own=own_files(self.state))


def own_files(learn: LearnerState) -> LabelledFiles | None:
    """The rows that validate; None where there is none."""
    rows = learn.data.table.rows("valid")
    if not len(rows):
        return None
    return table_files(learn.data.source, rows)
