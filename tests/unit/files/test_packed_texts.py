import pytest
from hypothesis import given
from hypothesis import strategies as st

from warmstart.files.packed_texts import PackedTexts

TEXTS = st.lists(st.text(max_size=8), max_size=30, unique=True).map(sorted)


@given(TEXTS, st.text(max_size=3))
def test_they_are_what_a_sorted_tuple_is(texts: list[str], other: str) -> None:
    packed = PackedTexts(texts)
    assert packed == tuple(texts)
    assert list(packed) == texts
    assert [packed.place_of(text) for text in texts] == list(range(len(texts)))
    assert (other in packed) == (other in texts)
    assert packed[1:-1] == tuple(texts[1:-1])
    if texts:
        assert (packed[-1], packed[0]) == (texts[-1], texts[0])


def test_what_is_not_there_is_not_found() -> None:
    packed = PackedTexts(["a", "c"])
    assert packed.place_of("b") is None
    assert packed.place_of("d") is None
    assert packed != ("a", "b")
    assert packed != ("a",)
    with pytest.raises(IndexError):
        packed[2]
    assert len(PackedTexts()) == 0
