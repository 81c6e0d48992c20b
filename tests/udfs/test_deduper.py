"""Bloom dedup over Arrow columns: slices, nulls, saved filters, annotation, and the global order."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import zstandard

from tests.made_up_prose import sentences
from tests.udfs.texts import real_texts
from udfs.dedup import bloom_global
from udfs.dedup.bloom import BloomSettings
from udfs.dedup.bloom_modes import deduplicated_globally, windows
from udfs.dedup.deduper import PART_BYTES, Deduper
from udfs.dedup.ngrams import ngram_hash
from udfs.text.edits import Edit, apply

EDITS = pa.list_(
    pa.struct({"start": pa.int32(), "end": pa.int32(), "replacement": pa.large_string(), "reason": pa.large_string()})
)
TYPES = {
    "keep": pa.bool_(),
    "reason": pa.large_string(),
    "contained": pa.int64(),
    "ngrams": pa.int64(),
    "edits": EDITS,
    "text": pa.large_string(),
}
PREFIXES = ("old-both", "both", "paragraph", "document", "exact")
SHORT = BloomSettings(min_ngram=3, max_ngram=5, substring_tokens=10, expected_ngrams=50_000)


def array(texts: list[str] | list[str | None]) -> pa.LargeStringArray:
    return pa.array(texts, pa.large_string())


def rows(columns: dict[str, pa.Array]) -> list[dict[str, Any]]:
    return pa.table(columns).to_pylist()


def corpus(documents: int, seed: int = 0) -> list[str]:
    """Documents of paragraphs, every third of which has been there before."""
    draw = random.Random(seed)
    pool = sentences(documents * 2, seed)
    return ["\n".join(draw.choices(pool, k=draw.randint(1, 6))) for _ in range(documents)]


# --- columns


@pytest.mark.parametrize("mode", [*PREFIXES, "substring"])
def test_columns_have_the_types_of_the_table(mode: str) -> None:
    deduper = Deduper(SHORT.model_copy(update={"mode": mode}))
    for texts in (array([]), array([None]), array(["", "a\nb", None]), array(corpus(5)), array(corpus(5))):
        columns = deduper.columns(texts)
        assert {name: column.type for name, column in columns.items()} == TYPES
        for column in columns.values():
            column.validate(full=True)
            assert len(column) == len(texts)


def test_nulls_are_not_kept_and_insert_nothing() -> None:
    deduper = Deduper(SHORT.model_copy(update={"mode": "exact"}))
    found = rows(deduper.columns(array([None, "", None, "text", None])))
    assert [row["reason"] for row in found] == ["no_text", "no_text", "no_text", None, "no_text"]
    assert [row["ngrams"] for row in found] == [0, 1, 0, 1, 0]
    assert deduper.inserted == 2
    assert found[0]["text"] is None
    assert found[0]["edits"] == []


def test_slices_are_taken_as_what_they_are() -> None:
    texts: list[str | None] = [*corpus(40), None, "Überall größer, 川 \U0001f600\nüber", *corpus(40)]
    whole, cut = Deduper(SHORT), Deduper(SHORT)
    expected = rows(whole.columns(array(texts[7:70])))
    assert rows(cut.columns(array(texts)[7:70])) == expected
    assert {row["keep"] for row in expected} == {True, False}


def test_edits_give_the_text_in_code_points() -> None:
    deduper = Deduper(SHORT)
    seen = "größer als über fünf ähnliche 川 Wörter \U0001f600 hier"
    deduper.prime(array([seen]))
    text = f"é\U0001f600 neu\n{seen}\nWörter, die noch niemand so geschrieben hat"
    (row,) = rows(deduper.columns(array([text])))
    assert [(one["start"], one["end"], one["reason"]) for one in row["edits"]] == [(6, 7 + len(seen), "seen_paragraph")]
    assert row["text"] == "é\U0001f600 neu\nWörter, die noch niemand so geschrieben hat"


def test_annotated_texts_stay_whole_with_the_same_edits() -> None:
    texts = [*corpus(30), *corpus(30)[:5]]
    cut = rows(Deduper(SHORT).columns(array(texts)))
    whole = rows(Deduper(SHORT.model_copy(update={"annotate": True})).columns(array(texts)))
    assert [row["edits"] for row in whole] == [row["edits"] for row in cut]
    assert [row["contained"] for row in whole] == [row["contained"] for row in cut]
    assert [row["text"] for row in whole] == texts
    assert all(row["keep"] and row["reason"] is None for row in whole)
    for text, row in zip(texts, cut, strict=True):
        edits = [Edit(one["start"], one["end"], one["replacement"], one["reason"]) for one in row["edits"]]
        assert row["text"] == (apply(text, edits) if row["keep"] else None)
    assert any(row["edits"] for row in cut)


def test_a_giant_text_and_a_giant_number_of_paragraphs() -> None:
    long = " ".join(f"w{number}" for number in range(300_000))
    many = "\n" * 1_000_000
    lines = "one and the same line\n" * 100_000
    for mode in (*PREFIXES, "substring"):
        chosen = BloomSettings(mode=mode, min_ngram=3, max_ngram=5, expected_ngrams=2_000_000)
        found = rows(Deduper(chosen).columns(array([long, many, lines, long])))
        assert [row["keep"] for row in [*found[:2], found[3]]] == [True, False, False]
        if mode in ("old-both", "paragraph"):
            assert len(found[2]["edits"]) == {"old-both": 1, "paragraph": 99_999}[mode]
        assert found[3]["contained"] == found[3]["ngrams"] == (1 if mode == "exact" else 299_996)


# --- saved filters


def batches_of(texts: list[str], size: int) -> list[list[str]]:
    return [texts[start : start + size] for start in range(0, len(texts), size)]


@pytest.mark.parametrize("mode", [*PREFIXES, "substring"])
@pytest.mark.parametrize("expected_ngrams", [3_000, 1_000_000, 3_000_000])  # the log overflows; one part; several
def test_batch_after_batch_is_as_one_go(mode: str, expected_ngrams: int) -> None:
    chosen = SHORT.model_copy(update={"mode": mode, "expected_ngrams": expected_ngrams})
    texts = corpus(200, seed=3)
    one_go = Deduper(chosen)
    expected = rows(one_go.columns(array(texts)))
    saved: list[tuple[int, bytes]] = []
    found: list[dict[str, Any]] = []
    inserted = 0
    for batch in batches_of(texts, 55):
        deduper = Deduper(chosen)
        for part, bits in random.Random(1).sample(saved, len(saved)):
            deduper.load(part, bits)
        for half in batches_of(batch, 30):
            found += rows(deduper.columns(array(half)))
        new = list(deduper.new_bits())
        assert len({part for part, _ in new}) == len(new)
        saved += new
        inserted += deduper.inserted
    assert found == expected
    assert inserted == one_go.inserted
    assert union(saved) == union(list(one_go.new_bits()))


def union(parts: list[tuple[int, bytes]]) -> dict[int, int]:
    together: dict[int, int] = {}
    for part, bits in parts:
        together[part] = together.get(part, 0) | int.from_bytes(zstandard.decompress(bits), "little")
    return together


def test_a_batch_saves_its_own_bits_only() -> None:
    chosen = SHORT.model_copy(update={"expected_ngrams": 10_000_000})
    first, second = Deduper(chosen), Deduper(chosen)
    first.columns(array(corpus(500)))
    saved = list(first.new_bits())
    assert [part for part, _ in saved] == list(range(-(-first.size.bytes // PART_BYTES)))
    assert all(len(zstandard.decompress(bits)) == PART_BYTES for _, bits in saved[:-1])
    for part, bits in saved:
        second.load(part, bits)
    assert list(second.new_bits()) == []
    second.columns(array(["five words and one more"]))
    assert second.inserted == 1
    ((part, bits),) = second.new_bits()
    new = zstandard.decompress(bits)
    assert int.from_bytes(new, "little").bit_count() <= second.size.hashes
    assert len(new) == len(zstandard.decompress(dict(saved)[part]))
    assert len(bits) < 200, "a part with a few bits costs as much as a full one"


def test_the_number_of_inserted_ngrams_is_that_of_different_ones() -> None:
    deduper = Deduper(SHORT.model_copy(update={"false_positive_rate": 1e-9}))
    text = "a b c d e f\n" * 5
    deduper.columns(array([text, text, "a b c d e f a b c d e f"]))
    assert deduper.inserted == 2 + 4  # abcde bcdef; cdefa defab efabc fabcd
    deduper.prime(array([text]))
    assert deduper.inserted == 2 + 4


def test_what_is_no_part_of_the_filter_is_refused() -> None:
    deduper = Deduper(SHORT)
    (part, bits), *_ = _saved(SHORT)
    deduper.load(part, bits)
    with pytest.raises(ValueError, match=r"found 3 bytes for part 0 .* saved by other settings"):
        deduper.load(0, zstandard.compress(b"abc"))
    for damaged in (b"abc", b"", bits[:-1], zstandard.ZstdCompressor(write_content_size=False).compress(bits)):
        with pytest.raises(ValueError, match=r"found damaged bytes for part 0 .*, expected 62,016;"):
            deduper.load(0, damaged)
    for number in (-1, 1, 2**40):
        with pytest.raises(ValueError, match=f"for part {number} "):
            deduper.load(number, bits)
    deduper.columns(array(["five words and one more"]))
    with pytest.raises(ValueError, match="load them before any text"):
        deduper.load(part, bits)


def _saved(chosen: BloomSettings) -> list[tuple[int, bytes]]:
    deduper = Deduper(chosen)
    deduper.columns(array(corpus(20)))
    return list(deduper.new_bits())


def test_saved_bits_are_those_of_earlier_versions() -> None:
    """A filter of one block: the very bytes, which must stay."""
    deduper = Deduper(BloomSettings(min_ngram=1, expected_ngrams=20))
    deduper.columns(array(["The quick brown fox", "jumps over the lazy dog."]))
    assert [(part, zstandard.decompress(bits).hex()) for part, bits in deduper.new_bits()] == [(0, SAVED)]


SAVED = (
    "0000081000000000000020000042100000000020000000040000000000100000"
    "0000000000000000000200000004000000000000000000000004000000000000"
)


def test_priming_finds_other_texts_and_only_them() -> None:
    deduper = Deduper(SHORT.model_copy(update={"update": False}))
    known = "a question of a benchmark that must not be learnt"
    deduper.prime(array([known, ""]))
    text = f"Some text of a page\n{known}\nand more of it here"
    again = rows(deduper.columns(array([text, text, "Some text of a page"])))
    assert [row["text"] for row in again] == ["Some text of a page\nand more of it here"] * 2 + ["Some text of a page"]
    assert deduper.inserted == 6


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * 4096


def test_a_filter_far_too_large_costs_only_what_is_touched() -> None:
    before = resident_bytes()
    deduper = Deduper(BloomSettings(expected_ngrams=3_000_000_000, memory_bytes=1 << 36))
    deduper.columns(array(corpus(10)))
    assert deduper.size.bytes > 3 * 2**30
    assert resident_bytes() - before < 2**30


def test_a_filter_beyond_the_memory_is_refused() -> None:
    with pytest.raises(ValueError, match="raise shards to 12 or"):
        Deduper(BloomSettings(expected_ngrams=10**10))


# --- the global order


@pytest.mark.parametrize("mode", PREFIXES)
def test_the_global_order_is_that_of_its_definition(mode: str) -> None:
    chosen = SHORT.model_copy(update={"mode": mode})
    texts = [*corpus(60), *(text[:800] for _, text in real_texts(10)), "", " \n", *corpus(20, seed=9)]
    found = bloom_global.ngram_rows(array(texts), chosen)
    assert [column.type for column in found.values()] == [pa.int64(), pa.int32(), pa.int64()]
    triples = list(zip(*(found[name].to_pylist() for name in ("row", "window", "ngram")), strict=True))
    expected = [
        (row, window, int(np.uint64(ngram).astype(np.int64)))
        for row, text in enumerate(texts)
        for window, (ngrams, _) in enumerate(windows(text, chosen, ngram_hash))
        for ngram in ngrams
    ]
    assert sorted(triples) == sorted(expected)
    assert [row for row, _, _ in triples] == sorted(row for row, _, _ in triples)
    firsts: set[int] = set()
    contained: list[dict[int, int]] = [{} for _ in texts]
    for row, window, ngram in triples:
        if ngram in firsts:
            contained[row][window] = contained[row].get(window, 0) + 1
        firsts.add(ngram)
    lists = [[{"window": w, "contained": c} for w, c in one.items()] or None for one in contained]
    answers = rows(bloom_global.columns(array(texts), pa.array(lists, bloom_global.CONTAINED), chosen))
    verdicts = deduplicated_globally(texts, chosen)
    for text, row, verdict in zip(texts, answers, verdicts, strict=True):
        assert [tuple(one.values()) for one in row["edits"]] == [tuple(one) for one in verdict.edits]
        assert (row["contained"], row["ngrams"], row["reason"]) == verdict[1:]
        assert row["text"] == (None if verdict.reason else apply(text, verdict.edits))
    assert {verdict.reason is None for verdict in verdicts} == {True, False}


def test_substrings_have_no_global_order() -> None:
    with pytest.raises(ValueError, match="a passage is more than counts"):
        bloom_global.ngram_rows(array([]), SHORT.model_copy(update={"mode": "substring"}))
