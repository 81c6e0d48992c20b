"""Rests of mark-up inside lines: what is called rubbish, what is not, and that execution takes every call."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.texts import any_text
from udfs.programs.effects import ExecutionSettings, Part
from udfs.programs.execution import execute
from udfs.programs.operations import Normalize, format_program
from udfs.programs.parsing import parse
from udfs.programs.tagging.rubbish import MOST_TIMES, rubbish_in


def cleaned(line: str) -> str:
    """The line among others, after the calls that are made of it."""
    text = f"The mill stands by the river, and the weir above it has been mended twice.\n{line}\nIt is open on Sundays."
    program = parse(format_program(rubbish_in(text.split("\n"))))
    done = execute(text, [Part(program, "chunk")], ExecutionSettings())
    assert not done.report.rejected
    return done.text.split("\n")[1]


@pytest.mark.parametrize(
    ("line", "left"),
    [
        ("History of the mill [edit]", "History of the mill"),
        ("It was built in 1802 [citation needed] and burnt.", "It was built in 1802 and burnt."),
        ("One line<br>and <br /> another", "One line and another"),
        ('A picture <img src="a.png" alt="x"> of it', "A picture  of it"),
        ("See the news pic.twitter.com/AbC123x", "See the news"),
        ("We are open https://t.co/a1B2c3", "We are open"),
        ("Read it (https://bit.ly/2xYz) today", "Read it today"),
        ('Some <span style="x">red</span> words', "Some red words"),
        ("Shop https://example.com/a?x=1&utm_source=mail&utm_medium=b now", "Shop now"),
        ("Salt&nbsp;&amp; pepper don&rsquo;t mix", "Salt & pepper don’t mix"),
        ('[caption id="a" width="300"]The mill[/caption]', "The mill"),
    ],
)
def test_rubbish_goes(line: str, left: str) -> None:
    assert cleaned(line) == left


@pytest.mark.parametrize(
    "line",
    [
        "See https://example.com/mill for the plans.",
        "The condition a<b and b>c holds.",
        "Use [1] and [see below] as before.",
        "Write <p>text</p> for a paragraph, and <b> for bold.",  # a text about mark-up
        "Press <Enter> to go on, or <b>.",
        "In HTML, <br> ends a line.",
        "for (i = 0; i < n; i++) { total += a[i]; }",
        "x &lt; y in this formula, and &nbsp; is a blank.",
        "Send it to mill@example.org.",
        "[Editor's note: this page was moved.]",
        "<3 this mill",
    ],
)
def test_what_is_not_sure_stays(line: str) -> None:
    assert rubbish_in([line]) == []


def test_what_is_often_there_stays() -> None:
    assert rubbish_in(["a [edit] b"] * MOST_TIMES) == [Normalize(" [edit]", "")]
    assert rubbish_in(["a [edit] b"] * (MOST_TIMES + 1)) == []


def test_long_lines_take_linear_time() -> None:
    for piece in ("<b ", "[caption ", "https://t.co/", "https://a?utm_", "&nbsp", "<", "http://x&utm_a="):
        rubbish_in([piece * 40_000])


@given(st.lists(any_text.map(lambda text: text.replace("\n", " ")), max_size=4))
def test_calls_are_good_ones(lines: list[str]) -> None:
    calls = rubbish_in(lines)
    assert len({call.source for call in calls}) == len(calls)
    assert parse(format_program(calls)) == tuple(calls)
    for call in calls:
        assert len(call.source.strip()) >= ExecutionSettings().min_source_chars
        assert any(call.source in line for line in lines)
        assert not re.search(r"\n", call.source)
