"""Nothing is written among the user's photos, at any door (law 13)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.unit.cli.conftest import SMALL, Place, Run, write_photos

from warmstart.callbacks import CSVLogger
from warmstart.classifier_data.image_data import ImageClassifierData
from warmstart.classifier_data.transforms import tfms_from_model
from warmstart.data.output_paths import image_folders
from warmstart.errors import SettingError
from warmstart.learner.conv_learner import ConvLearner
from warmstart.recipe.recipe import Recipe

TRAIN = ["train", "dogscats", "--lr", "0.01", *SMALL]
LIKE = ["train", "--like", "RUN"]
DOORS = {
    "train --out": [*TRAIN, "--out", "IN/r"],
    "train --cache-dir": [*TRAIN, "--cache-dir", "IN/c"],
    "train --tensorboard": [*TRAIN, "--head", "mlp", "--tensorboard", "IN/t"],
    "train --out others": [*TRAIN, "--others", "others", "--out", "others/r"],
    "train --like --out": [*LIKE, "--out", "IN/r"],
    "train --like --cache-dir": [*LIKE, "--cache-dir", "IN/c"],
    "lr-find --plot": ["lr-find", "dogscats", "--size", "32", "--plot", "IN/x.png"],
    "lr-find --cache-dir": ["lr-find", "dogscats", "--size", "32", "--cache-dir", "IN/c"],
    "show --out": ["show", "dogscats", "--out", "IN/x.png"],
    "check --fixes-out": ["check", "dogscats", "--fixes-out", "IN/x.csv"],
    "check --cache-dir": ["check", "dogscats", "--cache-dir", "IN/c"],
    "report --out": ["report", "RUN", "--out", "IN/x.html"],
    "report --pictures": ["report", "RUN", "--pictures", "IN/p"],
    "report --cache-dir": ["report", "RUN", "--cache-dir", "IN/c"],
    "predict --csv": ["predict", "MODEL", "dogscats", "--csv", "IN/x.csv"],
    "compare --cache-dir": [
        "compare", "dogscats", "--arch", "tf_efficientnet_lite0,resnet18", "--cache-dir", "IN/c",
    ],
}  # fmt: skip


def files_in(folder: Path) -> set[Path]:
    return set(folder.rglob("*"))


@pytest.mark.parametrize("through", ["folder", "link"])
@pytest.mark.parametrize("door", DOORS)
def test_no_option_writes_there(door: str, through: str, place: Place, run: Run) -> None:
    done = place.home / "done"
    assert run(*TRAIN, "--out", str(done)).code == 0
    write_photos(place.home / "others", 2)
    (place.home / "link").symlink_to(place.photos, target_is_directory=True)
    before = files_in(place.home)
    names = {"RUN": str(done), "MODEL": str(place.model)}
    inside = "dogscats" if through == "folder" else "link"
    words = [names.get(word, word).replace("IN/", f"{inside}/") for word in DOORS[door]]
    said = run(*words)
    assert said.code == 2, said.err
    assert "where nothing is ever written" in said.err
    assert files_in(place.home) == before


def test_a_store_that_the_environment_puts_there(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WARMSTART_CACHE", str(place.photos / "store"))
    for words in (TRAIN, ["check", "dogscats"], ["lr-find", "dogscats"]):
        said = run(*words)
        assert said.code == 2
        assert "where nothing is ever written" in said.err
    assert not (place.photos / "store").exists()


def test_a_run_is_not_gone_on_with_there(place: Place, run: Run) -> None:
    from warmstart.cli.run.config import RunConfig
    from warmstart.cli.run.settings import TrainSettings

    RunConfig(TrainSettings(str(place.photos), size=32)).write(place.home / "run")
    before = files_in(place.photos)
    said = run("train", "--resume", "run", "--cache-dir", str(place.photos / "c"))
    assert said.code == 2
    assert "where nothing is ever written" in said.err
    assert files_in(place.photos) == before


@pytest.fixture
def learn(place: Place) -> ConvLearner:
    data = ImageClassifierData.from_paths(
        place.photos, tfms_from_model("tf_efficientnet_lite0", 32), quiet=True
    )
    return ConvLearner.pretrained(
        "tf_efficientnet_lite0", data, precompute=True, precision="f32", quiet=True
    )


PYTHON: dict[str, Callable[[ConvLearner, Path], Any]] = {
    "save": lambda learn, place: learn.save(place / "model"),
    "report": lambda learn, place: learn.report(place / "r.html"),
    "report pictures": lambda learn, place: learn.report("r.html", pictures=place / "p"),
    "fit checkpoint": lambda learn, place: learn.fit(0.01, 1, checkpoint=place / "c"),
    "fit callbacks": lambda learn, place: learn.fit(
        0.01, 1, callbacks=[CSVLogger(place / "t" / "log.csv")]
    ),
    "fit_head checkpoint": lambda learn, place: learn.fit_head(checkpoint=place / "c"),
    "recipe": lambda learn, place: Recipe().run(learn, checkpoint=place / "c"),
    "show_batch": lambda learn, place: learn.data.show_batch(place / "x.png"),
    "check": lambda learn, place: learn.data.check(cache_dir=place / "c", quiet=True),
    "write_fixes": lambda learn, place: learn.data.check(quiet=True).write_fixes(place / "f.csv"),
    "cache_dir": lambda learn, place: ConvLearner.pretrained(
        "tf_efficientnet_lite0", learn.data, cache_dir=place / "c"
    ),
}


@pytest.mark.parametrize("door", PYTHON)
def test_no_argument_writes_there(door: str, learn: ConvLearner, place: Place) -> None:
    before = files_in(place.home)
    with pytest.raises(SettingError, match="where nothing is ever written"):
        PYTHON[door](learn, place.photos)
    assert files_in(place.home) == before


def test_what_lies_beside_is_free(learn: ConvLearner, place: Place) -> None:
    learn.save(place.home / "dogscats-model")
    assert (place.home / "dogscats-model" / "model.json").is_file()


def test_a_table_names_the_folders_of_its_images(place: Place) -> None:
    tfms = tfms_from_model("tf_efficientnet_lite0", 32)
    names = [path.relative_to(place.home) for path in sorted(place.photos.rglob("*.png"))]
    rows = "".join(f"{name},{name.parent.name}\n" for name in names)
    (place.home / "table.csv").write_text("name,label\n" + rows)
    data = ImageClassifierData.from_csv(place.home, None, "table.csv", tfms, quiet=True)
    assert image_folders(data.table) == (place.photos,)
    with pytest.raises(SettingError):
        data.show_batch(place.photos / "cat" / "x.png")
    data.show_batch(place.home / "x.png")
    assert (place.home / "x.png").is_file()
