"""A fit as a run of MLflow."""

import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from warmstart.arguments import optional, text
from warmstart.callbacks.events import Callback, EpochEnd, FitBegin, FitEnd, StepEnd
from warmstart.errors import SettingError, printable

MOST_PENDING = 500  # numbers that wait for the end of an epoch; a call of MLflow takes 1,000
MOST_PARAMS = 100  # of a call
LONGEST_PARAM = 500  # characters
TAG = "warmstart.fit-"
STATUS = {"finished": "FINISHED", "interrupted": "KILLED"}  # else FAILED


class MLflow(Callback):
    """One run of MLflow for all fits that it is given to: settings as params, numbers as metrics.

    Names and steps are those of ``CSVLogger``. A fit that goes on from its checkpoint after a kill
    goes on in its run, and a step that the run has is not logged again. Nothing of MLflow is
    imported before one is made, and its telemetry is off, unless the environment says otherwise.

    Example:
        >>> from warmstart.callbacks import MLflow
        >>> MLflow("http://localhost:5000", experiment="flowers").experiment
        'flowers'
    """

    def __init__(
        self, uri: str | None = None, *, experiment: str = "warmstart", run: str | None = None
    ) -> None:
        """Name server, experiment and run; nothing is asked of the server yet.

        Args:
            uri: Of the tracking server or store; None is MLflow's own (MLFLOW_TRACKING_URI).
            experiment: Its name; it is made if it is not there.
            run: What the run is called; None leaves that to MLflow.

        Raises:
            SettingError: MLflow is not installed.
        """
        self.uri = optional(text)("uri", uri)
        self.experiment = text("experiment", experiment)
        self.run = optional(text)("run", run)
        self.places = local_places(self.uri)
        os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
        try:
            from mlflow.entities import Metric, Param
            from mlflow.tracking import MlflowClient
        except ImportError as error:
            raise SettingError(
                "MLflow(...) needs the package mlflow-skinny or mlflow, which is not installed.",
                expected="the optional part of this package that brings it.",
                fix="pip install 'warmstart[mlflow]'",
            ) from error
        self._new_client, self._metric, self._param = MlflowClient, Metric, Param
        self._client: Any = None
        self._run_id = ""
        self._keys: dict[int, str] = {}  # of the fits in this run
        self._goes_on = False
        self._last: dict[str, int] = {}  # step of each metric, where a run is gone on with
        self._pending: list[Any] = []

    def on_fit_begin(self, event: FitBegin) -> None:
        """Begin a run, or go on with one."""
        if self._client is None:
            self._client = self._new_client(tracking_uri=self.uri)
        self._pending, self._last = [], {}
        is_another = event.fit in self._keys and self._keys[event.fit] != event.key
        if not self._run_id or is_another or (event.fit in self._keys and not event.key):
            self._run_id, self._keys = self._found_or_new(event), {}
        self._goes_on = bool(event.key)
        self._keys[event.fit] = event.key
        self._client.update_run(self._run_id, status="RUNNING")
        if event.key:
            self._client.set_tag(self._run_id, f"{TAG}{event.fit}", event.key)
        params = [self._param(*item) for item in flat(event.settings, f"fit-{event.fit}")]
        for start in range(0, len(params), MOST_PARAMS):
            self._client.log_batch(self._run_id, params=params[start : start + MOST_PARAMS])

    def on_step(self, event: StepEnd) -> None:
        """Its loss and rates."""
        self._add(event)
        if len(self._pending) >= MOST_PENDING:
            self._write()

    def on_epoch(self, event: EpochEnd) -> None:
        """Its losses and metrics; all that waits is sent."""
        self._add(event)
        self._write()

    def on_fit_end(self, event: FitEnd) -> None:
        """Send what waits, and say how the fit ended."""
        self._write()
        self._client.set_terminated(self._run_id, STATUS.get(event.outcome, "FAILED"))

    def _found_or_new(self, event: FitBegin) -> str:
        client = self._client
        known = client.get_experiment_by_name(self.experiment)
        home = client.create_experiment(self.experiment) if known is None else known.experiment_id
        if event.key:
            of_fit = f"tags.`{TAG}{event.fit}` = '{event.key}'"
            for run in client.search_runs([home], of_fit, max_results=1):
                return str(run.info.run_id)
        return str(client.create_run(home, run_name=self.run).info.run_id)

    def _add(self, event: StepEnd | EpochEnd) -> None:
        now = int(time.time() * 1000)
        for name, value in event.scalars.items():
            if event.step > self._last_of(name):
                self._pending.append(self._metric(legal(name), value, now, event.step))

    def _last_of(self, name: str) -> int:
        """The last step that the run has of a metric; those are logged in order."""
        if name not in self._last:
            known = self._client.get_metric_history(self._run_id, legal(name)) if (
                self._goes_on
            ) else []  # fmt: skip
            self._last[name] = max((metric.step for metric in known), default=-1)
        return self._last[name]

    def _write(self) -> None:
        if self._pending:
            self._client.log_batch(self._run_id, metrics=self._pending)
        self._pending = []


def flat(settings: Mapping[str, Any], name: str) -> Iterator[tuple[str, str]]:
    """Settings by dotted names, as text; what is long is cut."""
    for key, value in settings.items():
        if isinstance(value, Mapping):
            yield from flat(value, f"{name}.{key}")
        else:
            yield f"{name}.{key}", printable(str(value))[:LONGEST_PARAM]


def legal(name: str) -> str:
    """A name as MLflow takes it: letters, digits and a few signs."""
    return "".join(sign if sign.isalnum() or sign in "_-./ " else "_" for sign in name)


def local_places(uri: str | None) -> tuple[Path, ...]:
    """Where a store on this computer lies; nothing for a server."""
    if uri is None:
        return ()
    parts = urlsplit(uri)
    if parts.scheme in {"", "file"}:
        return (Path(url2pathname(parts.path)),)
    if parts.scheme == "sqlite":
        return (Path(uri.removeprefix("sqlite:///")),)
    return ()
