"""Each number once, also after a kill: a CSV file, TensorBoard and MLflow alike."""

import csv
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.callbacks.test_callbacks import StopsAt
from tests.unit.callbacks.test_tensorboard import scalars

from warmstart import ConvLearner, FileError, SettingError
from warmstart.callbacks import Callback, CSVLogger, FitBegin, MLflow, TensorBoard

Make = Callable[..., ConvLearner]
Found = dict[str, list[tuple[int, float]]]


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of MLflow's own client; the one of files needs no database, and leave."""
    pytest.importorskip("mlflow", reason="pip install 'warmstart[mlflow]'")
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    return tmp_path / "mlruns"


def csv_rows(path: Path) -> Found:
    found: Found = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found.setdefault(row["name"], []).append((int(row["step"]), float(row["value"])))
    return found


def runs_of(store: Path) -> list[Any]:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=store.as_uri())
    home = client.get_experiment_by_name("warmstart")
    assert home is not None
    return list(client.search_runs([home.experiment_id]))


def metrics_of(store: Path) -> Found:
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=store.as_uri())
    (run,) = runs_of(store)
    return {
        name: [(each.step, each.value) for each in client.get_metric_history(run.info.run_id, name)]
        for name in run.data.metrics
    }


Logger = tuple[Callable[[], Callback], Callable[[], Found]]


@pytest.fixture(params=["csv", "tensorboard", "mlflow"])
def logger(request: pytest.FixtureRequest, tmp_path: Path) -> Logger:
    if request.param == "csv":
        file = tmp_path / "log.csv"
        return lambda: CSVLogger(file), lambda: csv_rows(file)
    if request.param == "tensorboard":
        pytest.importorskip("tensorboard", reason="pip install 'warmstart[tensorboard]'")
        return lambda: TensorBoard(tmp_path / "board"), lambda: scalars(tmp_path / "board")
    store = request.getfixturevalue("store")
    return lambda: MLflow(store.as_uri()), lambda: metrics_of(store)


def check(found: Found, learn: ConvLearner) -> None:
    """Every number of the history, once."""
    history = learn.history
    ends = [4 * (i + 1) - 1 for i in range(len(history.records))]
    assert [step for step, _ in found["loss/step"]] == list(range(len(history.step_losses)))
    assert [loss for _, loss in found["loss/step"]] == pytest.approx(history.step_losses)
    assert [step for step, _ in found["loss/valid"]] == ends
    assert [value for _, value in found["metrics/accuracy"]] == pytest.approx(
        [record.metrics["accuracy"] for record in history.records]
    )
    for values in found.values():
        assert max(Counter(step for step, _ in values).values()) == 1


def test_every_number_of_two_fits(make: Make, logger: Logger) -> None:
    new, read = logger
    learn, told = make(), new()
    learn.fit(0.05, 2, callbacks=[told])
    learn.fit(0.01, 1, callbacks=[told])
    check(read(), learn)
    assert [lr for _, lr in read()["lr/head"]] == pytest.approx(
        [lr for (lr,) in learn.history.step_lrs]
    )


def test_a_killed_fit_that_goes_on_has_each_step_once(
    make: Make, logger: Logger, tmp_path: Path
) -> None:
    """What was logged after the last checkpoint is done again, to the same bits."""
    new, read = logger
    stop = StopsAt(9, sys.exit)  # nothing is saved: the checkpoint is of step 7
    with pytest.raises(SystemExit):
        make().fit(0.05, 3, checkpoint=tmp_path / "run", callbacks=[new(), stop])
    assert [step for step, _ in read()["loss/step"]] == list(range(10))
    for _ in range(2):  # the second finds everything done
        learn = make()
        learn.fit(0.05, 3, checkpoint=tmp_path / "run", callbacks=[new()])
        check(read(), learn)


def test_a_table_that_a_kill_cut_is_gone_on_with(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "log.csv"
    learn = make()
    learn.fit(0.05, 1, callbacks=[CSVLogger(file)])
    with file.open("a") as more:
        more.write("1,4,loss/st")
    learn.fit(0.05, 1, callbacks=[CSVLogger(file)])
    check(csv_rows(file), learn)


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "fit,step,name,value\nx,y\n", "\x80\x04"])
def test_somebody_elses_file_is_not_touched(tmp_path: Path, text: str) -> None:
    file = tmp_path / "log.csv"
    file.write_text(text, encoding="latin-1")
    with pytest.raises((SettingError, FileError)):
        CSVLogger(file).on_fit_begin(FitBegin(0, ("head",), 0, num_epochs=1, steps_per_epoch=1))
    assert file.read_text(encoding="latin-1") == text


def test_a_run_of_mlflow_has_settings_and_an_end(make: Make, store: Path, tmp_path: Path) -> None:
    told = MLflow(store.as_uri(), run="squares")
    make().fit(0.05, 1, callbacks=[told])
    (run,) = runs_of(store)
    assert run.info.run_name == "squares"
    assert run.info.status == "FINISHED"
    assert run.data.params["fit-0.lrs"] == "(0.05,)"
    assert run.data.params["fit-0.schedule.n_cycle"] == "1"
    make().fit(0.05, 1, callbacks=[told])  # another learner, which goes on with nothing
    make().fit(0.05, 1, callbacks=[MLflow(store.as_uri())])
    assert len(runs_of(store)) == 3
    for name in ("a", "b"):  # the same fit in two folders is two fits
        make().fit(0.05, 1, checkpoint=tmp_path / name, callbacks=[MLflow(store.as_uri())])
    assert len(runs_of(store)) == 5


def test_an_interrupted_run_of_mlflow_goes_on(make: Make, store: Path, tmp_path: Path) -> None:
    def stopped() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make().fit(
            0.05, 2, checkpoint=tmp_path / "c",
            callbacks=[MLflow(store.as_uri()), StopsAt(5, stopped)],
        )  # fmt: skip
    assert [run.info.status for run in runs_of(store)] == ["KILLED"]
    make().fit(0.05, 2, checkpoint=tmp_path / "c", callbacks=[MLflow(store.as_uri())])
    assert [run.info.status for run in runs_of(store)] == ["FINISHED"]


def test_without_mlflow_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", None)
    monkeypatch.setitem(sys.modules, "mlflow.entities", None)
    with pytest.raises(SettingError, match="not installed") as error:
        MLflow("http://localhost:5000")
    assert error.value.fix == "pip install 'warmstart[mlflow]'"


@pytest.mark.parametrize(
    ("uri", "place"),
    [("runs", "runs"), ("file:///a/b", "/a/b"), ("sqlite:////a/x.db", "/a/x.db"), ("http://h", "")],
)
def test_a_store_on_this_computer_names_its_place(uri: str, place: str) -> None:
    pytest.importorskip("mlflow", reason="pip install 'warmstart[mlflow]'")
    assert [str(each) for each in MLflow(uri).places] == ([place] if place else [])
