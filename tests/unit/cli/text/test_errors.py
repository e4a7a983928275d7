"""Every mistake ends in three lines, and the third one mends it when it is typed."""

import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.unit.cli.conftest import SMALL, Place, Run, Said

TRAIN = ["train", "dogscats", "--lr", "0.01", *SMALL]


@dataclass(frozen=True)
class Mistake:
    """What is typed, the exit code, a word of the message; ``then`` is the code of the fix."""

    words: list[str]
    code: int
    says: str
    fix: str = ""
    prepare: Callable[[Place], object] = lambda _place: None
    then: int = 0


def write(name: str, text: str) -> Callable[[Place], object]:
    return lambda place: (place.home / name).write_text(text)


def spoil(place: Place) -> None:
    (place.photos / "cat" / "00.png").write_bytes(b"")
    (place.photos / "dog" / "03.png").write_bytes(b"\x89PNG\r\n\x1a\nrest")


def table(place: Place, *, delimiter: str = ",", header: str = "name,label", end: str = "") -> None:
    lines = [header.replace(",", delimiter)] if header else []
    for path in sorted(place.photos.glob("*/*.png")):
        name = path.relative_to(place.home).as_posix().removesuffix(end)
        lines.append(f"{name}{delimiter}{path.parent.name}")
    (place.home / "photos.csv").write_text("\n".join(lines))


def parts(place: Place, *names: str) -> None:
    """Parts of the photos under any names; all but the first hold two of each class."""
    for label in ("cat", "dog"):
        files = sorted((place.photos / label).iterdir())
        some_files = (files[:-4], files[-2:], files[-4:-2])
        for name, some in zip(names, some_files[: len(names)], strict=True):
            (place.photos / name / label).mkdir(parents=True)
            for file in some:
                file.rename(place.photos / name / label / file.name)
        shutil.rmtree(place.photos / label)


def use(place: Place) -> None:
    (place.home / "used").mkdir()
    write("used/a.txt", "a")(place)


def runs(place: Place, *names: str) -> None:
    """The trained run under other names, and a folder of pictures that is spelled much like one."""
    for name in names:
        shutil.copytree(place.model.parent, place.home / "runs" / name)
    shutil.copytree(place.photos, place.home / "photos")


CSV = ["train", "photos.csv", "--lr", "0.01", *SMALL]
MENDED = {
    "command": Mistake(["trian", *TRAIN[1:]], 2, "trian"),
    "option": Mistake([*TRAIN, "--sed", "1"], 2, "--sed"),
    "option with =": Mistake([*TRAIN, "--sed=1"], 2, "--sed"),
    "arch": Mistake(
        [*TRAIN, "--arch", "tf_efficientnet_lite00"], 2, "lite00", "tf_efficientnet_lite0"
    ),
    "folder": Mistake(["train", "dogcats", *TRAIN[2:]], 1, "no file or folder", "train dogscats"),
    "folder, slash": Mistake(["train", "Dogscats/", *TRAIN[2:]], 1, "no file or folder"),
    "size": Mistake([*TRAIN, "--size", "4"], 2, "sz=4", "--size 224"),
    "size, no number": Mistake([*TRAIN, "--size", "big"], 2, "--size"),
    "epochs": Mistake([*TRAIN, "--epochs", "0"], 2, "--epochs"),
    "epochs, no number": Mistake([*TRAIN, "--epochs=x"], 2, "--epochs"),
    "bs": Mistake([*TRAIN, "--bs", "1"], 2, "bs=1", "--bs 64"),
    "lr": Mistake([*TRAIN, "--lr", "-1"], 2, "lr=-1", "--lr 0.01"),
    "lr nan": Mistake([*TRAIN, "--lr=nan"], 2, "lr=nan", "--lr=0.01"),
    "lr diverges": Mistake(
        [*TRAIN, "--lr", "1e30", "--bs", "4", "--out", "new"], 1, "loss", "--lr 0.01"
    ),
    "device": Mistake([*TRAIN, "--device", "gpu"], 2, "gpu", "--device auto"),
    "precision": Mistake([*TRAIN, "--precision", "f16"], 2, "f16", "--precision auto"),
    "valid-pct 0": Mistake([*TRAIN, "--valid-pct", "0"], 2, "valid_pct", "--valid-pct 0.2"),
    "valid-pct 1.5": Mistake([*TRAIN, "--valid-pct=1.5"], 2, "valid_pct", "--valid-pct=0.2"),
    "unreadable": Mistake(TRAIN, 1, "2 images", "--on-unreadable drop", spoil),
    "on-unreadable": Mistake([*TRAIN, "--on-unreadable", "skip"], 2, "skip", "raise"),
    "a file": Mistake(["train", "dogscats/cat/00.png", *TRAIN[2:]], 1, "file", "train dogscats"),
    "a class": Mistake(
        ["train", "dogscats/train/cat", *TRAIN[2:]],
        1,
        "no class folders",
        "dogscats --lr",
        lambda place: parts(place, "train", "valid"),
    ),
    "val twice": Mistake(
        TRAIN, 1, "val", "--val-name dev", lambda place: parts(place, "train", "dev", "val")
    ),
    "one folder": Mistake(
        [*TRAIN, "--val-name", "train"], 2, "both", "valid", lambda p: parts(p, "train", "valid")
    ),
    "too high": Mistake(
        ["train", ".", *TRAIN[2:]], 1, "data folders", prepare=lambda p: parts(p, "train", "valid")
    ),
    "out in data": Mistake([*TRAIN, "--out", "dogscats/run"], 2, "data folder", "dogscats-out"),
    "out is used": Mistake(
        [*TRAIN, "--out", "used"],
        2,
        "used",
        "--out used-run",
        use,
    ),
    "cache in data": Mistake([*TRAIN, "--cache-dir", "dogscats/c"], 2, "data folder"),
    "csv delimiter": Mistake(
        CSV, 1, "';'", "--delimiter", lambda place: table(place, delimiter=";")
    ),
    "delimiter": Mistake([*CSV, "--delimiter", ";;"], 2, ";;", "--delimiter ,", table),
    "csv header": Mistake(CSV, 1, "header", "--no-header", lambda place: table(place, header="")),
    "csv suffix": Mistake(CSV, 1, "exist", "--suffix", lambda place: table(place, end=".png")),
    "csv column": Mistake([*CSV, "--label-column", "labl"], 2, "'labl'", "label", table),
    "csv column, =": Mistake([*CSV, "--label-column=labl"], 2, "'labl'", "label", table),
    "predict path": Mistake(["predict", "MODEL", "dogcats/cat"], 1, "dogcats", "dogscats/cat"),
    "predict a run's name": Mistake(
        ["predict", "photos-1", "dogscats"],
        1,
        "no file",
        "runs/photos-1/model",
        lambda place: runs(place, "photos-1"),
    ),
    "predict a misspelled run": Mistake(
        ["predict", "runs/photo-1", "dogscats"],
        1,
        "no file",
        "runs/photos-1/model",
        lambda place: runs(place, "photos-1"),
    ),
    "predict with a card": Mistake(
        ["predict", "MODEL/model.json", "dogscats"], 1, "is a file", "/model dogscats"
    ),
    "report a run's name": Mistake(
        ["report", "photos-1"], 1, "no file", "runs/photos-1", lambda place: runs(place, "photos-1")
    ),
    "resume a run's name": Mistake(
        ["train", "--resume", "photos-1"],
        1,
        "no file",
        "--resume runs/photos-1",
        lambda place: runs(place, "photos-1"),
    ),
    "compare a model": Mistake(
        ["compare-runs", "runs/a/model", "runs/b"],
        1,
        "not the folder of a run",
        "runs/a runs/b",
        lambda place: runs(place, "a", "b"),
    ),
    "predict a run": Mistake(["predict", "RUN", "dogscats"], 1, "is a run", "model"),
    "evaluate path": Mistake(["evaluate", "MODEL", "dogcat"], 1, "dogcat", "dogscats"),
    "plot": Mistake(["lr-find", *TRAIN[1:2], "--size", "32", "--plot", "c"], 2, "--plot", "c.png"),
    "nothing": Mistake(["train", "--epochs", "1"], 2, "nothing to train on", "warmstart demo"),
}
BY_HAND = {
    "no such run": Mistake(["train", "--resume", "nope"], 1, "nope"),
    "no run": Mistake(["train", "--resume", "dogscats"], 1, "recipe.toml"),
    "csv of names": Mistake(
        ["train", "a.csv"], 2, "no column 1", "label", write("a.csv", "name\ndogscats/cat/00.png\n")
    ),
    "empty folder": Mistake(
        ["train", "new"], 1, "neither", "mkdir", lambda place: (place.home / "new").mkdir()
    ),
    "no class folders": Mistake(["train", "dogscats/cat"], 1, "no class folders", "dogscats"),
    "archive": Mistake(["train", "a.zip"], 1, "is a file", "unzip", write("a.zip", "")),
    "weights": Mistake([*TRAIN, "--weights", "none.pth"], 1, "none.pth"),
    "no model": Mistake(["predict", "zzz", "dogscats"], 1, "zzz"),
    "not a model": Mistake(["predict", "dogscats", "dogscats"], 1, "model.json"),
    "a pickle": Mistake(["predict", "m.pkl", "dogscats"], 1, "pickle", prepare=write("m.pkl", "")),
    "a folder with a pickle": Mistake(
        ["predict", ".", "dogscats"], 1, "pickle", prepare=write("m.pkl", "")
    ),
    "predict path": Mistake(["predict", "MODEL", "zzz.png"], 1, "zzz.png", "spelling"),
    "no pictures": Mistake(
        ["predict", "MODEL", "new"], 1, "new", prepare=lambda place: (place.home / "new").mkdir()
    ),
    "unknown class": Mistake(
        ["evaluate", "MODEL", "dogscats"],
        1,
        "cow",
        prepare=lambda p: shutil.copytree(p.photos / "dog", p.photos / "cow"),
    ),
    "csv into a file": Mistake(
        ["predict", "MODEL", "dogscats", "--csv", "a/b.csv"], 1, "a", prepare=write("a", "")
    ),
    "no option": Mistake([*TRAIN, "--zzz"], 2, "--zzz", "--help"),
    "another library's command": Mistake(["val", "dogscats"], 2, "val", "evaluate"),
    "a run and itself": Mistake(
        ["compare-runs", "runs/a", "photos"],
        1,
        "not the folder of a run",
        "give the folder",
        lambda place: runs(place, "a"),
    ),
    "no command": Mistake(["zzz"], 2, "zzz", "--help"),
    "no value": Mistake(["train", "dogscats", "--lr"], 2, "--lr", "--help"),
    "no picture": Mistake(["predict", "MODEL"], 2, "PATHS", "--help"),
}


def typed(words: list[str], place: Place) -> list[str]:
    names = {"MODEL": str(place.model), "RUN": str(place.model.parent)}
    heads = [word.partition("/")[0] for word in words]
    return [
        names.get(head, head) + word.removeprefix(head)
        for word, head in zip(words, heads, strict=True)
    ]


def make(mistake: Mistake, place: Place, run: Run) -> Said:
    mistake.prepare(place)
    said = run(*typed(mistake.words, place))
    assert said.code == mistake.code, said.err
    assert "Traceback" not in said.out + said.err
    lines = said.err.splitlines()
    assert [line.split(":")[0] for line in lines if not line.startswith(" ")][-3:] == [
        "Error",
        "Expected",
        "Fix",
    ]
    assert mistake.says in said.err
    assert mistake.fix in said.fix
    return said


@pytest.mark.parametrize("name", MENDED)
def test_typing_the_fix_mends_the_mistake(name: str, place: Place, run: Run) -> None:
    said = make(MENDED[name], place, run)
    command, *words = shlex.split(said.fix)
    assert command == "warmstart"
    if words == ["demo"]:
        return  # it runs in its own test
    again = run(*words)
    assert again.code == MENDED[name].then, again.err
    assert again.err.count("Error:") == (MENDED[name].then != 0)
    assert again.fix != said.fix


@pytest.mark.parametrize("name", BY_HAND)
def test_a_person_is_told_what_to_do(name: str, place: Place, run: Run) -> None:
    said = make(BY_HAND[name], place, run)
    if said.fix.startswith("warmstart "):
        assert run(*shlex.split(said.fix)[1:]).code == 0


def test_a_hub_that_is_out_of_reach(
    place: Place, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    from warmstart.backbones import weights
    from warmstart.errors import WeightsError

    def unreachable(arch: str, **_more: object) -> None:
        raise OSError("We couldn't connect to the hub")

    monkeypatch.setattr("timm.create_model", unreachable)
    with pytest.raises(WeightsError) as caught:
        weights.hub_weights("resnet18")
    monkeypatch.undo()
    monkeypatch.chdir(place.home)

    def hub_weights(_arch: str) -> None:
        raise caught.value

    monkeypatch.setattr(weights, "hub_weights", hub_weights)
    said = run(*TRAIN, "--arch", "resnet18")
    assert said.code == 1
    assert said.fix == "warmstart " + shlex.join([*TRAIN, "--arch", "tf_efficientnet_lite0"])
    assert run(*shlex.split(said.fix)[1:]).code == 0


def test_a_run_that_is_there_is_gone_on_with(place: Place, run: Run) -> None:
    said = run(*TRAIN, "--out", str(place.model.parent))
    assert said.code == 2
    assert "holds a run already" in said.err
    again = run(*shlex.split(said.fix)[1:])
    assert again.code == 0
    assert "is finished" in again.out


def test_what_is_no_mistake_of_the_user_keeps_its_traceback(
    monkeypatch: pytest.MonkeyPatch, place: Place
) -> None:
    from warmstart.cli.main import main
    from warmstart.cli.run import training

    def broken(*_arguments: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(training, "run_training", broken)
    with pytest.raises(ZeroDivisionError):
        main(TRAIN)


def test_a_disk_error_is_told_in_three_lines(
    monkeypatch: pytest.MonkeyPatch, place: Place, run: Run
) -> None:
    from warmstart.cli.run import training

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device", str(Path("runs") / "x"))

    monkeypatch.setattr(training, "run_training", full)
    said = run(*TRAIN)
    assert said.code == 1
    assert "runs/x: No space left on device." in said.err
