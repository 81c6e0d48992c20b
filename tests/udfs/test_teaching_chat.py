"""A teacher behind a chat server on localhost that fails in every way we know of."""

import json
import logging
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.chat_server import Chat, rating, serving
from udfs.model_server import ServerSettings
from udfs.programs.completions import BadReplyError
from udfs.teaching.chat import ChatSettings, ServerDownError, Teacher, read_reply
from udfs.teaching.exchanges import Exchange
from udfs.teaching.requests import PROMPT_VERSIONS, Task, messages_of

KEY = "sk-made-up-0123456789abcdef"


@pytest.fixture
def site() -> Iterator[Chat]:
    with serving() as found:
        yield found


def settings(site: Chat, **changes: Any) -> ChatSettings:
    quick: dict[str, Any] = {"retries": 2, "backoff_seconds": 0.001, "timeout_seconds": 0.3, "request_seconds": 5.0}
    return ChatSettings(url=site.url, model="teacher", **{**quick, **changes})


def request(number: int, task: Task = "rating", round_number: int = 1) -> Exchange:
    messages = messages_of(task, f"Text {number}.")
    return Exchange(f"d{number}", task, round_number, "teacher", PROMPT_VERSIONS[task], messages)


def ask(site: Chat, count: int = 1, **changes: Any) -> list[Exchange]:
    return list(Teacher(settings(site, **changes)).answers(request(number) for number in range(count)))


def key_file(folder: Path, content: bytes = KEY.encode() + b"\n") -> str:
    path = folder / "key"
    path.write_bytes(content)
    return str(path)


def test_what_is_sent(site: Chat) -> None:
    (row,) = ask(site)
    assert (row.reply, row.finish, row.failure, row.detail) == (rating(), "stop", "", "")
    (asked,) = site.asked
    assert (asked.path, asked.authorization) == ("/v1/chat/completions", None)
    assert [message["role"] for message in asked.payload.pop("messages")] == ["system", "user"]
    assert asked.payload == {"model": "teacher", "temperature": 0.0, "max_tokens": 4096, "stream": False}


def test_later_rounds_may_be_warmer_and_the_limit_may_have_another_name(site: Chat) -> None:
    teacher = Teacher(settings(site, later_temperature=0.7, tokens_field="max_completion_tokens", answer_tokens=9))
    teacher.answer(request(1))
    teacher.answer(request(1, round_number=2))
    assert [one.payload["temperature"] for one in site.asked] == [0.0, 0.7]
    assert all(one.payload["max_completion_tokens"] == 9 and "max_tokens" not in one.payload for one in site.asked)


@pytest.mark.parametrize(
    ("said", "failure"),
    [("I would rather not.", "no_score"), ("N/A", "not_applicable"), ("", "api"), (rating("Z"), "no_domain")],
)
def test_a_reply_that_is_no_answer_is_kept_with_its_failure(site: Chat, said: str, failure: str) -> None:
    site.answer = lambda *_: said
    (row,) = ask(site)
    assert (row.reply, row.failure) == (said, failure)
    assert row.detail == ("" if said else "the reply is empty")
    assert len(site.asked) == 1


@pytest.mark.parametrize("many", [1, 4])
def test_requests_wait_together_but_not_too_many(site: Chat, many: int) -> None:
    site.slow_seconds = 0.03
    rows = ask(site, 24, requests_at_once=many)
    assert sorted(row.id for row in rows) == sorted(f"d{number}" for number in range(24))
    assert all(not row.failure for row in rows)
    assert 1 <= site.most_at_once <= many
    assert site.most_at_once > 1 or many == 1


def test_requests_are_made_as_there_is_room(site: Chat) -> None:
    """A million texts are not all turned into requests at the start."""
    made: list[int] = []

    def requests() -> Iterator[Exchange]:
        for number in range(1_000):
            made.append(number)
            yield request(number)

    rows = Teacher(settings(site, requests_at_once=2)).answers(requests())
    next(rows)
    assert len(made) < 20
    rows.close()


@pytest.mark.parametrize(
    "fault",
    [
        *(500, 503, 429, 408, "hang", "close", b"", b"<html>", b"[]", b'{"choices": []}', b'{"choices": [{}]}'),
        *(b'{"choices": [{"message": {"content": 3}}]}', b"[" * 100_000, b"\xff\xfe"),
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again(site: Chat, fault: int | str | bytes) -> None:
    site.faults = [fault, fault]
    assert ask(site)[0].reply == rating()
    assert len(site.asked) == 3


@pytest.mark.parametrize(
    ("fault", "detail"),
    [
        (500, "the server answers 500: Internal Server Error, after 3 tries"),
        ("hang", "the request to URL fails (timed out), after 3 tries"),
        (b"<html>", "the reply is no JSON, after 3 tries"),
        ("close", "the request to URL fails (Remote"),
    ],
)
def test_what_does_not_pass_is_a_row_with_its_failure(site: Chat, fault: Any, detail: str) -> None:
    site.faults = [fault] * 3
    (row,) = ask(site)
    assert (row.reply, row.failure) == ("", "api")
    assert row.detail.startswith(detail.replace("URL", f"{site.url}/chat/completions"))


@pytest.mark.parametrize("status", [400, 401, 404])
def test_what_no_retry_mends_is_not_retried(site: Chat, status: int) -> None:
    site.faults = [status]
    assert ask(site)[0].detail.startswith(f"the server answers {status}")
    assert len(site.asked) == 1


def test_a_redirect_is_not_followed(site: Chat, tmp_path: Path) -> None:
    site.faults = ["moved"]
    assert ask(site, key_file=key_file(tmp_path))[0].detail == "the server answers 302: Found"


def test_a_server_that_is_down_ends_the_asking_and_no_row_is_lost(site: Chat) -> None:
    site.faults = [401] * 10_000
    rows: list[Exchange] = []
    with pytest.raises(ServerDownError, match="the server answers 401"):
        rows.extend(Teacher(settings(site, give_up_after=5, requests_at_once=2)).answers(map(request, range(1_000))))
    assert 5 <= len(rows) == len(site.asked) <= 5 + 2 * 2


def test_failures_that_are_not_in_a_row_do_not_end_it(site: Chat) -> None:
    teacher = Teacher(settings(site, give_up_after=3, requests_at_once=1))
    site.faults = [401, 401]
    site.answer = lambda *_: site.faults.extend([401, 401]) or rating() if len(site.asked) < 9 else rating()
    rows = list(teacher.answers(map(request, range(20))))
    assert [bool(row.failure) for row in rows] == [True, True, False] * 3 + [False] * 11


@pytest.mark.parametrize("status", [400, 413, 422])
def test_texts_that_a_working_server_refuses_do_not_end_it(site: Chat, status: int) -> None:
    teacher = Teacher(settings(site, give_up_after=3, requests_at_once=1))
    site.answer = lambda *_: site.faults.extend([status] * 9) or rating() if len(site.asked) < 9 else rating()
    rows = list(teacher.answers(map(request, range(20))))
    assert [row.finish for row in rows] == ["stop"] + ["refused"] * 9 + ["stop"] * 10
    assert {row.failure for row in rows} == {"", "api"}


def test_refusals_end_it_where_no_reply_ever_came(site: Chat) -> None:
    site.faults = [400] * 1_000
    with pytest.raises(ServerDownError, match="the server answers 400"):
        ask(site, 100, give_up_after=3, requests_at_once=1)


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        row = Teacher(ChatSettings(url=url, model="m", retries=1, backoff_seconds=0.001)).answer(request(0))
    assert row.detail.endswith("refused), after 2 tries")


def test_the_key_is_sent_and_told_to_nobody(
    site: Chat, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    site.said = json.dumps({"error": {"message": f"no such key: Bearer {KEY}, {KEY[:20]}..."}}).encode()
    site.faults = [401, 500, 500, 500]
    site.answer = lambda *_: f"You sent Bearer {KEY}. {rating()}"
    given = settings(site, key_file=key_file(tmp_path))
    teacher = Teacher(given)
    rows = [teacher.answer(request(number)) for number in range(3)]
    assert {one.authorization for one in site.asked} == {f"Bearer {KEY}"}
    assert rows[0].detail.startswith("the server answers 401: no such key: Bearer ...")
    assert rows[1].detail.startswith("the server answers 500: no such key: Bearer ...")
    assert rows[2].reply.startswith("You sent Bearer ...")
    assert not rows[2].failure
    told = caplog.text + "".join(capfd.readouterr()) + repr(rows) + repr(teacher) + repr(given)
    assert not any(KEY[place : place + 8] in told for place in range(len(KEY) - 7))


def test_a_short_key_is_no_secret_that_spoils_answers(site: Chat, tmp_path: Path) -> None:
    assert ask(site, key_file=key_file(tmp_path, b"4"))[0].reply == rating()
    assert site.asked[0].authorization == "Bearer 4"


@pytest.mark.parametrize("content", [b"", b" \n", b"two words", "schl\u00fcssel".encode(), b"a\r\nX: b", b"x" * 10_001])
def test_a_file_that_holds_no_key_is_refused_without_its_content(site: Chat, tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ValueError, match="expected one API key in") as caught:
        Teacher(settings(site, key_file=key_file(tmp_path, content)))
    assert not content.strip() or content.decode() not in str(caught.value)


def test_a_key_file_that_is_not_there(site: Chat, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be read \(No such file or directory\)"):
        Teacher(settings(site, key_file=str(tmp_path / "none")))


@pytest.mark.parametrize("url", ["", "localhost:8000/v1", "http://user:secret@h/v1", "http://h/v1?key=secret"])
def test_an_address_that_is_none_or_holds_a_secret(url: str) -> None:
    with pytest.raises(ValueError, match="no plain address") as caught:
        Teacher(ChatSettings(url=url, model="m"))
    assert "secret" not in str(caught.value)


def test_a_model_must_be_named(site: Chat) -> None:
    with pytest.raises(ValueError, match="found no model"):
        Teacher(ChatSettings(url=site.url))


def test_no_server_is_named_by_default() -> None:
    assert ServerSettings().url == ""


def test_waits_double_with_jitter(site: Chat) -> None:
    site.faults = [500] * 3
    began = time.monotonic()
    assert not ask(site, retries=3, backoff_seconds=0.1)[0].failure
    assert 0.35 <= time.monotonic() - began < 5  # half of 0.1 + 0.2 + 0.4 at least


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda x: (
        st.lists(x, max_size=3)
        | st.dictionaries(st.sampled_from(["choices", "message", "content", "refusal", "finish_reason"]), x)
    ),
)


@given(json_values)
def test_any_reply_is_read_or_refused(reply: object) -> None:
    for one in (
        reply,
        {"choices": reply},
        {"choices": [{"message": reply}]},
        {"choices": [{"message": {"content": reply}}]},
    ):
        try:
            found = read_reply(json.dumps(one).encode())
        except BadReplyError:
            continue
        (found.text + found.finish).encode()


def test_an_endless_reply_is_none(site: Chat) -> None:
    site.answer = lambda *_: "4/5 " * 300_000
    (row,) = ask(site)
    assert (row.reply, row.failure, row.detail) == ("", "api", "the reply has 1200000 characters, more than 1000000")


def test_a_refusal_is_a_text_and_a_lone_surrogate_is_none() -> None:
    message = {"content": None, "refusal": "No. \ud800"}
    assert read_reply(json.dumps({"choices": [{"message": message}]}).encode()).text == "No. \ufffd\ufffd\ufffd"
