"""Parts by source and host, and the balance of DataMan."""

import random
from collections import Counter, defaultdict

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.teaching.splits import Row, SplitSettings, balanced, parts_of


def rows_of(source: str, count: int, pages_of_a_host: int = 0, overall: int = 3) -> list[Row]:
    """Rows of a source, so many pages from each host, or without a URL."""
    urls = [f"http://www.{source}-{n // pages_of_a_host}.org/{n}" if pages_of_a_host else "" for n in range(count)]
    return [Row(f"{source}/{number}", source, url, overall) for number, url in enumerate(urls)]


@pytest.mark.parametrize("pages", [0, 1, 4])
def test_a_hundred_to_test_and_a_hundred_to_validate(pages: int) -> None:
    rows = rows_of("a", 4_000, pages) + rows_of("b", 1_000, pages)
    parts = Counter(zip((row.source for row in rows), parts_of(rows, SplitSettings()), strict=True))
    assert [parts["a", part] for part in ("train", "valid", "test")] == [3_800, 100, 100]
    assert [parts["b", part] for part in ("train", "valid", "test")] == [800, 100, 100]


def test_of_a_small_source_a_tenth() -> None:
    assert Counter(parts_of(rows_of("a", 200), SplitSettings())) == {"train": 160, "valid": 20, "test": 20}
    assert Counter(parts_of(rows_of("a", 9), SplitSettings())) == {"train": 9}
    all_out = SplitSettings(held_out_rows=1_000, held_out_ratio=0.5)
    assert Counter(parts_of(rows_of("a", 10), all_out)) == {"valid": 5, "test": 5}
    assert parts_of([], SplitSettings()) == []


def test_a_host_larger_than_a_part_trains() -> None:
    assert set(parts_of(rows_of("a", 1_000, 1_000), SplitSettings())) == {"train"}
    mixed = rows_of("a", 1_000, 1_000) + [row._replace(source="a") for row in rows_of("b", 1_000, 1)]
    assert Counter(parts_of(mixed, SplitSettings()))["test"] == 100


def test_other_spellings_of_a_host_are_that_host() -> None:
    urls = ["http://www.example.org/a", "https://EXAMPLE.org:443/b", "//no url", "http://"]
    rows = [Row(str(number), "a", urls[number % 4], 3) for number in range(1_000)]
    for most in (50, 500):
        parts = parts_of(rows, SplitSettings(held_out_rows=most, held_out_ratio=0.5))
        assert len({part for row, part in zip(rows, parts, strict=True) if "example" in row.url.lower()}) == 1
        assert Counter(parts)["test"] == most


sources = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 12), st.integers(1, 5)), min_size=1, max_size=80
).map(
    lambda drawn: [Row(str(n), source, f"http://h{host}.org", score) for n, (source, host, score) in enumerate(drawn)]
)


@given(sources, st.integers(0, 20), st.integers(0, 3))
def test_no_host_is_in_two_parts_and_no_part_is_too_large(rows: list[Row], most: int, seed: int) -> None:
    settings = SplitSettings(held_out_rows=most, held_out_ratio=0.3, seed=seed)
    parts = parts_of(rows, settings)
    of_host = defaultdict(set)
    for row, part in zip(rows, parts, strict=True):
        of_host[row.url].add(part)
    assert all(len(found) == 1 for found in of_host.values())
    sizes = Counter(row.source for row in rows)
    for (_, source), count in Counter(zip(parts, (row.source for row in rows), strict=True)).items():
        assert count <= sizes[source]
    for part in ("test", "valid"):
        for source, size in sizes.items():
            held = sum(one == part and row.source == source for row, one in zip(rows, parts, strict=True))
            assert held <= min(most, int(size * 0.3))


@given(sources, st.integers(0, 2**16))
def test_parts_do_not_depend_on_the_order_of_rows(rows: list[Row], seed: int) -> None:
    settings = SplitSettings(held_out_ratio=0.3)
    expected = {row.id: part for row, part in zip(rows, parts_of(rows, settings), strict=True)}
    random.Random(seed).shuffle(rows)
    assert {row.id: part for row, part in zip(rows, parts_of(rows, settings), strict=True)} == expected


def test_another_seed_gives_other_parts() -> None:
    rows = rows_of("a", 1_000)
    assert parts_of(rows, SplitSettings()) != parts_of(rows, SplitSettings(seed=1))


@pytest.mark.parametrize(
    ("low", "high", "times", "added"),
    [
        (100, 900, 1, 100),  # 800 // 5 = 160, more than the minority: 100
        (300, 700, 1, 80),
        (300, 700, 4, 320),
        (700, 300, 2, 160),
        (500, 500, 4, 0),
        (0, 500, 4, 0),
        (498, 502, 4, 0),  # 4 // 5 = 0
        (300, 700, 0, 0),
    ],
)
def test_the_minority_is_added_as_in_dataman(low: int, high: int, times: int, added: int) -> None:
    rows = [Row(str(n), "a", "", 2 if n < low else 3) for n in range(low + high)]
    found = balanced(rows, SplitSettings(balance_times=times))
    assert len(found) == added
    assert all((rows[place].overall < 3) == (low < high) for place in found)
    if added > 100:
        assert len(set(found)) < added  # with replacement


def test_sources_are_balanced_each_for_itself_and_nothing_is_added_unasked() -> None:
    rows = [Row(f"a{n}", "a", "", 1) for n in range(100)] + [Row(f"b{n}", "b", "", 5) for n in range(100)]
    assert balanced(rows, SplitSettings(balance_times=4)) == []
    rows += [Row("a-high", "a", "", 4)]
    assert balanced(rows, SplitSettings(balance_times=4)) == [200] * 4
    assert balanced(rows, SplitSettings()) == []
