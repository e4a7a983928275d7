"""Members of a tar archive that have one name: a picture, and what is said of it."""

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

from warmstart.data.scan import junk_reason, scan
from warmstart.data.table import Exclusion
from warmstart.files.places import Stamp, place_stamp

LABEL_FIELDS = ("cls", "txt", "json")  # in the order in which labels are sought


@dataclass
class Sample:
    """Members with one name but for what follows its first dot: their fields by what follows.

    Where that leaves no label, but ``cat.2.jpg`` has ``cat.2.cls``: but for what follows its last.
    """

    name: str
    pictures: list[str] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict)


def samples_of(file: Path) -> tuple[list[Sample], list[Exclusion]]:
    """The samples of an archive that have a picture, and the members that belong to none.

    Pictures are those that the one lister finds in it.
    """
    return _samples_of(file, place_stamp(file))


@lru_cache(maxsize=1)  # a reader asks twice: is it one of class folders, and what is in it
def _samples_of(
    file: Path,
    stamp: Stamp,  # noqa: ARG001 (a file that changed is looked at again)
) -> tuple[list[Sample], list[Exclusion]]:
    found = scan(file)
    others = [(item, *sample_key(item.name)) for item in found.exclusions]
    shared = {key for _, key, kind in others if kind in LABEL_FIELDS}
    own = {
        without_suffix(item.name)
        for item, key, kind in others
        if "." in kind and kind.rpartition(".")[2] in LABEL_FIELDS and key not in shared
    }
    samples: dict[str, Sample] = {}
    for name in found.images:
        stem = without_suffix(name)
        key = stem if stem in own else sample_key(name)[0]
        samples.setdefault(key, Sample(key)).pictures.append(name)
    left_out = []
    for item, first_key, first_kind in others:
        key, kind, stem = first_key, first_kind, without_suffix(item.name)
        if stem in own:
            key, kind = stem, first_kind.rpartition(".")[2]
        sample = samples.get(key)
        is_junk = item.name.endswith("/") or junk_reason(
            item.name.rpartition("/")[2], is_folder=False
        )
        if (
            sample is not None
            and kind in LABEL_FIELDS
            and not is_junk
            and kind not in sample.fields
        ):
            sample.fields[kind] = item.name
        elif kind in LABEL_FIELDS and not is_junk:
            left_out.append(Exclusion(item.name, f"a .{kind} member without a picture"))
        else:
            left_out.append(item)
    return list(samples.values()), left_out


def sample_key(name: str) -> tuple[str, str]:
    """(Name up to the first dot behind its folders, what follows in lower case).

    >>> sample_key("a.b/cat.left.JPG")
    ('a.b/cat', 'left.jpg')
    """
    folder, slash, last = name.rpartition("/")
    stem, _, kind = last.partition(".")
    return folder + slash + stem, kind.lower()


def without_suffix(name: str) -> str:
    """A name up to its last dot."""
    return name.rpartition(".")[0]
