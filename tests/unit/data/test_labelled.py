"""C1: to judge, one row is enough; which rows they are is said."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from warmstart.data.columns import DEFAULT_COLUMNS, Columns
from warmstart.data.csv_table import Dialect
from warmstart.data.evaluation_split import chosen_folder
from warmstart.data.labelled import Labelled, Wanted, labelled_images
from warmstart.errors import DataError, SettingError, WarmstartError

Make = Callable[..., Path]
PETS = Wanted(("cat", "dog"), is_multi_label=False)
MANY = Wanted(("cat", "dog"), is_multi_label=True)


def read(source: Path, wanted: Wanted = PETS, columns: Columns = DEFAULT_COLUMNS) -> Labelled:
    return labelled_images(source, wanted, columns, Dialect())


def told(found: Labelled) -> str:
    return "\n".join(found.notes)


def left(found: Labelled) -> dict[str, str]:
    return {item.name: item.reason for item in found.left_out}


def table(make: Make, text: str) -> Path:
    """A CSV beside pictures that lie in folders of the classes."""
    root = make("cat/0.png", "cat/1.png", "dog/0.png", "dog/1.png")
    (root / "T.csv").write_text(text.replace(" ", "\n"))
    return root / "T.csv"


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["cat/a.png"], [0]),
        (["dog/a.png", "dog/b.png"], [1, 1]),
        (["cat/a.png", "dog/b.png"], [0, 1]),
        (["cat/a.png", "dog/"], [0]),
        (["dog/a.png", "cat/", "bird/"], [1]),
    ],
)
def test_few_pictures_in_folders_are_enough(
    make: Make, names: list[str], labels: list[int]
) -> None:
    found = read(make(*names))
    assert found.labels.tolist() == labels
    empty = [name.rstrip("/") for name in sorted(names) if name.endswith("/")]
    said = f"{len(empty)} class folder(s) have no picture: {'; '.join(empty)}"
    assert (said in told(found)) == bool(empty)


def test_few_rows_of_a_table_are_enough(make: Make) -> None:
    assert read(table(make, "name,label cat/0.png,cat")).labels.tolist() == [0]
    assert read(table(make, "name,label cat/0.png,dog cat/1.png,dog")).labels.tolist() == [1, 1]
    assert read(table(make, "name,cat,dog dog/0.png,0,1")).labels.tolist() == [1]
    many = read(table(make, "name,cat,dog dog/0.png,0,1"), MANY)
    assert many.labels.tolist() == [[0, 1]]
    assert "the one label that is given, and no other" in told(many)


def test_a_class_may_be_written_in_another_form_of_unicode(make: Make) -> None:
    """As one system writes a folder's name, and another a table."""
    root = make("Ku\u0308ken/a.png")
    assert read(root, Wanted(("K\u00fcken", "x"), is_multi_label=False)).labels.tolist() == [0]


def test_rows_without_a_label_are_named_and_not_judged(make: Make) -> None:
    found = read(table(make, "name,label cat/0.png,cat cat/1.png, dog/0.png,dog"))
    assert found.labels.tolist() == [0, 1]
    assert left(found)["cat/1.png"] == "has no label"
    loose = read(make("cat/0.png", "x.png"))
    assert left(loose)["x.png"] == "not in a class folder"
    with pytest.raises(DataError, match="none of the 1 row"):
        read(table(make, "name,label cat/0.png,"))


def test_valid_is_judged_or_else_test_or_else_train(make: Make) -> None:
    root = make("train/cat/a.png", "test/dog/b.png", "test/dog/c.png", "val/cat/d.png")
    assert read(root).paths == (root / "val/cat/d.png",)
    assert "the part val is judged, not test; train" in told(read(root))
    for split in ("test", "Testing"):
        assert len(read(root, replace(PETS, split=split)).paths) == 2
    (root / "val/cat/d.png").unlink()
    assert len(read(root).paths) == 2
    (root / "test/dog/b.png").unlink()
    (root / "test/dog/c.png").unlink()
    assert read(root).paths == (root / "train/cat/a.png",)


@pytest.mark.parametrize(
    ("names", "split", "flags"),
    [
        (["train/cat/a.png"], "test", ("--split", "train")),
        (["cat/a.png"], "test", ()),
        (["val/cat/a.png", "dev/cat/b.png"], None, ("--split", "dev")),
        (["val/cat/a.png", "dev/cat/b.png"], "valid", ("--split", "dev")),
    ],
)
def test_a_part_that_is_not_there_or_twice_is_refused(
    make: Make, names: list[str], split: str | None, flags: tuple[str, ...]
) -> None:
    root = make(*names)
    with pytest.raises(SettingError) as error:
        read(root, replace(PETS, split=split))
    assert error.value.flags == flags
    if flags:
        assert len(read(root, replace(PETS, split=flags[1])).paths) == 1


def test_a_class_may_be_called_like_a_part(make: Make) -> None:
    """A model that knows trains is judged on trains."""
    vehicles = ("plane", "train")
    assert chosen_folder(make("train/a.png", "plane/b.png"), vehicles, None) == ("", [])
    assert chosen_folder(make("valid/train/a.png"), vehicles, None)[0] == "valid"
    assert chosen_folder(make("train/train/a.png"), vehicles, "train")[0] == "train"


def test_the_split_column_says_the_part_and_never_the_label(make: Make) -> None:
    source = table(make, "f,s,what cat/0.png,train,cat cat/1.png,test,cat dog/0.png,test,dog")
    by_s = Columns(split="s")
    found = read(source, replace(PETS, split="test"), by_s)
    assert found.labels.tolist() == [0, 1]
    assert "1 row(s) of other parts are not judged" in told(found)
    assert left(found) == {"T.csv": "not an image suffix: .csv", "dog/1.png": "not in T.csv"}
    assert "the part test is judged" in told(read(source, PETS, by_s))
    whole = read(source)  # nobody says that s is a split, and it holds no class
    assert whole.labels.tolist() == [0, 0, 1]
    assert "labels are read from the column what" in told(whole)
    with pytest.raises(DataError, match="has no valid rows") as error:
        read(source, replace(PETS, split="valid"), by_s)
    assert error.value.flags == ("--split", "test")
    with pytest.raises(SettingError, match="nothing says which column"):
        read(source, replace(PETS, split="test"))


def test_parts_of_any_name_and_rows_that_are_elsewhere(make: Make) -> None:
    """Training's three parts, and files of the parts that are not judged, are not asked for."""
    text = "f,fold,what cat/0.png,3,cat cat/9.png,1,cat dog/0.png,2,?"
    found = read(table(make, text), replace(PETS, split="3"))
    assert found.labels.tolist() == [0]
    assert "parts are read from the column fold" in told(found)
    assert "dog/0.png" not in left(found)


@pytest.mark.parametrize(
    ("text", "wanted", "columns", "match"),
    [
        ("f,l cat/0.png,cta", PETS, Columns(), "does not know: cta"),
        ("f,cat,dog cat/0.png,1,1", PETS, Columns(), "the table has any number of them"),
        ("f,l cat/0.png,cat|dog", PETS, Columns(label_sep="|"), "the table has any number"),
        ("f,l cat/0.png,cat|dog", MANY, Columns(), "nothing says what parts them"),
    ],
)
def test_labels_that_the_model_does_not_give_are_refused(
    make: Make, text: str, wanted: Wanted, columns: Columns, match: str
) -> None:
    with pytest.raises(WarmstartError, match=match):
        read(table(make, text), wanted, columns)


def test_what_is_no_labelled_data_is_refused_with_a_fix(make: Make) -> None:
    root = make("cat/a.png", "cta/b.png")
    with pytest.raises(DataError) as near:
        read(root)
    assert near.value.fix == "rename cta to cat, if that is meant."
    thousand = Wanted(tuple(f"class {k}" for k in range(1000)), is_multi_label=False)
    with pytest.raises(DataError) as many:
        read(root, thousand)
    assert len(str(many.value)) < 500  # some of them are named
    with pytest.raises(DataError) as deep:
        read(root / "cat")
    assert deep.value.flags == ("=", str(root / "cat"), str(root))
    with pytest.raises(DataError, match="no folder and no CSV"):
        read(root / "cat/a.png")
    (root / "empty/cat").mkdir(parents=True)
    with pytest.raises(DataError, match="no folder with images"):
        read(root / "empty")
