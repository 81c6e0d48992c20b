"""What is asked about a text and what is answered: each document at least once, each chunk once."""

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.models.manifest import ModelError
from udfs.programs.asking import GROUP_CHARS, NOTHING, Answer, Asker, AskSettings, groups
from udfs.programs.chunks import ChunkSettings
from udfs.programs.proposer import Proposal, Request, failed


class Said:
    """A proposer that drops documents with `drop` in them, fails for `bad`, and tells what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Request] = []

    def __call__(self, requests: Sequence[Request]) -> list[Proposal]:
        self.asked += requests
        return [self._one(request) for request in requests]

    def _one(self, request: Request) -> Proposal:
        if "bad" in request.text:
            return failed("the server answers 500")
        if request.level == "document":
            return Proposal("drop_doc()" if "drop" in request.text else "keep_doc()", "stop", 0.75)
        return Proposal(f"remove_lines({request.first_line}, {request.first_line})", "length", None)


def ask(texts: list[str], **changes: Any) -> tuple[list[list[Answer]], list[Request]]:
    said = Said()
    return Asker(said, AskSettings(**changes), prompts=False)(texts), said.asked


def test_a_document_is_asked_about_whole_and_then_its_lines_unless_it_is_dropped() -> None:
    found, asked = ask(["one\ntwo", "drop me"])
    assert found == [
        [
            Answer("document", 0, 0, 1, 0, 7, "keep_doc()", "", "stop", 0.75),
            Answer("chunk", 0, 0, 1, 0, 7, "remove_lines(0, 0)", "", "length", None),
        ],
        [Answer("document", 0, 0, 0, 0, 7, "drop_doc()", "", "stop", 0.75)],
    ]
    assert [(one.level, one.text) for one in asked] == [
        ("document", "one\ntwo"),
        ("document", "drop me"),
        ("chunk", "one\ntwo"),
    ]


def test_chunks_of_dropped_documents_are_asked_about_where_the_settings_say_so() -> None:
    assert [answer.level for answer in ask(["drop me"], chunks_of_dropped=True)[0][0]] == ["document", "chunk"]


@pytest.mark.parametrize("levels", ["document", "chunk"])
def test_one_level_alone_is_asked_about(levels: Any) -> None:
    found, asked = ask(["one", "drop me"], levels=levels)
    assert [[answer.level for answer in answers] for answers in found] == [[levels], [levels]]
    assert {one.level for one in asked} == {levels}


def test_an_error_stays_with_its_document_and_its_chunks_are_asked_about_all_the_same() -> None:
    (good, bad), _ = ask(["good", "bad"])
    assert [answer.error for answer in bad] == ["the server answers 500"] * 2
    assert [answer.error for answer in good] == ["", ""]


def test_a_document_that_nobody_is_asked_about_has_an_answer_that_says_so() -> None:
    assert ask([""], levels="chunk") == ([[NOTHING]], [])


@given(st.lists(st.text(max_size=5)))
def test_groups_are_all_texts_in_order(texts: list[str]) -> None:
    assert [text for group in groups(texts) for text in group] == texts


def test_groups_are_bounded_in_characters_but_for_one_text() -> None:
    texts = ["a" * (GROUP_CHARS // 2), "b" * (GROUP_CHARS // 2), "c", "d" * (2 * GROUP_CHARS), "e"]
    assert [[text[0] for text in group] for group in groups(texts)] == [["a", "b"], ["c"], ["d"], ["e"]]


def test_chunks_with_their_prompts(llama2: object, data: Any) -> None:
    path = str(data / "tokenizers/llama2/tokenizer.json")
    said = Said()
    chunks = ChunkSettings(window=50, chunks_max=3)
    asker = Asker(said, AskSettings(tokenizer=path, chunks=chunks), prompts=True)
    lines = [f"this is line number {number} of the page" for number in range(20)]
    lines[2] = "long " * 60
    (answers,) = asker(["\n".join(lines)])
    assert [one.finish for one in answers] == ["stop", "length", "long_line", "length", "length", "many_chunks"]
    of_chunks = answers[1:]
    assert [one.chunk for one in of_chunks] == [0, 1, 2, 3, 4]
    assert [of_chunks[0].first_line, *(one.last_line + 1 for one in of_chunks)] == [
        *(one.first_line for one in of_chunks),
        20,
    ]
    assert [one.prompt.split("/")[1] for one in answers if one.prompt] == ["document", "chunk", "chunk", "chunk"]
    assert all(one.prompt and one.prompt.ids[0] == 1 for one in said.asked)
    assert "[003]this is line number 3 of the page" in said.asked[2].prompt.text


def test_a_tokenizer_that_is_not_there_is_one_sentence() -> None:
    with pytest.raises(ModelError, match=r"^/nowhere/tokenizer.json cannot be read as a tokenizer"):
        Asker(Said(), AskSettings(tokenizer="/nowhere/tokenizer.json"), prompts=True)
