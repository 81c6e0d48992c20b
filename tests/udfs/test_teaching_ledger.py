"""Rows of texts and of answers, and the state that a run goes on from."""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.chat_server import good_answer, rating
from udfs.teaching.answers import Failure, Rated
from udfs.teaching.clipping import clipped
from udfs.teaching.exchanges import Exchange, appending, read_exchanges, to_exchange, to_line, to_request
from udfs.teaching.ledger import Asking, Ledger
from udfs.teaching.requests import PROMPT_VERSIONS, TASKS, messages_of
from udfs.teaching.rows import BadRow
from udfs.teaching.texts import Text, read_texts, to_text

TEXTS = [Text("a", "About computers."), Text("b", '"..."Cut off at both ends.\n![](/x.png)\nEnd.')]


def ledger(**changes: Any) -> Ledger:
    return Ledger(TEXTS, Asking(**{"tasks": TASKS, "model": "m", **changes}))


def replied(row: Exchange) -> Exchange:
    return row._replace(reply=good_answer("", row.messages[-1].content))


def test_all_is_open_and_in_order() -> None:
    rows = list(ledger().open(TEXTS))
    assert [row.key for row in rows] == [(name, task) for name in "ab" for task in TASKS]
    assert all(row.round == 1 and row.model == "m" and row.prompt == PROMPT_VERSIONS[row.task] for row in rows)
    assert rows[3].messages == messages_of("rating", "Cut off at both ends.\nEnd.")


def test_what_is_answered_is_not_open() -> None:
    book = ledger()
    for row in list(book.open(TEXTS)):
        if row.key != ("b", "edu"):
            assert book.note(replied(row)) is None
    assert [row.key for row in book.open(TEXTS)] == [("b", "edu")]
    assert book.answers["a", "rating"].value == Rated("E", (4, 4, 5, 4, 3, 5, 2, 4, 5, 4, 4, 4, 5, 4))
    assert book.answers["b", "format"].value == 4


def test_three_rounds_and_no_more() -> None:
    book = ledger(tasks=("rating",))
    for number in (1, 2, 3):
        row = next(book.open(TEXTS[:1]))
        assert row.round == number
        assert book.note(row._replace(reply="I would rather not.")) is Failure.NO_SCORE
    assert not list(book.open(TEXTS[:1]))
    assert book.unanswered() == {Failure.NO_SCORE: 1}


def test_a_good_answer_in_a_later_round_counts() -> None:
    book = ledger(tasks=("rating",))
    book.note(next(book.open(TEXTS[:1]))._replace(reply="N/A"))
    book.note(replied(next(book.open(TEXTS[:1]))))
    assert book.answers["a", "rating"].round == 2
    assert not book.unanswered()


def test_the_first_good_answer_counts() -> None:
    book = ledger(tasks=("rating",))
    row = next(book.open(TEXTS[:1]))
    book.note(row._replace(reply=rating("A")))
    book.note(row._replace(reply=rating("B")))
    book.note(row._replace(reply="N/A"))
    assert book.answers["a", "rating"].value.domain == "A"  # type: ignore[union-attr]
    assert not list(book.open(TEXTS[:1]))


def test_a_server_that_was_down_costs_no_round() -> None:
    book = ledger(tasks=("rating",))
    for number in range(1, 8):
        row = next(book.open(TEXTS[:1]))
        assert row.round == number
        assert book.note(row._replace(failure="api", detail="down")) is Failure.API


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "z"},
        {"prompt": "rating-other"},
        {"model": "another"},
        {"messages": messages_of("rating", "Another text.")},
        {"task": "edu", "prompt": "", "messages": ()},
    ],
)
def test_rows_of_something_else_do_not_count(changes: dict[str, Any]) -> None:
    book = ledger(tasks=("rating",))
    row = replied(next(book.open(TEXTS[:1])))
    assert book.note(row._replace(**changes)) is None
    assert (book.strays, book.answers, book.failures) == (1, {}, {})


def test_recorded_answers_need_say_no_more_than_what_they_are_about() -> None:
    book = ledger(tasks=("rating",))
    found = to_exchange({"id": "a", "task": "rating", "reply": rating()})
    assert isinstance(found, Exchange)
    assert book.note(found) is None
    assert list(book.answers) == [("a", "rating")]


def test_an_answer_about_a_text_that_was_not_cleaned_is_asked_for_again() -> None:
    book = ledger(tasks=("rating",))
    row = next(book.open(TEXTS[1:]))
    unclean = replied(row)._replace(messages=messages_of("rating", clipped(TEXTS[1].text)))
    assert book.note(unclean) is Failure.UNCLEAN_TEXT
    assert next(book.open(TEXTS[1:])).round == 2
    assert book.note(replied(row)) is None


def test_anybodys_answers_count_where_no_model_is_named() -> None:
    book = ledger(tasks=("rating",), model="")
    assert book.note(replied(next(book.open(TEXTS)))._replace(model="whoever")) is None
    assert book.answers["a", "rating"].model == "whoever"


def test_a_row_comes_back_as_it_was_written(tmp_path: Path) -> None:
    rows = [replied(row)._replace(failure="no_score", detail="中\u2028\n") for row in ledger().open(TEXTS)]
    path = tmp_path / "answers.jsonl"
    with appending(path) as file:
        file.writelines(map(to_line, rows))
    assert list(read_exchanges([path])) == rows


def test_a_request_is_a_row_that_wants_a_reply(tmp_path: Path) -> None:
    """The way of answers from elsewhere: requests.jsonl out, the same rows with replies in."""
    requests = [json.loads(to_request(row)) for row in ledger().open(TEXTS)]
    assert to_exchange(requests[0]) == "the row has no reply"
    path = tmp_path / "recorded.jsonl"
    for request in requests:
        request["reply"] = good_answer("", request["messages"][1]["content"])
    path.write_text("\n".join(map(json.dumps, requests)))
    book = ledger()
    for row in read_exchanges([path]):
        assert isinstance(row, Exchange)
        assert book.note(row) is None
    assert not list(book.open(TEXTS))


@pytest.mark.parametrize("kind", ["jsonl", "gz", "zst", "parquet"])
def test_recorded_answers_in_every_form(tmp_path: Path, kind: str) -> None:
    rows = [{"id": "a", "task": task, "reply": good_answer("", messages_of(task, "x")[1].content)} for task in TASKS]
    path = tmp_path / "answers"
    lines = "\n".join(map(json.dumps, rows)).encode()
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist([row | {"other": 1} for row in rows]), path)
    else:
        path.write_bytes({"jsonl": bytes, "gz": gzip.compress, "zst": zstandard.compress}[kind](lines))
    book = ledger()
    for row in read_exchanges([path]):
        assert isinstance(row, Exchange)
        book.note(row)
    assert len(book.answers) == 3


def test_a_row_that_a_kill_cut_in_two_costs_no_other(tmp_path: Path) -> None:
    rows = [replied(row) for row in ledger().open(TEXTS)]
    path = tmp_path / "deep/answers.jsonl"
    with appending(path) as file:
        file.writelines(map(to_line, rows[:3]))
    os.truncate(path, path.stat().st_size - 10)
    with appending(path) as file:
        file.writelines(map(to_line, rows[3:]))
    found = list(read_exchanges([path]))
    assert [row for row in found if isinstance(row, Exchange)] == [*rows[:2], *rows[3:]]
    assert [one.row for one in found if isinstance(one, BadRow)] == [2]


def test_two_processes_do_not_append_to_one_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    code = "from pathlib import Path; from udfs.teaching.exchanges import appending\n"
    code += f"with appending(Path({str(path)!r})): pass"
    with appending(path):
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "BlockingIOError" in done.stderr


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        ({}, "expected an id and one of rating, edu, format as task, found '' and ''"),
        ({"id": "a", "task": "other", "reply": ""}, "as task, found 'a' and 'other'"),
        ({"id": 3, "task": "edu", "reply": ""}, "expected a string in id"),
        ({"id": "a", "task": "edu"}, "the row has no reply"),
        ({"id": "a", "task": "edu", "reply": 3}, "expected a string in reply"),
        ({"id": "a", "task": "edu", "reply": "x" * 1_000_001}, "the reply has 1000001 characters"),
        ({"id": "a", "task": "edu", "reply": "", "round": 0}, "expected a number from 1 in round"),
        ({"id": "a", "task": "edu", "reply": "", "round": True}, "expected a number from 1 in round"),
        ({"id": "a", "task": "edu", "reply": "", "messages": "x"}, "expected a list of messages"),
        ({"id": "a", "task": "edu", "reply": "", "messages": [{"role": 1}]}, "expected a string in role"),
    ],
)
def test_rows_that_are_no_answers_say_why(record: dict[str, Any], reason: str) -> None:
    found = to_exchange(record)
    assert isinstance(found, str)
    assert reason in found


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(TASKS),
    lambda x: (
        st.lists(x, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "task", "reply", "round", "messages", "role", "text", "url"]), x)
    ),
)


@given(st.dictionaries(st.sampled_from(["id", "task", "reply", "round", "messages", "text", "source"]), json_values))
def test_any_record_is_read_or_refused(record: dict[str, Any]) -> None:
    row = to_exchange(record)
    assert isinstance(row, str) or to_line(row).endswith(b"\n")
    text = to_text(record)
    assert isinstance(text, str) or text.text.strip()


def test_texts_are_read_and_bad_rows_are_told(tmp_path: Path) -> None:
    lines = ['{"id": "a", "text": "x", "lang": "de", "url": null}', "", "{", "[]", '{"id": "a", "text": "again"}']
    lines += [
        '{"id": "d", "text": "![](/a.png)\\n"}',
        '{"id": "b", "text": " "}',
        '{"text": "x"}',
        '{"id": "c", "text": "\\ud800", "source": "s", "other": 1}',
    ]
    path = tmp_path / "texts.jsonl"
    path.write_text("\n".join(lines))
    found = list(read_texts([path, tmp_path / "none"]))
    assert [one for one in found if isinstance(one, Text)] == [
        Text("a", "x", lang="de"),
        Text("c", "\ufffd\ufffd\ufffd", "s"),
    ]
    assert [str(one).removeprefix("texts.jsonl, ") for one in found if isinstance(one, BadRow)] == [
        "row 2: the line is no JSON: Expecting property name enclosed in double quotes at character 1",
        "row 3: expected a JSON object, found a list",
        "row 4: the id was there before",
        "row 5: expected a text, found image links alone",
        "row 6: expected a string in text, found nothing",
        "row 7: expected a string in id, found nothing",
        "none, row 0: the file cannot be read (No such file or directory)",
    ]


def test_texts_of_parquet(tmp_path: Path) -> None:
    path = tmp_path / "texts.parquet"
    pq.write_table(pa.table({"id": ["a", "b"], "text": ["x", None], "n": [1, 2]}), path)
    found = list(read_texts([path]))
    assert found[0] == Text("a", "x")
    assert str(found[1]) == "texts.parquet, row 1: expected a string in text, found nothing"
    damaged = tmp_path / "damaged.parquet"
    damaged.write_bytes(path.read_bytes()[:-20])
    (bad,) = read_texts([damaged])
    assert "the Parquet file breaks off" in str(bad)
