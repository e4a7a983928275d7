from warmstart.checkup.findings import Duplicates, FileFinding, Member, Mislabelled
from warmstart.checkup.suggest import suggested_fixes


def member(name: str, label: str = "cat") -> Member:
    return Member(name, name.partition("/")[0], (label,) if label else ())


def actions(*duplicates: Duplicates) -> dict[str, str]:
    return {fix.name: fix.action for fix in suggested_fixes([], duplicates, [])}


def test_of_equal_bytes_in_two_splits_the_training_copies_go() -> None:
    found = Duplicates(
        (member("train/a"), member("train/b"), member("valid/c")), 1.0, is_exact=True
    )
    assert actions(found) == {"train/a": "drop", "train/b": "drop"}


def test_a_validation_copy_of_a_test_picture_is_never_dropped() -> None:
    found = Duplicates((member("test/a", ""), member("valid/b")), 1.0, is_exact=True)
    assert actions(found) == {"valid/b": "look"}


def test_what_only_looks_the_same_is_looked_at() -> None:
    found = Duplicates((member("train/a"), member("valid/b")), 0.97, is_exact=False)
    assert actions(found) == {"train/a": "look"}


def test_copies_within_a_split_are_looked_at() -> None:
    assert actions(Duplicates((member("train/a"), member("train/b")), 1.0, is_exact=True)) == {
        "train/b": "look"
    }


def test_both_of_two_labels_are_looked_at() -> None:
    found = Duplicates((member("train/a"), member("train/b", "dog")), 1.0, is_exact=True)
    assert found.contradicts
    fixes = suggested_fixes([], [found], [])
    assert {fix.name: fix.action for fix in fixes} == {"train/a": "look", "train/b": "look"}
    assert all("called" in fix.reason for fix in fixes)


def test_a_row_without_label_contradicts_nothing() -> None:
    assert not Duplicates((member("train/a"), member("test/b", "")), 1.0, is_exact=True).contradicts


def test_each_name_is_in_one_fix_with_the_strongest_action() -> None:
    found = Duplicates((member("train/a"), member("valid/b")), 1.0, is_exact=True)
    wrong = [
        Mislabelled("train/z", "train", "dog", "cat", 0.9),
        Mislabelled("train/a", "train", "cat", "dog", 0.8),
    ]
    fixes = suggested_fixes([FileFinding("train/x", "empty file")], [found], wrong)
    assert [(fix.name, fix.action) for fix in fixes] == [
        ("train/x", "drop"),
        ("train/a", "drop"),
        ("train/z", "look"),
    ]
    assert (
        fixes[1].reason == "same bytes as valid/b (valid, called cat); called cat; looks like dog"
    )
    assert fixes[2].label == "cat"
