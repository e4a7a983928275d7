"""A file that grows part by part is gone on with by the same writer only, and loses nothing."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from warmstart.files.partial import PART, PROGRESS, PartialFile


def grown(place: Path, identity: str = "a") -> PartialFile:
    file = PartialFile(place, identity)
    file.append("name,class\n", 0, [])
    file.append("1,cat\n2,dog\n", 3, [("3", "empty")])
    return file


def test_it_takes_its_place_at_the_end(tmp_path: Path) -> None:
    place = tmp_path / "new" / "out.csv"
    file = grown(place)
    assert not place.exists()
    file.finish()
    assert place.read_text() == "name,class\n1,cat\n2,dog\n"
    assert [path.name for path in place.parent.iterdir()] == ["out.csv"]


def test_the_same_writer_goes_on(tmp_path: Path) -> None:
    place = tmp_path / "out.csv"
    grown(place).close()
    with (tmp_path / ("out.csv" + PART)).open("a") as part:
        part.write("torn, without its progr")
    again = PartialFile(place, "a")
    assert (again.progress.num_done, again.progress.failed) == (3, [("3", "empty")])
    again.append("4,cat\n", 1, [])
    again.finish()
    assert place.read_text() == "name,class\n1,cat\n2,dog\n4,cat\n"


@pytest.mark.parametrize("spoil", ["identity", "shorter", "no json", "gone", "other fields"])
def test_another_writer_begins_anew(tmp_path: Path, spoil: str) -> None:
    place = tmp_path / "out.csv"
    grown(place).close()
    part, about = (tmp_path / ("out.csv" + end) for end in (PART, PROGRESS))
    if spoil == "shorter":
        part.write_text("name")
    elif spoil == "no json":
        about.write_text("{")
    elif spoil == "gone":
        part.unlink()
    elif spoil == "other fields":
        about.write_text(json.dumps(json.loads(about.read_text()) | {"num_done": "many"}))
    again = PartialFile(place, "b" if spoil == "identity" else "a")
    assert again.progress.num_done == 0
    again.append("x\n", 1, [])
    again.finish()
    assert place.read_text() == "x\n"


def test_nothing_is_left_of_one_that_is_discarded(tmp_path: Path) -> None:
    grown(tmp_path / "out.csv").discard()
    assert list(tmp_path.iterdir()) == []


WRITER = """
import sys
from pathlib import Path
from warmstart.files.partial import PartialFile
file = PartialFile(Path(sys.argv[1]), "a")
while file.progress.num_done < 400:
    file.append(f"{file.progress.num_done}\\n", 1, [])
    print(file.progress.num_done, flush=True)
file.finish()
"""


def test_kills_lose_and_double_nothing(tmp_path: Path) -> None:
    place = tmp_path / "out.csv"
    for _ in range(4):
        writer = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(place)], stdout=subprocess.PIPE, text=True
        )
        assert writer.stdout is not None
        for _ in range(40):
            writer.stdout.readline()
        writer.kill()
        writer.wait()
        writer.stdout.close()
    subprocess.run([sys.executable, "-c", WRITER, str(place)], check=True, capture_output=True)
    assert place.read_text().splitlines() == [str(number) for number in range(400)]
