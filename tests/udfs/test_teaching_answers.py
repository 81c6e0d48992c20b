"""Answers of a teacher: the eight failures, the rounding rule, and texts that are meant to break the reader."""

import random
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.udfs.chat_server import rating
from udfs.models.criteria import CRITERIA
from udfs.models.dataman.registry import LETTERS
from udfs.teaching.answers import Failure, Rated, read_edu, read_format, read_rating, rounded
from udfs.teaching.requests import messages_of
from udfs.teaching.wording import CRITERION_LABELS

GOOD = rating()
EXPECTED = Rated("E", (4, 4, 5, 4, 3, 5, 2, 4, 5, 4, 4, 4, 5, 4))
SCORES = GOOD.partition("\n")[2]


@pytest.mark.parametrize(
    "reply",
    [
        GOOD,
        f"  {GOOD}\n\n",
        GOOD.replace("Domain:E", "**Domain:** E"),
        GOOD.replace("Domain:E", "Domain: [E]Technology"),
        GOOD.replace("Domain:E", "Domain: E (Technology)"),
        GOOD.replace("Domain:E", "Domain: E Technology"),
        GOOD.replace("Domain:E", "Domain: Technology (E)"),
        GOOD.replace("Domain:E", "| **Domain** | E |"),
        GOOD.replace("Domain:E", "### Domain:\tE."),
        GOOD.replace("Domain:E", "Domain:_E_"),
        GOOD.replace("Domain:E", "domain - E"),
        GOOD.replace("/5", " / 5"),
        GOOD.replace("4/5", "**4**/5"),
        GOOD.replace("4/5", "4.0/5"),
        GOOD.replace("4/5", "4/5.0"),
        GOOD.replace("4/5", "[4]/5"),
        GOOD.replace("4/5", "_4_/5").replace("[1]", "- [1] "),
        GOOD.replace("]", ". ").replace("[", ""),  # numbers without brackets: by position
        "\n".join(["Domain: E", *reversed(SCORES.split("\n"))]),  # by number
        f"The text is about 3 computers, at 10/50 of the price, on 3/5/2024.\n{GOOD}",
        f"<think>Is it [D]Education? 3/5 perhaps, or N/A.</think>\n{GOOD}",
        f"{GOOD}\n{GOOD}",
        f"My draft:\n{GOOD}\nMy answer:\n{GOOD}",
        f"{messages_of('rating', 'Some text.')[1].content}\n{GOOD}",  # the request said again
    ],
)
def test_an_answer_is_read_however_it_is_dressed(reply: str) -> None:
    assert read_rating(reply) == EXPECTED


@pytest.mark.parametrize(
    ("reply", "failure"),
    [
        ("", Failure.API),
        (" \n\t", Failure.API),
        ("<think>Domain: E</think>", Failure.API),
        (GOOD.replace("3/5", "N/A"), Failure.NOT_APPLICABLE),
        ("Domain: E", Failure.NO_SCORE),
        ("I cannot rate this.", Failure.NO_SCORE),
        (GOOD.replace("/5", ""), Failure.NO_SCORE),
        (GOOD.replace("/5", "/10"), Failure.NO_SCORE),
        (GOOD.replace("/5", "/50"), Failure.NO_SCORE),
        (GOOD.replace("/5", "/5/5"), Failure.NO_SCORE),
        (GOOD.replace("3/5", "0/5"), Failure.FEW_SCORES),
        (GOOD.replace("3/5", "6/5"), Failure.FEW_SCORES),
        (GOOD.replace("3/5", "0.9/5"), Failure.FEW_SCORES),
        (GOOD.replace("3/5", "5.1/5"), Failure.FEW_SCORES),
        (GOOD.replace("3/5", "33/5"), Failure.FEW_SCORES),
        (GOOD.replace("3/5", "1.2.3/5"), Failure.FEW_SCORES),
        (GOOD.replace("3/5", "-3/5"), Failure.FEW_SCORES),
        (GOOD.replace("3/5", "_/5"), Failure.FEW_SCORES),
        (GOOD.replace("3/5", "nan/5"), Failure.FEW_SCORES),
        (GOOD.replace("3/5", "٣/5"), Failure.FEW_SCORES),
        (GOOD.replace("[5]", "[4]"), Failure.FEW_SCORES),  # one criterion twice, one never
        (GOOD.replace("[5]", "[15]"), Failure.FEW_SCORES),
        (GOOD.replace("[5]", ""), Failure.FEW_SCORES),
        (f"{GOOD}\n[15]Humour: 3/5", Failure.MANY_SCORES),
        (f"{GOOD}\n{GOOD}\n{GOOD}", Failure.MANY_SCORES),
        (f"{GOOD}\n{GOOD.replace('3/5', '2/5')}", Failure.MANY_SCORES),
        (SCORES, Failure.NO_DOMAIN),
        (GOOD.replace("Domain:E", "Domain: Technology"), Failure.NO_DOMAIN),
        (GOOD.replace("Domain:E", "Domain: P"), Failure.NO_DOMAIN),
        (GOOD.replace("Domain:E", "Domain: e"), Failure.NO_DOMAIN),
        (GOOD.replace("Domain:E", "Domain: A page about computers"), Failure.NO_DOMAIN),
        (GOOD.replace("Domain:E", "Domain: I'd say computers"), Failure.NO_DOMAIN),
        (f"Domain: [D]Education or [E]Technology\n{SCORES}", Failure.MANY_DOMAINS),
        (f"Domain: D\n{GOOD}", Failure.MANY_DOMAINS),
        (f"Perhaps Education (D).\n{GOOD}", Failure.MANY_DOMAINS),
        (GOOD.replace("Domain:E", "Domain: Technology (e)"), Failure.NO_DOMAIN),
    ],
)
def test_what_is_no_answer_says_why(reply: str, failure: Failure) -> None:
    assert read_rating(reply) == failure


def test_there_are_eight_failures() -> None:
    assert len(Failure) == 8


@pytest.mark.parametrize(
    ("score", "whole"),
    [(1.0, 1), (1.9, 1), (2.0, 2), (2.5, 2), (2.999999, 2), (3.0, 3), (3.000001, 4), (3.5, 4), (4.0, 4), (4.1, 5)],
)
def test_scores_are_rounded_away_from_the_middle(score: float, whole: int) -> None:
    assert rounded(score) == whole
    reply = GOOD.replace("3/5", f"{score:.6f}/5")
    assert read_rating(reply) == EXPECTED._replace(scores=(*EXPECTED.scores[:4], whole, *EXPECTED.scores[5:]))


@given(st.lists(st.sampled_from([n / 10 for n in range(10, 51)]), min_size=14, max_size=14), st.sampled_from(LETTERS))
def test_any_scores_in_any_order_come_back_by_number(values: list[float], letter: str) -> None:
    lines = [
        f"[{n}]{label}: {value}/5" for n, (label, value) in enumerate(zip(CRITERION_LABELS, values, strict=True), 1)
    ]
    random.Random(sum(values)).shuffle(lines)
    # The definition once more: down to the next whole number below the middle, up from it on.
    expected = tuple(int(value) if value < 3 else -int(-value // 1) for value in values)
    assert read_rating("\n".join([f"Domain: {letter}", *lines])) == Rated(letter, expected)


PIECES = [*GOOD.split("\n"), "N/A", "[", "]", "/5", "3", "3.5", "4/5", "[7]", "[A]", "Domain", ":", " ", "\n", "*", "_"]
PIECES += ["</think>", "Educational score:", "Extraction Quality Score:", "<3>", "9" * 400, "\ud800", "\0", "٣"]


@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join) | st.text())
@example(GOOD)
def test_reading_is_total(reply: str) -> None:
    found = read_rating(reply)
    if isinstance(found, Rated):
        assert found.domain in LETTERS
        assert len(found.scores) == len(CRITERIA)
        assert all(score in range(1, 6) for score in found.scores)
    else:
        assert found in Failure
    for read in (read_edu, read_format):
        points = read(reply)
        assert points in Failure if isinstance(points, Failure) else points in range(6)


@pytest.mark.parametrize(
    "unit",
    [
        *(
            "4",
            "4/",
            "4/5",
            "[1",
            "[1]",
            "*",
            "_",
            " ",
            "Domain",
            "Domain:",
            "domain: A ",
            "[A]",
            "4 / 5\n",
            "4.",
            "1.5/5 ",
        ),
        *("Educational score:", "Educational score: 1", "Educational score: 1.", "</think>", "N/"),
    ],
)
def test_time_is_linear(unit: str) -> None:
    """1,000,000 characters of what a pattern may stumble over; a quadratic reader takes minutes."""
    reply = unit * (1_000_000 // len(unit))
    start = time.process_time()
    for read in (read_rating, read_edu, read_format):
        assert not isinstance(read(reply), Rated)
    assert time.process_time() - start < 5


@pytest.mark.parametrize(
    ("reply", "points"),
    [
        ("Educational score: 3", 3),
        ("It teaches. **Educational score:** 3", 3),
        ("educational score: 3/5", 3),
        ("Educational score: <0>", 0),
        ("Educational score: 5.", 5),
        ("Educational score:\n\n4", 4),
        ("Educational score: 2.9", 2),  # a point that is half earned is none
        ("Educational score: 1\nThinking again ...\nEducational score: 2", 2),
        ("<think>Educational score: 1</think>Educational score: 2", 2),
        ("Educational score: 6", Failure.NO_SCORE),
        ("Educational score: 5.5", Failure.NO_SCORE),
        ("Educational score: -1", Failure.NO_SCORE),
        ("Educational score: 1.2.3", Failure.NO_SCORE),
        ("Educational score: <points>", Failure.NO_SCORE),
        ("Extraction Quality Score: 3", Failure.NO_SCORE),
        ("3", Failure.NO_SCORE),
        ("Educational score: N/A", Failure.NOT_APPLICABLE),
        ("", Failure.API),
    ],
)
def test_points_stand_in_the_last_line_that_says_so(reply: str, points: int | Failure) -> None:
    assert read_edu(reply) == points
    swapped = reply.replace("Extraction Quality Score", "x").replace("Educational score", "Extraction Quality Score")
    if "Educational" in reply:
        assert read_format(swapped) == points


def test_numbers_of_any_size_are_no_trouble() -> None:
    assert read_rating(GOOD.replace("3/5", "9" * 5_000 + "/5")) == Failure.FEW_SCORES
