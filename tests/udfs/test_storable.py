"""Headers that are kept as they are equal those that were bounded one by one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.crawl.storable import KEPT_HEADERS, NAME_CHARS, VALUE_CHARS, kept, storable

TEXTS = st.text(st.sampled_from("ab\0é\ud800:"), max_size=4)


def one_by_one(headers: dict[str, str]) -> list[tuple[str, str]]:
    first = list(headers.items())[:KEPT_HEADERS]
    return list({storable(name, NAME_CHARS): storable(value, VALUE_CHARS) for name, value in first}.items())


@given(st.dictionaries(TEXTS, TEXTS, max_size=5))
def test_headers_are_those_bounded_one_by_one(headers: dict[str, str]) -> None:
    assert kept(headers) == one_by_one(headers)


@pytest.mark.parametrize("more", [0, 1])
def test_bounds_hold_to_the_last_character_and_header(more: int) -> None:
    long = {"n" * (NAME_CHARS + more): "a", "m" * (NAME_CHARS + more) + "b": "a" * (VALUE_CHARS + more)}
    many = {str(number): "a" for number in range(KEPT_HEADERS + more)}
    for headers in (long, many, {"a": "v" * (VALUE_CHARS + more)}, {"n" * (NAME_CHARS + more): "v"}):
        assert kept(headers) == one_by_one(headers)
    assert len(kept(many)) == KEPT_HEADERS
