"""Tar shards, Parquet and an S3 store in the shell: as the folder of the same photos."""

import shlex
from collections.abc import Iterator
from pathlib import Path

import boto3
import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.shards import write_tar
from tests.unit.cli.conftest import Place, Run
from tests.unit.files.s3_server import s3_server

TRAIN = ["--size", "32", "--precision", "f32", "--head", "logistic", "--no-report"]


def rows_of(run: Path) -> list[str]:
    """Hash, label and probabilities of each validation photo: everything but its name."""
    lines = (run / "predictions.csv").read_text().splitlines()[1:]
    return [",".join([line.split(",")[0], *line.split(",")[2:]]) for line in lines]


def named(photos: Path) -> dict[str, tuple[bytes, str]]:
    """Photos and labels, in the order of the folder."""
    files = sorted(photos.glob("*/*.png"))
    return {f"{file.parent.name}_{file.stem}": (file.read_bytes(), file.parent.name)
            for file in files}  # fmt: skip


def parted(place: Place) -> dict[str, dict[str, tuple[bytes, str]]]:
    """The photos in two parts, also as folders below parted/."""
    parts: dict[str, dict[str, tuple[bytes, str]]] = {"train": {}, "valid": {}}
    for number, (name, (content, label)) in enumerate(named(place.photos).items()):
        part = "valid" if number % 3 == 0 else "train"
        parts[part][name] = (content, label)
        path = place.home / "parted" / part / label / f"{name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return parts


def packed(place: Place) -> Path:
    for part, photos in parted(place).items():
        members: dict[str, bytes | str] = {}
        for name, (content, label) in photos.items():
            members |= {f"{name}.png": content, f"{name}.cls": label}
        write_tar(place.home / "shards" / f"{part}-000.tar", members)
    return place.home / "shards"


def as_parquet(place: Place) -> Path:
    cell = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
    rows = [(part, *row) for part, photos in parted(place).items() for row in photos.values()]
    columns = {
        "image": pa.array([{"bytes": content, "path": None} for _, content, _ in rows], cell),
        "kind": [label for *_, label in rows],
        "part": [part for part, *_ in rows],
    }
    parquet.write_table(pa.table(columns), place.home / "photos.parquet", row_group_size=7)
    return place.home / "photos.parquet"


@pytest.fixture
def store() -> Iterator[str]:
    """The URL of a bucket on this computer."""
    with s3_server() as bucket:
        yield bucket


def upload(folder: Path, prefix: str) -> None:
    client = boto3.client("s3")
    for file in sorted(path for path in folder.rglob("*") if path.is_file()):
        client.put_object(
            Bucket="bucket",
            Key=f"{prefix}/{file.relative_to(folder).as_posix()}",
            Body=file.read_bytes(),
        )


def test_shards_train_check_and_predict_as_their_folder(place: Place, run: Run) -> None:
    shards = packed(place)
    of_folder = run("train", "parted", *TRAIN, "--out", "a")
    assert of_folder.code == 0, of_folder.err
    of_shards = run("train", "shards/{train,valid}-000.tar", *TRAIN, "--report", "--out", "b")
    assert of_shards.code == 0, of_shards.err
    assert rows_of(Path("a")) == rows_of(Path("b"))  # to the bit
    assert "splits are read from the shards' names: 1 train, 1 valid" in of_shards.out
    assert "data:image/" in Path("b/report.html").read_text()
    (line,) = (line for line in of_shards.out.splitlines() if "  predict " in line)
    said = run(*shlex.split(line.partition("warmstart ")[2]))
    assert said.code == 0, said.err
    every = [
        run("predict", "a/model", *words) for words in (["parted/valid"], ["shards/valid-000.tar"])
    ]
    answers = [sorted(line.split("\t")[1:] for line in each.out.splitlines()) for each in every]
    assert answers[0] == answers[1]
    judged = [run("evaluate", "a/model", source) for source in ("parted", "shards")]
    assert judged[0].code == judged[1].code == 0, judged[1].err
    tables = [said.out[said.out.index("score ") :] for said in judged]
    assert tables[0] == tables[1]
    checked = [run("check", source, "--size", "32") for source in ("parted", "shards")]
    counted = [said.out.splitlines()[-1 - 1] for said in checked]
    assert checked[1].code == 0, checked[1].err
    assert f"{len(list(place.photos.glob('*/*')))} pictures" in checked[1].out
    assert len(counted) == 2
    assert sorted(path.name for path in shards.iterdir()) == ["train-000.tar", "valid-000.tar"]


def test_parquet_trains_as_the_folder(place: Place, run: Run) -> None:
    as_parquet(place)
    columns = ["--label-column", "kind", "--split-column", "part"]
    assert run("train", "parted", *TRAIN, "--out", "a").code == 0
    said = run("train", "photos.parquet", *columns, *TRAIN, "--out", "b")
    assert said.code == 0, said.err
    assert rows_of(Path("a")) == rows_of(Path("b"))
    csv = run("predict", "b/model", "photos.parquet", "--csv", "all.csv")
    assert csv.code == 0, csv.err
    assert len(Path("all.csv").read_text().splitlines()) == 25
    judged = run("evaluate", "b/model", "photos.parquet", *columns)
    assert judged.code == 0, judged.err
    two = parquet.read_table(place.home / "photos.parquet")
    two = two.rename_columns(["large", *two.column_names[1:]])
    parquet.write_table(two.append_column("small", two["large"]), place.home / "two.parquet")
    several = run("evaluate", "b/model", "two.parquet", *columns)
    assert "several columns that could hold the pictures" in several.err
    chosen = ["--image-column", "large"]
    again = run("evaluate", "b/model", "two.parquet", *columns, *chosen).out
    assert again.replace("two.parquet", "photos.parquet") == judged.out
    assert run("predict", "b/model", "two.parquet", "--csv", "two.csv").code != 0
    assert run("predict", "b/model", "two.parquet", "--csv", "two.csv", *chosen).code == 0
    shown = (
        (place.home / "all.csv").read_text().replace("photos.parquet/image", "two.parquet/large")
    )
    assert (place.home / "two.csv").read_text() == shown
    wrong = run("train", "photos.parquet", "--label-column", "kin", *TRAIN)
    assert wrong.code == 2
    assert shlex.split(wrong.fix)[1:4] == ["train", "photos.parquet", "--label-column"]
    assert "kind" in wrong.fix


def test_a_run_from_shards_goes_on_and_is_done_again(place: Place, run: Run) -> None:
    packed(place)
    assert run("train", "shards/*.tar", *TRAIN).code == 0
    (made,) = Path("runs").iterdir()
    assert made.name == "shards-1"
    assert "is finished" in run("train", "--resume", str(made)).out
    again = run("train", "--like", str(made), "--out", "again")
    assert again.code == 0, again.err
    assert rows_of(made) == rows_of(Path("again"))
    assert run("report", str(made)).code == 0


def test_an_s3_store_trains_and_predicts_as_this_computer(
    place: Place, run: Run, store: str
) -> None:
    upload(packed(place), "shards")
    upload(place.home / "parted", "folder")
    assert run("train", "parted", *TRAIN, "--out", "a").code == 0
    for number, source in enumerate((f"{store}/folder", f"{store}/shards/*.tar")):
        said = run("train", source, *TRAIN, "--report", "--out", f"remote{number}")
        assert said.code == 0, said.err
        assert rows_of(Path("a")) == rows_of(Path(f"remote{number}"))
    here = run("predict", "a/model", "parted/valid").out
    there = run("predict", "a/model", f"{store}/folder/valid").out
    assert there == here.replace("parted/", f"{store}/folder/")
    judged = run("evaluate", "a/model", f"{store}/shards")
    assert judged.code == 0, judged.err
    gone = run("train", f"{store}/nothing", *TRAIN)
    assert gone.code == 1
    assert f"there is nothing at {store}/nothing" in gone.err


def test_a_newcomers_mistakes_are_three_lines(place: Place, run: Run) -> None:
    write_tar(place.home / "bare.tar", {"1.png": b"x", "2.png": b"x"})
    (place.home / "x.tar").write_bytes(b"no archive" * 100)
    for words, part in (
        (["train", "bare.tar"], "has no label"),
        (["train", "x.tar"], "no tar archive"),
        (["train", "gone.tar"], "there is no file or folder"),
        (["train", "gone-{0..3}.tar"], "4 of the 4 shards"),
        (["train", "s4://bucket/x"], "protocol s4://"),
        (["predict", str(place.model), "gone-*.tar"], "no file fits"),
        (["train", "bare.tar", "--split-by", "hash"], "--split-by"),
    ):
        said = run(*words, *([] if words[0] == "predict" else TRAIN))
        assert said.code in {1, 2}, words
        assert part in said.err, words
        assert "Expected: " in said.err
        assert said.fix, words
        assert "Traceback" not in said.err


def test_added_photos_move_no_other_where_the_hash_decides(place: Place, run: Run) -> None:
    words = ["--valid-pct", "0.4", "--split-by", "content"]
    assert run("train", "dogscats", *TRAIN, *words, "--out", "a").code == 0
    before = {row.split(",")[0] for row in rows_of(Path("a"))}
    for number, kind in enumerate(("cat", "dog")):
        (place.photos / kind / "new.png").write_bytes(
            (place.photos / ("dog", "cat")[number] / "01.png").read_bytes()[:-1] + b"x"
        )
    said = run("train", "dogscats", *TRAIN, *words, "--out", "b", "--on-unreadable", "drop")
    assert said.code == 0, said.err
    assert before <= {row.split(",")[0] for row in rows_of(Path("b"))} | before
    assert {row.split(",")[0] for row in rows_of(Path("b"))} >= before
