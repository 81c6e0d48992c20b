"""Bloom dedup by mode: the vectors of DCLM's algorithm, and the compiled modes against their definition."""

import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.dedup.bloom import BlockedFilter, BloomSettings
from udfs.dedup.bloom_modes import BloomReason, Verdict, deduplicated, primed
from udfs.dedup.deduper import Deduper
from udfs.dedup.passages import joined, merged
from udfs.text.edits import Edit, apply

MODES = ("old-both", "both", "paragraph", "document", "substring", "exact")
Answers = list[tuple[str, int, int, str | None]]  # text after the edits, contained, n-grams, reason
Run = Callable[..., Answers]


def by_definition(texts: list[str], **changes: Any) -> Answers:
    """With an exact set of the n-grams themselves."""
    seen: set[Any] = set()
    verdicts = [deduplicated(text, BloomSettings(**changes), seen, tuple) for text in texts]
    return [(apply(text, v.edits), v.contained, v.ngrams, v.reason) for text, v in zip(texts, verdicts, strict=True)]


def compiled(texts: list[str], **changes: Any) -> Answers:
    """With a filter in which a false positive has a chance of 10^-12."""
    chosen = BloomSettings(false_positive_rate=1e-12, expected_ngrams=2_000, **changes)
    found = Deduper(chosen).columns(pa.array(texts, pa.large_string())).values()
    rows = list(zip(*(column.to_pylist() for column in found), strict=True))
    after = [apply(t, [edit_of(one) for one in row[4]]) for t, row in zip(texts, rows, strict=True)]
    return [(text, row[2], row[3], row[1]) for text, row in zip(after, rows, strict=True)]


def edit_of(found: dict[str, Any]) -> Edit:
    return Edit(found["start"], found["end"], found["replacement"], found["reason"])


both_forms = pytest.mark.parametrize("run", [by_definition, compiled])


def words(first: int, many: int) -> str:
    """So many words that occur nowhere else."""
    return " ".join(f"w{number}" for number in range(first, first + many))


# --- the vectors of the published algorithm, with 13, 13, 0.8


@both_forms
def test_the_same_document_again_is_dropped(run: Run) -> None:
    text = words(0, 22)
    assert run([text, text]) == [(text, 0, 10, None), ("", 10, 10, "seen_document")]


@both_forms
def test_a_document_at_the_threshold_is_kept(run: Run) -> None:
    first = words(0, 22)
    second = f"{words(0, 20)} {words(100, 2)}"  # 8 of its 10 n-grams
    assert run([first, second])[1] == (second, 8, 10, None)
    nine = f"{words(0, 21)} {words(100, 1)}"
    assert run([first, nine])[1] == ("", 9, 10, "seen_document")


@both_forms
def test_a_seen_paragraph_goes_and_the_newline_of_the_next_stays(run: Run) -> None:
    seen, new = words(0, 22), words(100, 29)
    assert run([seen, f"{seen}\n{new}"])[1] == (f"\n{new}", 10, 27, None)
    assert run([seen, f"{seen}\n{words(100, 30)}"])[1][1:3] == (10, 28)
    assert run([seen, f"{new}\n{seen}"])[1] == (new, 10, 27, None), "with its own newline"


@both_forms
def test_paragraphs_below_the_shortest_ngram_stay(run: Run) -> None:
    text = "\n".join([words(0, 12)] * 5)
    assert run([text, text]) == [(text, 0, 0, None)] * 2


@both_forms
def test_a_documents_own_repeat_goes(run: Run) -> None:
    text = words(0, 15)
    assert run([f"{text}\n{text}"]) == [(text, 3, 6, None)]


@both_forms
def test_within_a_paragraph_nothing_is_a_repeat(run: Run) -> None:
    """Its n-grams are all looked up before any is inserted."""
    text = f"{words(0, 15)} {words(0, 15)}"
    assert run([text]) == [(text, 0, 18, None)]


@both_forms
def test_a_short_paragraph_between_the_two_lengths_is_one_ngram(run: Run) -> None:
    short = words(0, 7)
    assert run([short, f"{short}\n{words(9, 4)}"], min_ngram=5)[1] == ("", 1, 1, "seen_document")
    assert run([short, f"{short} more"], min_ngram=5)[1] == (f"{short} more", 0, 1, None), "another n-gram"


@both_forms
def test_what_a_dropped_document_kept_was_inserted(run: Run) -> None:
    """Of the second document one paragraph of 14 tokens is new, 2 n-grams of 22; the third has it too."""
    seen, new = words(0, 32), words(100, 14)
    answers = run([seen, f"{seen}\n{new}", f"{new}\n{words(200, 30)}"])
    assert answers[1] == ("", 20, 22, "seen_document")
    assert answers[2] == (f"\n{words(200, 30)}", 2, 20, None)


@both_forms
def test_what_was_cut_is_not_inserted(run: Run) -> None:
    """The second document's first paragraph has one new n-gram of 10, and is cut; so that one is new to the third."""
    changed = f"{words(0, 21)} other"
    answers = run([words(0, 22), f"{changed}\n{words(100, 30)}", f"{words(9, 12)} other\n{words(200, 30)}"])
    assert answers[1] == (f"\n{words(100, 30)}", 9, 28, None)
    assert answers[2][1:3] == (0, 19)


@both_forms
def test_punctuation_counts_and_white_space_does_not(run: Run) -> None:
    text = "a, b, c, d, e, f, g"  # 13 tokens
    assert run([text, text.replace(" ", " \t ")])[1][1:] == (1, 1, "seen_document")
    assert run([text, text.replace(",", ";")])[1][1:] == (0, 1, None)
    assert run([text, text.upper()])[1][1:] == (0, 1, None), "case counts"


@both_forms
def test_blank_texts_are_not_kept(run: Run) -> None:
    assert run(["", " \n "]) == [("", 0, 0, "no_text"), (" \n ", 0, 0, "no_text")]


# --- the other modes


@both_forms
def test_paragraph_mode_never_drops_what_it_leaves(run: Run) -> None:
    seen, rest = words(0, 40), words(100, 3)
    assert run([seen, f"{seen}\n{rest}"], mode="paragraph")[1] == (f"\n{rest}", 28, 28, None)
    assert run([seen, seen], mode="paragraph")[1] == ("", 28, 28, "seen_paragraphs")


@both_forms
def test_document_mode_takes_the_text_as_one(run: Run) -> None:
    seen = words(0, 40)
    split = seen.replace(" ", "\n")
    assert run([seen, split], mode="document")[1] == ("", 28, 28, "seen_document")
    assert run([seen, f"{seen}\n{words(100, 40)}"], mode="document")[1][1:] == (28, 68, None)


@both_forms
def test_both_cuts_at_the_threshold_and_above(run: Run) -> None:
    first = words(0, 22)
    at = f"{words(0, 20)} {words(100, 2)}"  # 8 of 10
    assert run([first, at], mode="both")[1] == ("", 8, 10, "seen_document")
    new = words(200, 60)
    assert run([first, f"{at}\n{new}"], mode="both")[1] == (f"\n{new}", 8, 70, None)


@both_forms
def test_both_counts_ngrams_over_paragraphs(run: Run) -> None:
    """26 words in lines of 13: 14 n-grams, of which 12 cross the line's end."""
    text = f"{words(0, 13)}\n{words(13, 13)}"
    other = f"{words(0, 13)}\n{words(100, 13)}"
    answers = run([text, text.replace("\n", " "), other], mode="both")
    assert answers[0] == (text, 0, 14, None)
    assert answers[1] == ("", 14, 14, "seen_document")
    assert answers[2] == (f"\n{words(100, 13)}", 1, 14, None)


@both_forms
def test_both_inserts_nothing_that_touches_a_cut_paragraph(run: Run) -> None:
    first, last = words(100, 30), words(200, 30)
    answers = run([words(0, 13), f"{first}\n{words(0, 13)}\n{last}", f"{first} {words(0, 13)} {last}"], mode="both")
    assert answers[1] == (f"{first}\n{last}", 1, 61, None)
    assert answers[2][1:3] == (18 + 18 + 1, 61), "but for the paragraphs' own"


@both_forms
def test_both_inserts_nothing_of_a_dropped_document(run: Run) -> None:
    first = words(0, 32)
    answers = run([first, f"{first}\n{words(100, 2)}", f"{words(27, 5)} {words(100, 2)} {words(300, 6)}"], mode="both")
    assert answers[1][3] == "seen_document"
    assert answers[2][1:3] == (0, 1)


@both_forms
def test_both_trims_on_the_right_what_has_ngrams(run: Run) -> None:
    seen, new = words(0, 22), words(100, 30)
    assert run([seen, f"{new}\n \n{seen} \u3000\n"], mode="both")[1][0] == new
    assert run([f"{new}\n\n"], mode="both")[0][0] == new
    assert run(["short\n\n"], mode="both")[0][0] == "short\n\n"


@both_forms
def test_substring_cuts_long_passages_only(run: Run) -> None:
    first = words(0, 100)
    inside = f"{words(200, 20)} {words(10, 50)} {words(300, 20)} {words(70, 20)} {words(400, 5)} "
    text, contained, total, reason = run([first, inside], mode="substring")[1]
    assert text == f"{words(200, 20)} {words(300, 20)} {words(70, 20)} {words(400, 5)}"
    assert (contained, total, reason) == (38 + 8, 115 - 12, None)
    shorter = f"{words(200, 20)} {words(10, 49)} {words(300, 20)}"
    assert run([first, shorter], mode="substring")[1][0] == shorter


@both_forms
def test_substring_bridges_small_gaps(run: Run) -> None:
    """30 and 30 tokens of 61 are above 0.8; of 90, not."""
    first = words(0, 100)
    near = f"{words(0, 30)} other {words(40, 30)} end"
    assert run([first, near], mode="substring")[1][0] == "end"
    assert run([first, near], mode="substring", threshold=1.0)[1][0] == near
    far = f"{words(0, 30)} {words(200, 30)} {words(40, 30)} end"
    assert run([first, far], mode="substring")[1][0] == far


@both_forms
def test_substring_inserts_what_it_left(run: Run) -> None:
    first, new = words(0, 60), words(100, 60)
    answers = run([first, f"{first} {new}", f"{new} {words(0, 5)} {words(100, 2)}", new], mode="substring")
    assert answers[1][0] == new
    assert answers[3] == ("", 48, 48, "seen_paragraphs")


@both_forms
def test_exact_takes_the_text_as_it_is(run: Run) -> None:
    answers = run(["One text.", "One text.", "One text. ", "Two"], mode="exact")
    assert answers == [
        ("One text.", 0, 1, None),
        ("", 1, 1, "seen_document"),
        ("One text. ", 0, 1, None),
        ("Two", 0, 1, None),
    ]


@both_forms
def test_without_update_nothing_is_inserted(run: Run) -> None:
    text = words(0, 40)
    for mode in MODES:
        assert run([text, text], mode=mode, update=False)[1][1:2] == (0,)


def test_passages_near_each_other_become_one() -> None:
    assert joined([(3, 5), (0, 2), (2, 3), (7, 9)]) == [(0, 5), (7, 9)]
    assert merged([(0, 9), (10, 20)], 0.95) == [(0, 20)]
    assert merged([(0, 9), (10, 20)], 0.96) == [(0, 9), (10, 20)]
    # From the left 0-10 never reaches 12-14 and 15-115; from the right those two become one, and then reach it.
    assert merged([(0, 4), (20, 30), (31, 131)], 0.8) == [(0, 131)]


# --- compiled = definition


def agreed(texts: list[str], chosen: BloomSettings, prime: list[str], parts: int) -> tuple[list[Verdict], Deduper]:
    """Hold the compiled form, in `parts` arrays, to the definition with the very same filter in plain Python."""
    deduper = Deduper(chosen)
    model = BlockedFilter(deduper.size.blocks, deduper.size.hashes)
    primed(prime, chosen, model)
    deduper.prime(pa.array(prime, pa.large_string()))
    verdicts = [deduplicated(text, chosen, model) for text in texts]
    found: list[dict[str, Any]] = []
    for part in range(parts):
        array = pa.array(_part(texts, part, parts), pa.large_string())
        found += pa.table(deduper.columns(array)).to_pylist()
    for text, verdict, row in zip(texts, verdicts, found, strict=True):
        assert [edit_of(one) for one in row["edits"]] == list(verdict.edits), text
        assert (row["contained"], row["ngrams"], row["reason"]) == (verdict.contained, verdict.ngrams, verdict.reason)
        assert row["keep"] == (verdict.reason is None)
        assert row["text"] == (apply(text, verdict.edits) if row["keep"] else None)
    assert bits_of(deduper) == model.bits
    return verdicts, deduper


def _part(texts: list[str], part: int, parts: int) -> list[str]:
    return texts[part * len(texts) // parts : (part + 1) * len(texts) // parts]


def bits_of(deduper: Deduper) -> set[tuple[int, int]]:
    """The bits that a new filter saves."""
    found = set()
    for part, saved in deduper.new_bits():
        places = np.flatnonzero(np.unpackbits(np.frombuffer(zstandard.decompress(saved), np.uint8), bitorder="little"))
        found |= {(part * 16_384 + place // 512, place % 512) for place in places.tolist()}
    return found


@st.composite
def corpora(draw: st.DrawFn) -> list[str]:
    """Texts that share paragraphs and passages."""
    pool = draw(st.lists(st.one_of(any_text, st.just(words(0, 30))), min_size=1, max_size=4))
    chance = random.Random(draw(st.integers(0, 2**32)))
    texts = []
    for _ in range(draw(st.integers(1, 8))):
        pieces = []
        for piece in chance.choices(pool, k=chance.randint(1, 3)):
            start = chance.choice([0, 0, chance.randint(0, len(piece))])
            pieces.append(piece[start : chance.choice([len(piece), chance.randint(start, len(piece))])])
        texts.append(chance.choice(["\n", "\n", " ", "\n\n "]).join(pieces))
    return texts


choices = st.builds(
    lambda mode, shortest, more, threshold, passage, update, ngrams: BloomSettings(
        mode=mode,
        min_ngram=shortest,
        max_ngram=shortest + more,
        threshold=threshold,
        substring_tokens=passage,
        update=update,
        expected_ngrams=ngrams,
        false_positive_rate=0.1,
    ),
    st.sampled_from(MODES),
    st.integers(1, 4),
    st.integers(0, 3),
    st.sampled_from([0.2, 0.5, 0.75, 0.8, 1.0]),
    st.integers(1, 12),
    st.sampled_from([True, True, True, False]),
    st.sampled_from([1, 300, 5_000]),  # so few that there are false positives, and so many that there are not
)


@given(corpus=corpora(), chosen=choices, prime=st.lists(any_text, max_size=2), parts=st.integers(1, 3))
@settings(max_examples=150, deadline=None)
def test_compiled_modes_are_the_definition(
    corpus: list[str], chosen: BloomSettings, prime: list[str], parts: int
) -> None:
    agreed(corpus, chosen, prime, parts)


def real_with_repeats(seed: str) -> list[str]:
    """Beginnings of real texts, mixtures of their lines, and some once more."""
    texts = [text[:1_500] for _, text in real_texts(20)]
    chance = random.Random(seed)
    lines = [line for text in texts for line in text.split("\n")]
    return [*texts, *("\n".join(chance.choices(lines, k=8)) for _ in range(20)), *chance.choices(texts, k=5)]


@pytest.mark.parametrize("mode", MODES)
def test_compiled_modes_are_the_definition_on_real_texts_with_repeats(mode: str) -> None:
    texts = real_with_repeats(mode)
    shortened = {"min_ngram": 4, "max_ngram": 6, "substring_tokens": 10, "expected_ngrams": 2_000}
    for changes in ({"expected_ngrams": 50_000}, shortened):
        verdicts, _ = agreed(texts, BloomSettings(mode=mode, **changes), [], 2)
        assert {bool(verdict.edits) for verdict in verdicts} == {True, False}


@pytest.mark.parametrize("mode", MODES)
def test_a_filter_that_is_large_enough_says_what_an_exact_set_says(mode: str) -> None:
    texts = real_with_repeats(mode)
    changes: dict[str, Any] = {"mode": mode, "min_ngram": 3, "max_ngram": 5, "substring_tokens": 12}
    assert compiled(texts, **changes) == by_definition(texts, **changes)


def test_the_reasons_are_closed() -> None:
    assert set(BloomReason) == {"seen_document", "seen_paragraphs", "no_text"}
