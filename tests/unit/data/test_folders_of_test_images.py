from collections.abc import Callable
from pathlib import Path

import pytest

from warmstart.data.columns import Columns
from warmstart.data.csv_table import read_csv
from warmstart.data.folders import with_test
from warmstart.data.table import ImageTable
from warmstart.errors import DataError

Make = Callable[..., Path]


@pytest.fixture
def table(make: Make) -> ImageTable:
    root = make("a.jpg", "b.jpg", "c.jpg", "test/9.jpg", "test/0.jpg", "test/x.txt", "z.jpg")
    path = root / "l.csv"
    path.write_text("n,l,g\na.jpg,x,1\nb.jpg,y,2\nc.jpg,x,3")
    return read_csv(path, root, Columns(group="g"), val_idxs=[2])


def test_test_images_join_the_table(table: ImageTable) -> None:
    assert "test/" in {item.name for item in table.exclusions}
    more = with_test(table, "test")
    assert more.names == ("a.jpg", "b.jpg", "c.jpg", "test/0.jpg", "test/9.jpg")
    assert more.splits.tolist() == ["train", "train", "valid", "test", "test"]
    assert more.labels.tolist() == [0, 1, 0, -1, -1]
    assert {item.name for item in more.exclusions} == {"l.csv", "test/x.txt", "z.jpg"}
    assert more.groups is not None
    assert more.groups[:3] == ("1", "2", "3")


@pytest.mark.parametrize(("folder", "what"), [("no", "no folder with"), (".", "rows already")])
def test_a_wrong_folder_is_refused(table: ImageTable, folder: str, what: str) -> None:
    with pytest.raises(DataError, match=what):
        with_test(table, folder)


def test_the_folder_may_lie_elsewhere(table: ImageTable, tmp_path: Path) -> None:
    (tmp_path / "more").mkdir()
    (tmp_path / "more/1.jpg").touch()
    for folder in ("../more", str(tmp_path / "more")):
        found = with_test(table, folder)
        assert [found.path(int(row)) for row in found.rows("test")] == [tmp_path / "more/1.jpg"]
