"""Review of programs: lines as the executor cuts them, verdicts as it gives them, and rows that no page can break."""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.review.lines import Kind, Line, Piece, marked_lines
from jobs.review.rendering import Document, Reviewed, Style, rendered
from jobs.review.terminal import Paint, Span, columns_of, fitted, painted, wrapped
from jobs.review.verdicts import verdicts
from jobs.runtime.console import printable
from udfs.programs.effects import TO_THE_END
from udfs.programs.execution import line_cuts, line_starts
from udfs.programs.lengths import words
from udfs.programs.operations import CallReason
from udfs.programs.refining import ExecuteSettings, Written, refine
from udfs.text.edits import Edit, apply

# --- lines

TEXTS = st.text("ab\n", max_size=12) | st.text(max_size=30)


def after(lines: Sequence[Line]) -> str:
    """What the pieces of the lines that do not go leave."""
    left = ("".join(p.text for p in line.pieces if p.kind is not Kind.CUT) for line in lines if not line.goes)
    return "\n".join(left)


@given(TEXTS, st.data())
def test_lines_that_go_are_those_that_were_cut(text: str, data: st.DataObject) -> None:
    """Blank lines at the end of a text aside, where cutting one or another gives the same text and the same edit."""
    count = text.count("\n") + 1
    gone = data.draw(st.sets(st.integers(0, count - 1)))
    edits = line_cuts(line_starts(text), [(number, number) for number in gone])
    lines = marked_lines(text, edits)
    assert [line.number for line in lines] == list(range(count))
    assert after(lines) == apply(text, edits)
    wanted = [line for number, line in enumerate(text.split("\n")) if number not in gone]
    assert after(lines) == "\n".join(wanted)


@given(TEXTS, st.data())
def test_pieces_are_the_text_and_what_edits_make_of_it(text: str, data: st.DataObject) -> None:
    points = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    spans = list(zip(points[::2], points[1::2], strict=False))
    edits = [Edit(start, end, data.draw(st.sampled_from(["", "X"])), "r") for start, end in spans]
    lines = marked_lines(text, edits)
    received = "\n".join("".join(p.text for p in line.pieces if p.kind is not Kind.PUT) for line in lines)
    assert received == text
    put = "".join(p.text for line in lines for p in line.pieces if p.kind is Kind.PUT)
    assert put == "".join(edit.replacement for edit in edits)
    cut = "".join(p.text for line in lines for p in line.pieces if p.kind is Kind.CUT)
    assert cut == "".join(text[start:end].replace("\n", "") for start, end in spans)


def test_a_line_with_a_replacement_has_it_behind_what_it_replaces() -> None:
    (line,) = marked_lines("see http://x here", [Edit(4, 12, "[link]", "normalize")])
    assert line == Line(
        0,
        False,
        (
            Piece(Kind.STAYS, "see "),
            Piece(Kind.CUT, "http://x"),
            Piece(Kind.PUT, "[link]"),
            Piece(Kind.STAYS, " here"),
        ),
    )


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [("x\na\n", 1, 1), ("x\n\nb", 2, 2), ("a\nb", 0, 1), ("a\n\n\nb", 1, 2), ("a\nb\n", 1, 2)],
)
def test_only_the_lines_of_a_range_go(text: str, first: int, last: int) -> None:
    edits = line_cuts(line_starts(text), [(first, last)])
    assert [line.number for line in marked_lines(text, edits) if line.goes] == list(range(first, last + 1))


def test_lines_go_behind_a_piece_that_goes() -> None:
    """A cut of the end of a line and of all lines behind it is one edit."""
    lines = marked_lines("a piece\nb\nc", [Edit(2, 11, "", "remove_lines")])
    assert [line.goes for line in lines] == [False, True, True]
    assert lines[0].pieces == (Piece(Kind.STAYS, "a "), Piece(Kind.CUT, "piece"))


def test_marking_a_long_text_takes_linear_time() -> None:
    text = "ab\n" * 200_000
    edits = [Edit(place, place + 1, "c", "normalize") for place in range(0, len(text), 3)]
    assert sum(line.is_touched for line in marked_lines(text, edits)) == 200_000


# --- verdicts

CALLS = st.sampled_from(
    [
        "remove_lines(0, 1)", "remove_lines(2, 2)", "remove_lines(3, 99)", "remove_lines(9, 9)", "remove_lines(2, 1)",
        "remove_lines(all=True)", "normalize('ab', 'x')", "normalize('abc', 'x')", "normalize('abc', 'y')",
        "normalize('nowhere', '')", "normalize('bcd')", "normalize('zzz', '')", "normalize('a')", "drop_doc()",
        "keep_doc()", "keep_chunk()", "unknown(1)", "remove_lines('a')", "some prose", "remove_lines(1, 2",
    ]
)  # fmt: skip
PROGRAMS = st.lists(CALLS, max_size=7).map("\n".join)
WRITTEN = st.builds(
    Written,
    st.sampled_from(["document", "chunk"]),
    st.sampled_from([0, 1, 3]),
    st.sampled_from([2, 4, TO_THE_END]),
    PROGRAMS.filter(bool),
    st.sampled_from([None, 0.2, 0.9]),
    st.just(0),
    st.just(TO_THE_END),
)
LIMITS = st.fixed_dictionaries(
    {
        "min_drop_score": st.sampled_from([0.0, 0.5]),
        "strict": st.fixed_dictionaries(
            {
                "max_errors": st.integers(0, 3),
                "max_occurrences": st.integers(1, 3),
                "keep_undecided": st.booleans(),
                "max_matched_ratio": st.sampled_from([0.1, 0.5]),
            }
        ),
    }
)


@settings(max_examples=400)
@given(
    st.lists(WRITTEN, max_size=3),
    st.lists(WRITTEN.map(lambda one: one._replace(first_line=0, last_line=0, start=4, end=8)), max_size=1),
    LIMITS,
    st.sampled_from(["", "abc abcd\nabc\nzzz zzz zzz zzz\nlast bcd", "one"]),
)
def test_verdicts_together_are_the_counts_of_the_executor(
    written: list[Written], pieces: list[Written], limits: dict[str, object], text: str
) -> None:
    given = ExecuteSettings.model_validate(limits)
    written += pieces if "\n" in text else []
    report = refine(text, written, given)
    found = [verdict for one in verdicts(text, written, given) for verdict in one]
    assert Counter(str(one.reason) for one in found if one.reason) == Counter(report.rejected_calls)
    assert sum(one.reason is None for one in found) == sum(report.operations.values())


def test_a_call_has_its_own_reason() -> None:
    program = "remove_lines(0, 0)\nremove_lines(0, 0)\nnormalize('nowhere')\nnormalize('three')\nI think so\ndrop_doc()"
    written = [Written("document", 0, TO_THE_END, program, 0.3)]
    (found,) = verdicts("one\ntwo\nthree and more", written, ExecuteSettings(min_drop_score=0.5))
    assert [verdict.reason for verdict in found] == [
        None,
        CallReason.REPEATED,
        CallReason.MISSING_TARGET,
        None,
        CallReason.NOT_A_CALL,
        CallReason.UNSURE,
    ]


# --- the terminal


@given(st.text(st.characters(categories=None) | st.sampled_from("\x1b\x9b\x07\r\u202e\u2028\ud800\xa0"), max_size=50))
def test_nothing_that_a_terminal_acts_on_is_printed(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert all(unicodedata.category(c) not in {"Cc", "Cf", "Cs", "Zl", "Zp", "Co", "Cn"} for c in shown)
    shown.encode()


def test_what_is_escaped_can_be_told() -> None:
    assert printable("a\x1b[2J\t\u202eb\U000e0001") == "a\\x1b[2J\\t\\u202eb\\U000e0001"
    assert printable("Öl für 中文") == "Öl für 中文"


@given(st.text("a中é\u0301", max_size=40), st.integers(2, 20))
def test_rows_keep_to_the_width_and_lose_nothing(text: str, width: int) -> None:
    rows = list(wrapped([Span(text[:7]), Span(text[7:], Paint.GOES)], width))
    assert "".join(span.text for row in rows for span in row) == text
    assert all(sum(columns_of(c) for span in row for c in span.text) <= width for row in rows)
    short = fitted(text, width)
    assert sum(map(columns_of, short)) <= width
    assert short == text or (short.endswith("…") and text.startswith(short[:-1]))


def test_colours_are_ended_where_they_end() -> None:
    row = [Span("a "), Span("b", Paint.GOES), Span("", Paint.GOES)]
    assert painted(row, color=True) == "a \x1b[31;9mb\x1b[0m"
    assert painted(row, color=False) == "a b"


# --- documents

PAGE = "Home\nMenu\nThe river was high that day, see http://x.test/a for more.\nNobody dared to cross it.\nThe end."


def document(text: str, written: Sequence[Written], **more: object) -> Document:
    done = refine(text, written, ExecuteSettings())
    judged = verdicts(text, written, ExecuteSettings())
    shown = [
        Reviewed(one.level, 0, one.first_line, one.last_line, one.program, "rules", "stop", one.score, found)
        for one, found in zip(written, judged, strict=True)
    ]
    became = text, done.keep, done.reason or "", done.edits, words(text), done.words_removed
    made = Document("d0", "http://a.test/", 3, *became, shown)
    return made._replace(**more)  # type: ignore[arg-type]  # of a test's own keywords


def test_a_page_as_it_is_printed_without_colours() -> None:
    program = "remove_lines(0, 1)\nnormalize('http://x.test/a', 'the map')\nremove_lines(77, 78)"
    shown = list(rendered(document(PAGE, [Written("chunk", 0, TO_THE_END, program, 0.5)]), Style()))
    assert shown == [
        "d0  http://a.test/",
        "kept; batch 3, 19 words before, 18 after",
        "",
        "- [000] Home",
        "- [001] Menu",
        "~ [002] The river was high that day, see [-http://x.test/a-]{+the map+} for more",
        "        .",
        "  [003] Nobody dared to cross it.",
        "  [004] The end.",
        "",
        "program of chunk 0, lines 0 to the end (rules, stop, score 0.50)",
        "  counts    remove_lines(start=0, end=1)",
        '  counts    normalize(source_str="http://x.test/a", target_str="the map")',
        "  rejected  line_out_of_range: remove_lines(start=77, end=78)",
    ]


def test_colours_mark_what_goes_and_what_comes() -> None:
    program = "remove_lines(0, 1)\nnormalize('http://x.test/a', 'the map')"
    shown = "\n".join(rendered(document(PAGE, [Written("chunk", 0, 4, program)]), Style(color=True)))
    assert "\x1b[31;9mHome\x1b[0m" in shown
    assert "see \x1b[31;9mhttp://x.test/a\x1b[0m\x1b[32;4mthe map\x1b[0m for more" in shown
    assert "[-" not in shown


def test_untouched_lines_and_many_that_go_are_left_out_unless_asked_for() -> None:
    text = "\n".join(f"line {number} of the page" for number in range(200))
    shown = document(text, [Written("chunk", 0, 199, "remove_lines(50, 99)")])
    rows = list(rendered(shown, Style()))
    line = {number: f"[{number:03d}] line {number} of the page" for number in range(200)}
    assert rows[3:7] == ["  ... 48 lines", f"  {line[48]}", f"  {line[49]}", f"- {line[50]}"]
    assert "  ... 38 lines that go" in rows
    assert "  ... 98 lines" in rows
    assert len(rows) < 30
    assert len(list(rendered(shown, Style(whole=True)))) > 200


def test_a_document_that_is_dropped_shows_its_beginning_and_the_program() -> None:
    text = "\n".join(f"line {number}" for number in range(20))
    rows = list(rendered(document(text, [Written("document", 0, 19, "drop_doc()", 0.97)]), Style()))
    assert rows[1] == "rejected: drop_document; batch 3, 40 words before, 0 after"
    assert rows[3:10] == [*(f"  [00{number}] line {number}" for number in range(6)), "  ... 14 lines"]
    assert rows[-2:] == ["program of the document (rules, stop, score 0.97)", "  counts    drop_doc()"]


def test_a_program_that_was_not_judged_is_shown_as_written_with_the_reason() -> None:
    program = Reviewed("chunk", 2, 5, 9, "remove_lines(5\x1b[2J\n" * 40, "m", "length", None, (), "compat mode")
    rows = list(rendered(document(PAGE, [], programs=[program]), Style()))
    assert "program of chunk 2, lines 5 to 9 (m, length)" in rows
    assert rows[-32:-30] == ["  compat mode", "  remove_lines(5\\x1b[2J"]
    assert rows[-1] == "  ... 11 more"


HOSTILE = st.text(st.characters(categories=None) | st.sampled_from("\x1b[]0;m\x9b\n\r\u202e中"), max_size=60)


@given(HOSTILE, HOSTILE, HOSTILE, st.integers(40, 90), st.booleans(), st.booleans())
def test_no_page_and_no_program_can_write_a_sequence_or_leave_the_width(
    text: str, program: str, name: str, width: int, color: bool, whole: bool
) -> None:
    text = text.encode(errors="replace").decode()
    source = text[2:9].replace("\\", "").replace("'", "")
    said = [Written("chunk", 0, 9, f"remove_lines(0, 0)\nnormalize('{source}', 'x')\n{program}")] if program else []
    shown = document(text, said, doc_id=name, url=program, reason=name)
    for row in rendered(shown, Style(width, color, whole)):
        plain = re.sub(r"\x1b\[(?:2|1|31;9|32;4|32|33|0)m", "", row) if color else row
        assert plain.isprintable()
        assert sum(map(columns_of, plain)) <= width
