"""What a teacher is asked: the words, the part of a text that is shown, and ProX's rule on the points."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.texts import real_texts
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.tokens import load_tokenizer
from udfs.teaching.clipping import Span, clipped, shown, tokens_of, words
from udfs.teaching.keeping import is_kept
from udfs.teaching.requests import PROMPT_VERSIONS, TASKS, messages_of

TINY = Path(__file__).parents[1] / "data/tiny-decoder/tokenizer.json"


def test_the_rating_request_has_its_parts_in_order() -> None:
    system, user = messages_of("rating", "A text.\n\nOf two paragraphs.")
    assert (system.role, user.role) == ("system", "user")
    instruction, _, form = user.content.partition("\nText:\nA text.\n\nOf two paragraphs.\n")
    assert "1 to 5" in instruction
    assert re.findall(r"\[([A-Z])\]", form) == [chr(65 + place) for place in range(len(DOMAINS))]
    assert "Domain:_\n" in form
    assert re.findall(r"(?m)^\[(\d+)\].*:_/5$", form) == [str(number) for number in range(1, len(CRITERIA) + 1)]


@pytest.mark.parametrize(("task", "line"), [("edu", "Educational score:"), ("format", "Extraction Quality Score:")])
def test_the_requests_for_points_name_their_last_line(task: Any, line: str) -> None:
    _, user = messages_of(task, "A text.")
    assert user.content.endswith("\n\nText:\nA text.")
    assert user.content.count(line) == 1
    assert re.findall(r"(?m)^- (\d) if", user.content) == list("12345")


def test_a_text_is_never_taken_for_a_template() -> None:
    for task in TASKS:
        assert "{0} %s {text} \\1 $x" in messages_of(task, "{0} %s {text} \\1 $x")[1].content


def test_versions_follow_the_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers that were given to other words are asked for again: a change here is meant, or a slip."""
    assert PROMPT_VERSIONS == {
        "rating": "rating-0e046aa5",
        "edu": "edu-586b72b5",
        "format": "format-13827bcc",
    }
    from udfs.teaching import requests

    monkeypatch.setattr(requests, "EDU_TASK", "Something else")
    assert requests._version("edu") != PROMPT_VERSIONS["edu"]
    assert requests._version("format") == PROMPT_VERSIONS["format"]


@pytest.mark.parametrize("edu", range(6))
@pytest.mark.parametrize("points", range(6))
def test_the_rule_at_every_point(edu: int, points: int) -> None:
    rows = ["......", "......", "....kk", "kkkkkk", "kkkkkk", "kkkkkk"]  # a row for each edu, a place for each format
    assert is_kept(edu, points) == (rows[edu][points] == "k")


def test_words_are_what_stands_between_blanks() -> None:
    text = "Two  words,\nand 中文漢 so\u3000on"
    assert [text[start:end] for start, end in words(text)] == ["Two", "words,", "and", "中", "文", "漢", "so", "on"]


def test_a_text_that_is_all_one_word_is_cut_all_the_same() -> None:
    assert len(clipped("x" * 24 * 50_000)) == 2 * 947 * 24


def test_the_first_and_last_947_words_stay_without_a_mark() -> None:
    many = [str(number) for number in range(10_000)]
    assert clipped(" ".join(many)).split() == [*many[:946], "9469053", *many[9_054:]]
    assert clipped(" ".join(many[:1_894])) == " ".join(many[:1_894])
    assert clipped(" ".join(many[:1_895])).split() == [*many[:946], "946948", *many[949:1_895]]


def defined(text: str, spans: list[Span], half: int) -> str:
    """The definition: the text without what is behind the first half and before the last."""
    if len(spans) <= 2 * half:
        return text.strip()
    return (text[: spans[half - 1][1]] + text[spans[-half][0] :]).strip()


made_up = st.text(st.sampled_from("ab 中\n,.é🙂"), max_size=60)


@given(made_up, st.integers(1, 8))
def test_clipping_is_its_definition(text: str, half: int) -> None:
    assert clipped(text, words, half) == defined(text, list(words(text)), half)


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return load_tokenizer(TINY)


@given(text=made_up)
def test_tokens_that_share_a_character_lose_and_double_nothing(tokenizer: Any, text: str) -> None:
    """Bytes of one emoji are several tokens: head and tail may meet inside it."""
    for half in (1, 2, 5):
        found = clipped(text, tokens_of(tokenizer), half)
        spans = list(tokens_of(tokenizer)(text))
        if len(spans) <= 2 * half:
            assert found == text.strip()
            continue
        head = text[: spans[half - 1][1]]
        assert found == (head + text[max(spans[-half][0], len(head)) :]).strip()
        assert len(found) <= len(text)


def test_tokens_are_those_of_the_undivided_text(tokenizer: Any) -> None:
    """But for one at every 32,768 characters, where a long text is cut to be tokenised."""
    text = "Some words of a page, again and again. " * 2_000
    whole = tokenizer.encode(text, add_special_tokens=False).offsets
    found = list(tokens_of(tokenizer)(text))
    assert found[:947] == whole[:947]
    assert found[-947:] == whole[-947:]
    assert 0 <= len(found) - len(whole) <= len(text) // 32_768
    assert clipped(text, tokens_of(tokenizer)) == defined(text, whole, 947)


def test_real_texts_are_shown_as_they_stand(llama2: Any) -> None:
    for _, text in real_texts(150):
        for spans in (words, tokens_of(llama2)):
            found = shown(text, spans, 50)
            assert len(list(words(found))) <= 2 * 50 + 2 or len(list(spans(found))) <= 2 * 50 + 2
            assert found[:20] in text
            assert found[-20:] in text


def test_a_text_is_cleaned_before_it_is_cut() -> None:
    text = '"..."Start. ' + "![](/a.png)\n" * 3 + "End."
    assert shown(text) == "Start. End."


def test_memory_does_not_follow_the_text() -> None:
    def many() -> Iterator[Span]:
        yield from ((place, place + 1) for place in range(0, 2_000_000, 2))

    assert len(clipped("a " * 1_000_000, lambda _: many(), 3)) == len("a a aa a a")
