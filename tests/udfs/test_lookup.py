"""Numbers among sorted ones: what a dict and a set say, for numbers of all 64 bits."""

from collections.abc import Iterable

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from udfs.dedup.lookup import Ids, Sorted, distinct

LEAST, MOST = -(2**63), 2**63 - 1
NUMBERS = st.one_of(
    st.integers(-6, 6), st.integers(LEAST, MOST), st.integers(LEAST, LEAST + 5), st.integers(MOST - 5, MOST)
)


def numbers(values: Iterable[int]) -> Ids:
    return np.array(list(values), np.int64)


@given(st.lists(NUMBERS, unique=True, max_size=40), st.lists(NUMBERS, max_size=40))
def test_places_and_presence_are_those_of_a_dict(known: list[int], others: list[int]) -> None:
    places = {one: place for place, one in enumerate(known)}
    wanted = known + others
    found = Sorted(numbers(known))
    assert found.places(numbers(wanted)).tolist() == [places.get(one, -1) for one in wanted]
    assert found.has(numbers(wanted)).tolist() == [one in places for one in wanted]
    strided = np.repeat(numbers(wanted), 2)[::2]
    assert found.places(strided).tolist() == [places.get(one, -1) for one in wanted]


@given(st.lists(st.lists(NUMBERS, max_size=20), max_size=4))
def test_distinct_numbers_are_those_of_a_set(parts: list[list[int]]) -> None:
    given_parts = [numbers(part) for part in parts]
    assert distinct(given_parts).tolist() == sorted({one for part in parts for one in part})
    assert [part.tolist() for part in given_parts] == parts
