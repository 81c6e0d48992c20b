"""Strict execution; numbers of quirks are those of ../shared/reference/prox.md §2. T has six lines of five words."""

import random
import re
import time
from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.test_operations import PLAIN
from udfs.programs import matching
from udfs.programs.effects import ExecutionSettings, Part
from udfs.programs.execution import DropReason, Execution, Report, execute
from udfs.programs.lengths import words
from udfs.programs.matching import matches
from udfs.programs.operations import (
    CallReason,
    DropDocument,
    KeepChunk,
    KeepDocument,
    Normalize,
    Operation,
    Rejected,
    RemoveLines,
)
from udfs.programs.parsing import parse
from udfs.text.edits import Edit, apply

T = "\n".join(f"L{i} a b c d" for i in range(6))
PAGE = "\n".join(f"Line {i} has six words here" for i in range(20))
SETTINGS = ExecutionSettings()
FREE = ExecutionSettings(
    min_words=0, min_kept_ratio=0, min_source_chars=1, max_occurrences=10**9, max_matched_ratio=1, max_errors=10**9
)


def lines(*numbers: int) -> str:
    return "\n".join(f"L{i} a b c d" for i in numbers)


def on_chunk(
    program: str, text: str = T, settings: ExecutionSettings = FREE, first: int = 0, last: int = 99
) -> Execution:
    return execute(text, [Part(parse(program), "chunk", first, last)], settings)


def on_document(program: str, text: str = T, settings: ExecutionSettings = SETTINGS) -> Execution:
    return execute(text, [Part(parse(program))], settings)


def rejected(*reasons: CallReason) -> dict[str, int]:
    return {str(reason): reasons.count(reason) for reason in reasons}


# --- the golden vectors of prox.md §1.7, as strict execution has them


@pytest.mark.parametrize(
    ("program", "left"),
    [
        ("remove_lines(start=0, end=1)", lines(2, 3, 4, 5)),
        ("remove_lines(line_start=1, line_end=1)", lines(0, 2, 3, 4, 5)),
        ("remove_lines(0, 1)", lines(2, 3, 4, 5)),
        ("remove_lines(3)", T),
        ("remove_lines(start=3)", T),
        ("remove_lines(start=4, end=9)", lines(0, 1, 2, 3)),
        ("remove_lines(start=9, end=9)", T),
        ("remove_lines(start=5, end=2)", T),
        ("remove_lines(end=1, start=0)", lines(2, 3, 4, 5)),
        ("remove_lines(start=0, end=12", T),
        ("remove_lines(start=0, end=0)\nremove_lines(start=2, end", lines(1, 2, 3, 4, 5)),
        ("remove_lines(all=True)", ""),
        ("remove_lines(0, 0)\nremove_lines(1)\nremove_lines(2)", lines(1, 2, 3, 4, 5)),
        ("\tremove_lines(start=0, end=1)", lines(2, 3, 4, 5)),
        ('normalize(source_str="a b", target_str="Z")', T.replace("a b", "Z")),
        ('normalize(source_str="a b")', T.replace("a b", "")),
        ('normalize(source_str="a, b", target_str="")', T),
        ('normalize(source_str="L0 a", target_str="x=y")', T.replace("L0 a", "x=y")),
        ('normalize(source_str=" ", target_str="")', T),
        ('normalize(source_str=" ")', T),
        ("untouch_doc()", T),
        ("keep_chunk()", T),
        ("drop_doc()", T),
        ("", T),
        ('normalize("b c", "Q")', T.replace("b c", "Q")),
    ],
)
def test_golden_vectors(program: str, left: str) -> None:
    result = on_chunk(program)
    assert result.text == left
    assert apply(T, result.edits) == left


def test_a_page_of_which_little_is_left_goes_with_a_reason() -> None:
    text = "\n".join("one two three four five six seven eight nine ten" for _ in range(100))
    assert on_chunk("remove_lines(0, 93)", text, SETTINGS).keep
    result = on_chunk("remove_lines(0, 94)", text, SETTINGS)
    assert (result.keep, result.reason, result.text.count("\n")) == (False, DropReason.LITTLE_LEFT, 4)
    with_errors = on_chunk("remove_lines(0, 94)\nremove_lines(1)\nremove_lines(2)", text, SETTINGS)
    assert (with_errors.keep, with_errors.text) == (True, text)


# --- quirks


def test_the_document_goes_where_its_own_program_says_so() -> None:
    """Quirk 1."""
    assert on_document("drop_doc()")[:4] == (False, DropReason.DROP_DOCUMENT, T, ())
    assert on_document("keep_doc() # do not drop").keep
    assert on_document("The document is fine.").keep
    undecided = on_document("The document is fine.", settings=ExecutionSettings(keep_undecided=False))
    assert undecided.reason is DropReason.NO_DECISION
    both = on_document("keep_doc()\ndrop_doc()\nkeep_doc()")
    assert (both.keep, both.report.rejected) == (True, rejected(CallReason.CONTRADICTED, CallReason.REPEATED))


def test_a_string_with_what_separates_arguments_is_replaced() -> None:
    """Quirk 2."""
    text = T + "\nsee http://a.example/c?x=1&y=2 (or not), please"
    assert on_chunk('normalize("http://a.example/c?x=1&y=2 (or not), ")', text).text == T + "\nsee please"


def test_a_cut_url_may_go_on_to_the_next_white_space() -> None:
    """Quirk 3: models write addresses that end at a `=` where the page goes on."""
    text = T + "\nsee http://a.example/w?v=tF_1 and\nhttp://a.example/w?v=tF_2"
    program = 'normalize("http://a.example/w?v")'
    assert on_chunk(program, text).text == T + "\nsee =tF_1 and\n=tF_2"
    extended = FREE.model_copy(update={"extend_urls": True})
    assert on_chunk(program, text, extended).text == T + "\nsee  and\n"
    assert on_chunk(program, text, extended, 0, 6).text == T + "\nsee  and\nhttp://a.example/w?v=tF_2"
    assert on_chunk('normalize("see h")', text, extended).text == text.replace("see h", "")


def test_escaped_strings_match() -> None:
    """Quirk 4."""
    text = T + "\n'It's \"quoted\"' \té"
    assert on_chunk(r"""normalize(' \'It\'s \"quoted\"\' \t\u00e9')""", text.replace("\n'", "\n '")).text == T + "\n"


def test_arguments_are_bound_by_name() -> None:
    """Quirk 5."""
    assert on_chunk("remove_lines(end=1, start=0)").text == on_chunk("remove_lines(0, 1)").text == lines(2, 3, 4, 5)


def test_unknown_calls_are_counted_and_do_nothing() -> None:
    """Quirk 6."""
    result = on_chunk("remove_lines_foo(start=0, end=1)\n  remove_lines(5, 5)")
    assert (result.text, result.report.rejected) == (lines(0, 1, 2, 3, 4), rejected(CallReason.UNKNOWN_CALL))


def test_a_truncated_call_is_counted_and_does_nothing() -> None:
    """Quirk 7: the good calls of the program count, whatever the number of errors."""
    result = on_chunk("remove_lines(0, 0)\nremove_lines(1)\nremove_lines(start=0, end=12", settings=SETTINGS)
    assert result.text == lines(1, 2, 3, 4, 5)
    assert result.report.rejected == rejected(CallReason.BAD_ARGUMENTS, CallReason.TRUNCATED)


def test_repeated_calls_are_counted_once() -> None:
    """Quirk 8: a loop is no error."""
    result = on_chunk("remove_lines(start=1, end=1)\n" * 20 + "remove_lines(start=1, e", settings=SETTINGS)
    assert result.text == lines(0, 2, 3, 4, 5)
    assert result.report.operations == {"remove_lines": 1}
    assert result.report.rejected == {CallReason.REPEATED: 19, CallReason.TRUNCATED: 1}
    for bad in ("remove_lines(9, 9)\n", "remove_lines(9)\n"):
        looping = on_chunk("remove_lines(0, 0)\n" + bad * 20, settings=SETTINGS)
        assert (looping.text, looping.report.errors) == (lines(1, 2, 3, 4, 5), 1)


def test_errors_void_the_program_of_their_chunk_only() -> None:
    """Quirk 9: there, two errors anywhere in the document void all chunks."""
    bad = Part(parse("remove_lines(0, 0)\nremove_lines(1)\nremove_all(1)"), "chunk", 0, 2)
    good = Part(parse("remove_lines(3, 3)"), "chunk", 3, 5)
    result = execute(T, [bad, good], SETTINGS)
    assert result.text == lines(0, 1, 2, 4, 5)
    assert result.report == Report(
        {"remove_lines": 1},
        {CallReason.BAD_ARGUMENTS: 2, CallReason.OVER_BUDGET: 1},
        voided=1,
        words_removed=5,
        chars_removed=11,
        words=30,
    )
    assert result.report.errors == 2
    one_more = SETTINGS.model_copy(update={"max_errors": 2})
    assert execute(T, [bad, good], one_more).text == lines(1, 2, 4, 5)


@pytest.mark.parametrize(
    ("call", "reason"),
    [
        ('normalize("e")', CallReason.SHORT_SOURCE),
        ('normalize(" . ")', CallReason.SHORT_SOURCE),
        ('normalize("   \\n  ")', CallReason.SHORT_SOURCE),
        ('normalize("")', CallReason.SHORT_SOURCE),
        ('normalize("words")', CallReason.COMMON_SOURCE),
        ('normalize("Line 1 has six words")', None),
    ],
)
def test_replacements_are_guarded(call: str, reason: CallReason | None) -> None:
    """Quirk 10: there, `"e"` goes from the whole document."""
    result = on_chunk(call, PAGE, SETTINGS)
    assert (result.text == PAGE) is (reason is not None)
    assert result.report.rejected == (rejected(reason) if reason else {})


def test_a_string_may_make_up_so_much_of_its_chunk() -> None:
    """Quirk 10."""
    text = "The chunk has this line, and one more.\nmore"
    call = 'normalize("The chunk has this line")'  # 24 of 43 characters
    assert on_chunk(call, text, SETTINGS).report.rejected == rejected(CallReason.COMMON_SOURCE)
    assert on_chunk(call, text, FREE.model_copy(update={"max_matched_ratio": 24 / 43})).text == ", and one more.\nmore"


def test_a_string_is_replaced_in_its_own_chunk_only() -> None:
    """Quirk 10: there, a replacement is made in the whole document."""
    assert on_chunk('normalize("a b", "Z")', T, FREE, 2, 3).text.count("Z") == 2
    across = on_chunk('normalize("d\\nL3 a", "Z")', T, FREE, 2, 3)
    assert across.text == T.replace("d\nL3 a", "Z")
    assert on_chunk('normalize("d\\nL3 a", "Z")', T, FREE, 3, 4).text == T
    assert on_chunk('normalize("d\\n", "Z")', T, FREE, 3, 3).text == T


def test_a_missing_string_is_counted_and_no_error() -> None:
    """Quirk 11: there, nothing is counted."""
    result = on_chunk('remove_lines(0, 0)\nnormalize("nowhere")', T, SETTINGS)
    assert (result.text, result.report.errors) == (lines(1, 2, 3, 4, 5), 0)
    assert (result.report.operations, result.report.rejected) == (
        {"remove_lines": 1},
        rejected(CallReason.MISSING_TARGET),
    )


def test_a_huge_range_costs_nothing() -> None:
    """Quirk 12: there, the line numbers are materialised."""
    begin = time.perf_counter()
    for _ in range(100):
        result = on_chunk("remove_lines(start=4, end=1000000000000)")
    assert time.perf_counter() - begin < 0.1  # a millisecond each
    assert (result.text, result.report.clipped) == (lines(0, 1, 2, 3), 1)


@pytest.mark.parametrize("call", ["remove_lines(5, 2)", "remove_lines(-3, 1)", "remove_lines(-3, -1)"])
def test_ranges_that_are_none_are_rejected(call: str) -> None:
    """Quirk 13."""
    result = on_chunk(call)
    assert (result.text, result.report.rejected) == (T, rejected(CallReason.BAD_RANGE))


@pytest.mark.parametrize(
    ("call", "left", "report"),
    [
        ("remove_lines(0, 1)", T, Report({}, {CallReason.LINE_OUT_OF_RANGE: 1})),
        ("remove_lines(4, 4)", T, Report({}, {CallReason.LINE_OUT_OF_RANGE: 1})),
        ("remove_lines(1, 2)", lines(0, 1, 3, 4, 5), Report({"remove_lines": 1}, {}, 1, 0, 5, 11)),
        ("remove_lines(3, 9)", lines(0, 1, 2, 4, 5), Report({"remove_lines": 1}, {}, 1, 0, 5, 11)),
        ("remove_all()", lines(0, 1, 4, 5), Report({"remove_all": 1}, {}, 0, 0, 10, 22)),
        ("drop_doc()", T, Report({}, {CallReason.WRONG_LEVEL: 1})),
    ],
)
def test_a_program_reaches_only_its_own_chunk(call: str, left: str, report: Report) -> None:
    """Quirk 14: the chunk is lines 2 and 3."""
    result = on_chunk(call, T, SETTINGS, 2, 3)
    assert (result.text, result.report) == (left, report._replace(words=30))


MESSY = st.text(st.sampled_from("ab \n\r\x0b\u2028水车é"), max_size=60)
REPLACE = 'normalize("ab", "a b")'


@given(MESSY, st.lists(st.sampled_from(["remove_lines(0, 0)", "remove_lines(1, 2)", "remove_lines(3, 9)", REPLACE])))
def test_words_are_those_of_the_texts_before_and_after(text: str, calls: list[str]) -> None:
    found = execute(text, [Part(parse("\n".join(calls)))], FREE)
    assert (found.report.words, found.report.words_removed) == (words(text), words(text) - words(found.text))


CHINESE = "首页 登录 注册\n水车在河边慢慢地转，磨坊里的面粉很白很细。\n村里的人每天早上都来买面包，然后回家吃早饭。"


def test_a_page_without_spaces_between_words_survives() -> None:
    """Quirk 15: there, a page of ten words between spaces or fewer goes."""
    assert len(CHINESE.split()) < 10 < words(CHINESE) == 49
    result = on_chunk("remove_lines(0, 0)", CHINESE, SETTINGS)
    assert (result.keep, result.text, result.report.words_removed) == (True, CHINESE.partition("\n")[2], 6)
    assert on_chunk('normalize("面包")', CHINESE, SETTINGS).text == CHINESE.replace("面包", "")
    assert on_chunk('normalize("，")', CHINESE, SETTINGS).report.rejected == rejected(CallReason.SHORT_SOURCE)
    thai = "หน้าแรก\nกังหันน้ำหมุนช้าๆ ริมแม่น้ำ"
    assert on_chunk("remove_lines(0, 0)", thai, SETTINGS).keep


def test_a_short_page_goes_only_where_its_program_made_it_short() -> None:
    """Quirk 16: there, ten words are no page even where the program says nothing, or is void."""
    short = "Only four words here.\nAnd three more."
    assert on_chunk("keep_chunk()", short, SETTINGS).keep
    assert on_chunk("remove_lines(0)\nremove_lines(1)\nremove_lines(0, 0)", short, SETTINGS).text == short
    result = on_chunk("remove_lines(1, 1)", short, SETTINGS)
    assert (result.keep, result.reason, result.text) == (False, DropReason.TOO_SHORT, "Only four words here.")


@pytest.mark.parametrize("text", ["", " ", "\n", " \n\t\n"])
@pytest.mark.parametrize("program", ["", "keep_doc()", "remove_lines(0, 0)", "remove_all()", 'normalize("   ")'])
def test_a_text_without_words_is_no_error(text: str, program: str) -> None:
    """Quirk 17: there, it divides by zero."""
    assert on_chunk(program, text, SETTINGS).keep
    assert on_chunk(program, text, SETTINGS).report.words_removed == 0


@pytest.mark.parametrize(
    ("call", "reason", "errors"),
    [
        ("remove_lines(9)", CallReason.BAD_ARGUMENTS, 1),
        ("remove_line(9, 9)", CallReason.UNKNOWN_CALL, 1),
        ("drop_doc()", CallReason.WRONG_LEVEL, 1),
        ('normalize("a b", "Y")', CallReason.CONTRADICTED, 1),
        ("remove_lines(3, 2)", CallReason.BAD_RANGE, 1),
        ("remove_lines(9, 9)", CallReason.LINE_OUT_OF_RANGE, 1),
        ("It is fine.", CallReason.NOT_A_CALL, 0),
        ('normalize("a b", "X")', CallReason.REPEATED, 0),
        ('normalize("q q")', CallReason.MISSING_TARGET, 0),
        ('normalize("q")', CallReason.SHORT_SOURCE, 0),
        ("remove_lines(9", CallReason.TRUNCATED, 0),
    ],
)
def test_what_speaks_against_the_rest_of_a_program(call: str, reason: CallReason, errors: int) -> None:
    strict = SETTINGS.model_copy(update={"max_errors": 0})
    result = on_chunk(f'normalize("a b", "X")\n{call}', T, strict)
    assert (result.text == T) is bool(errors)
    assert (result.report.errors, result.report.voided) == (errors, errors)
    assert result.report.rejected == rejected(reason, *[CallReason.OVER_BUDGET] * errors)


def test_a_chunk_behind_the_text_has_no_lines() -> None:
    result = on_chunk('remove_all()\nnormalize("a b")', T, SETTINGS, 9, 12)
    assert (result.text, result.report.rejected) == (
        T,
        rejected(CallReason.LINE_OUT_OF_RANGE, CallReason.MISSING_TARGET),
    )


# --- several programs, and operations that meet


def test_lines_that_go_take_replacements_with_them() -> None:
    result = on_chunk('remove_lines(1, 1)\nnormalize("a b", "Z")\nnormalize("d\\nL1", "Q")')
    assert result.text == lines(0, 2, 3, 4, 5).replace("a b", "Z")
    assert [edit.reason for edit in result.edits] == ["normalize", "remove_lines", *["normalize"] * 4]


def test_ranges_may_overlap_and_contain_each_other() -> None:
    result = on_chunk("remove_lines(0, 3)\nremove_lines(1, 2)\nremove_lines(3, 4)\nremove_lines(5, 5)")
    assert (result.text, result.edits) == ("", (Edit(0, len(T), "", "remove_lines"),))
    apart = on_chunk('remove_lines(5, 5)\nnormalize("L0 a", "M")\nremove_lines(1, 3)\nremove_lines(2, 2)')
    assert apart.text == "M b c d\n" + lines(4)


def test_the_leftmost_and_then_the_longest_string_is_replaced_once() -> None:
    result = on_chunk('normalize("b c", "X")\nnormalize("a b c", "Y")\nnormalize("Y", "Z")\nnormalize("c d", "W")')
    assert result.text == T.replace("a b c", "Y")
    assert result.report.rejected == {CallReason.MISSING_TARGET: 3}


def test_the_same_string_cannot_become_two_things() -> None:
    result = on_chunk('normalize("a b", "X")\nnormalize("a b", "Y")')
    assert (result.text, result.report.rejected) == (T.replace("a b", "X"), rejected(CallReason.CONTRADICTED))


def test_programs_of_document_and_chunks_are_executed_together() -> None:
    parts = [
        Part((RemoveLines(4, 4),), "chunk", 3, 5),
        Part((KeepDocument(), RemoveLines(3, 4))),
        Part((Normalize("L0 a", "M"), RemoveLines(2, 2)), "chunk", 0, 2),
    ]
    result = execute(T, parts, FREE)
    assert result.text == "M b c d\n" + lines(1, 5)
    assert result.edits == (Edit(0, 4, "M", "normalize"), Edit(22, 55, "", "remove_lines"))


def test_of_two_replacements_that_overlap_the_first_one_is_made() -> None:
    parts = [Part((Normalize("b c", "Y"),)), Part((Normalize("a b", "X"),), "chunk", 1, 2)]
    result = execute(T, parts, FREE)
    assert result.text == "\n".join(f"L{i} X c d" if i in {1, 2} else f"L{i} a Y d" for i in range(6))


# --- properties

TEXTS = st.text("ab \n中é", max_size=40)
SOURCES = st.text("ab \n中", max_size=3)
CALLS: st.SearchStrategy[Operation | Rejected] = st.one_of(
    PLAIN.filter(lambda call: call != DropDocument()),
    st.builds(RemoveLines, st.integers(-1, 8), st.integers(-1, 12)),
    st.builds(Normalize, SOURCES, st.text("xyz", max_size=2)),
    st.builds(Rejected, st.sampled_from(CallReason), st.just("?")),
)
PARTS = st.lists(
    st.builds(Part, st.lists(CALLS, max_size=6).map(tuple), st.just("chunk"), st.integers(0, 6), st.integers(0, 9)),
    max_size=3,
)


@given(TEXTS, PARTS)
def test_the_text_is_the_received_one_with_its_edits(text: str, parts: Sequence[Part]) -> None:
    """And no character appears that is neither in the text nor in a program; each call is counted once."""
    for settings in (SETTINGS, FREE):
        result = execute(text, parts, settings)
        assert result.text == apply(text, result.edits)
        said = [call.target for part in parts for call in part.program if isinstance(call, Normalize)]
        assert set(result.text) <= set(text).union(*said)
        counted = sum(result.report.operations.values()) + sum(result.report.rejected.values())
        assert counted == sum(len(part.program) for part in parts)
        assert result.report.chars_removed == len(text) - len(result.text)
        assert result.report.words_removed == words(text) - words(result.text)


@given(st.lists(st.sampled_from(["", "a", "b b", "\r"]), max_size=9), st.data())
def test_removed_lines_are_those_that_are_not_kept(page: list[str], data: st.DataObject) -> None:
    text = "\n".join(page)
    ranges = data.draw(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=4))
    program = tuple(RemoveLines(first, last) for first, last in ranges)
    gone = {number for first, last in ranges for number in range(first, last + 1)}
    kept = [line for number, line in enumerate(text.split("\n")) if number not in gone]
    assert execute(text, [Part(program)], FREE).text == "\n".join(kept)


def test_matches_are_those_of_an_alternation_longest_first() -> None:
    """Both ways of looking for them, against the regular expression."""
    chance = random.Random(5)
    for _ in range(2_000):
        text = "".join(chance.choices("ab😀", k=chance.randrange(60)))
        strings = ["".join(chance.choices("ab😀", k=chance.randint(1, 5))) for _ in range(chance.randint(1, 20))]
        strings = list(dict.fromkeys(strings))
        start, end = sorted((chance.randint(0, len(text)), chance.randint(0, len(text))))
        pattern = re.compile("|".join(re.escape(string) for string in sorted(strings, key=len, reverse=True)))
        found = [(match.start(), match.end(), strings.index(match[0])) for match in pattern.finditer(text, start, end)]
        assert matches(text, start, end, strings) == found
        assert matching._one_by_one(text, start, end, strings) == found
        assert matching._at_once(text, start, end, strings) == found


@given(TEXTS)
def test_a_program_without_operations_leaves_the_text_as_it_is(text: str) -> None:
    for program in ((), (KeepChunk(),), (KeepDocument(),), (Rejected(CallReason.NOT_A_CALL, "x"),)):
        assert execute(text, [Part(program)], SETTINGS)[:4] == (True, None, text, ())


@given(st.text(max_size=30), st.text(max_size=60))
def test_no_text_and_no_program_raises(text: str, program: str) -> None:
    execute(text, [Part(parse(program)), Part(parse(program), "chunk", 1, 2)], SETTINGS)


# --- time


def of_size(chars: int, calls: int) -> tuple[str, Part]:
    """A page and a program of so many calls, half of them replacements."""
    chance = random.Random(3)
    text = "\n".join("".join(chance.choices("abcdefgh ", k=99)) for _ in range(chars // 100))
    program: list[Operation] = []
    for _ in range(calls // 2):
        place, line = chance.randrange(chars - 99), chance.randrange(chars // 100)
        program += [Normalize(text[place : place + 20], "x"), RemoveLines(line, line + chance.randrange(2))]
    return text, Part(tuple(program))


def seconds(text: str, part: Part, settings: ExecutionSettings = FREE) -> float:
    """The best of three."""
    best = 1e9
    for _ in range(3):
        begin = time.process_time()
        execute(text, [part], settings)
        best = min(best, time.process_time() - begin)
    return best


def test_time_is_linear_in_text_and_program() -> None:
    """Eight times as much takes less than 24 times as long (64 would be quadratic)."""
    assert seconds(*of_size(1_600_000, 16_000)) < 24 * seconds(*of_size(200_000, 2_000))


@pytest.mark.parametrize("strings", [["a" * length for length in range(1, 300)], ["a" * 299 + "b", "a" * 300 + "c"]])
def test_time_is_linear_where_every_string_nearly_matches_everywhere(strings: list[str]) -> None:
    program = tuple(Normalize(string, "x") for string in strings)
    small, large = (seconds("a" * size, Part(program)) for size in (40_000, 320_000))
    assert large < max(24 * small, 0.05)


def test_time_is_linear_where_every_string_is_in_one_long_address() -> None:
    extending = FREE.model_copy(update={"extend_urls": True})

    def took(count: int) -> float:
        part = Part(tuple(Normalize(f"{number:06}://") for number in range(count)))
        text = "".join(f"{number:06}://" for number in range(count))
        assert execute(text, [part], extending).edits == (Edit(0, len(text), "", "normalize"),)
        return seconds(text, part, extending)

    assert took(16_000) < max(24 * took(2_000), 0.05)


@pytest.mark.slow
def test_a_page_of_ten_million_characters_with_a_hundred_thousand_operations() -> None:
    """In seconds; and eight times as much takes less than 48 times as long (64 would be quadratic). Tables of this size
    leave the caches one after the other, so that it is never eight times: measured on a busy machine, 27."""
    text, part = of_size(10_000_000, 100_000)
    result = execute(text, [part], FREE)
    assert sum(result.report.operations.values()) > 85_000
    took = seconds(text, part)
    assert took < 60
    assert took < 48 * seconds(*of_size(1_250_000, 12_500))


def test_no_overlap_is_left_to_chance() -> None:
    result = on_chunk("remove_lines(5, 5)\nremove_lines(4, 4)\nremove_lines(0, 2)\nremove_lines(2, 2)")
    assert result.edits == (Edit(0, 33, "", "remove_lines"), Edit(43, 65, "", "remove_lines"))
    assert all(before.end <= after.start for before, after in pairwise(result.edits))
