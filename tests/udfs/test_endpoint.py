"""The endpoint proposer against a server on localhost that fails in every way we know of."""

import json
import logging
import math
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.completions_server import Completions, serving
from udfs.programs.completions import BadReplyError, read_choices
from udfs.programs.effects import Level
from udfs.programs.endpoint import EndpointSettings, endpoint_proposer
from udfs.programs.prompts import Prompt
from udfs.programs.proposer import Proposal, Request

KEY = "sk-made-up-0123456789abcdef"


@pytest.fixture
def site() -> Iterator[Completions]:
    with serving() as found:
        yield found


def settings(site: Completions, **changes: Any) -> EndpointSettings:
    quick: dict[str, Any] = {"retries": 2, "backoff_seconds": 0.001, "timeout_seconds": 0.3, "request_seconds": 5.0}
    return EndpointSettings(url=site.url, model="refiner", **{**quick, **changes})


def request(number: int, level: Level = "chunk") -> Request:
    prompt = Prompt(f"<s>[INST] {number}", (1, 518, number), "v", 1, truncated=False)
    return Request(f"d{number}", level, 0, 0, 0, 0, 1, "x", prompt)


def ask(site: Completions, count: int = 3, level: Level = "chunk", **changes: Any) -> list[Proposal]:
    return list(endpoint_proposer(settings(site, **changes))([request(number, level) for number in range(count)]))


def test_chunks_are_asked_of_their_own_model_where_there_is_one(site: Completions) -> None:
    for changes in ({}, {"chunk_model": "cleaner"}):
        ask(site, 1, "document", **changes)
        ask(site, 1, "chunk", **changes)
    assert [one.payload["model"] for one in site.asked] == ["refiner", "refiner", "refiner", "cleaner"]


def programs(proposals: list[Proposal]) -> list[str]:
    return [one.program for one in proposals]


EXPECTED = [f"keep_doc() # [1, 518, {number}]" for number in range(3)]


def test_prompts_go_as_ids_in_batches_and_answers_come_back_in_order(site: Completions) -> None:
    assert programs(ask(site, 5, prompts_per_request=2)) == [f"keep_doc() # [1, 518, {n}]" for n in range(5)]
    assert [one.payload["prompt"] for one in site.asked] == [
        [[1, 518, 0], [1, 518, 1]],
        [[1, 518, 2], [1, 518, 3]],
        [[1, 518, 4]],
    ]
    first = site.asked[0]
    assert (first.path, first.authorization) == ("/v1/completions", None)
    assert {name: first.payload[name] for name in ("model", "temperature", "max_tokens", "logprobs", "stream")} == {
        "model": "refiner",
        "temperature": 0.0,
        "max_tokens": 256,
        "logprobs": 1,
        "stream": False,
    }


def test_a_server_that_puts_the_first_token_before_a_text_gets_the_text_without(site: Completions) -> None:
    assert programs(ask(site, 1, send="text", logprobs=False)) == ["keep_doc() # [INST] 0"]
    assert "logprobs" not in site.asked[0].payload


def test_documents_and_chunks_have_limits_of_their_own(site: Completions) -> None:
    propose = endpoint_proposer(settings(site))
    found = propose([request(0), request(1, "document"), request(2)])
    assert programs(list(found)) == EXPECTED
    assert [(one.payload["max_tokens"], len(one.payload["prompt"])) for one in site.asked] == [(32, 1), (256, 2)]


def test_no_requests_no_call(site: Completions) -> None:
    assert ask(site, 0) == []
    assert site.asked == []


def test_answers_out_of_order_are_put_in_order(site: Completions) -> None:
    site.faults = ["shuffle"]
    assert programs(ask(site)) == EXPECTED
    assert len(site.asked) == 1


@pytest.mark.parametrize(
    "fault",
    [
        500,
        503,
        429,
        408,
        "hang",
        "cut",
        "close",
        b"",
        b"<html>",
        b"[]",
        b"{}",
        b'{"choices": []}',
        b'{"choices": [1]}',
        b'{"choices": [{"index": 3, "text": "x"}]}',
        b'{"choices": [{"index": 0, "text": "x"}, {"index": 0, "text": "y"}]}',
        b'{"choices": [{"index": 0, "text": null}]}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
    ids=str,
)
def test_what_may_pass_is_tried_again(site: Completions, fault: int | str | bytes) -> None:
    site.faults = [fault, fault]
    assert programs(ask(site)) == EXPECTED
    assert len(site.asked) == 3


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (500, "the server answers 500: Internal Server Error, after 3 tries"),
        ("hang", "the request to URL fails (timed out), after 3 tries"),
        (b"<html>", "the reply is no JSON, after 3 tries"),
        ("close", "the request to URL fails (Remote"),
    ],
)
def test_what_does_not_pass_is_an_error_in_each_proposal(site: Completions, fault: Any, error: str) -> None:
    site.faults = [fault] * 3
    found = ask(site)
    assert len(found) == 3
    for one in found:
        assert (one.program, one.finish, one.score) == ("", "error", None)
        assert one.error.startswith(error.replace("URL", f"{site.url}/completions"))


def test_a_server_that_is_not_there() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}/v1"
        propose = endpoint_proposer(EndpointSettings(url=url, model="m", retries=1, backoff_seconds=0.001))
        (found,) = propose([request(0)])
    assert found.error.endswith("refused), after 2 tries")


def test_a_server_that_drips_meets_the_limit_of_time(site: Completions) -> None:
    site.faults = ["drip"] * 9
    began = time.monotonic()
    (found,) = ask(site, 1, request_seconds=0.5)
    assert found.error.startswith("the reply is not here in time")
    assert time.monotonic() - began < 2


def test_one_bad_prompt_does_not_cost_the_others(site: Completions) -> None:
    site.too_long = lambda prompt: prompt[-1] == 5
    site.said = b'{"error": {"message": "This model\'s maximum context length is 2048 tokens"}}'
    found = ask(site, 8)
    assert [bool(one.error) for one in found] == [number == 5 for number in range(8)]
    assert found[5].error == "the server answers 400: This model's maximum context length is 2048 tokens"
    assert programs(found)[4] == "keep_doc() # [1, 518, 4]"


def test_prompts_that_the_server_passes_over_are_asked_again(site: Completions) -> None:
    site.faults = ["part", "part"]
    assert programs(ask(site, 4)) == [f"keep_doc() # [1, 518, {n}]" for n in range(4)]
    assert [len(one.payload["prompt"]) for one in site.asked] == [4, 2, 1]


@pytest.mark.parametrize("status", [401, 403, 404])
def test_what_no_retry_mends_is_not_retried(site: Completions, status: int) -> None:
    site.faults = [status]
    assert all(one.error.startswith(f"the server answers {status}") for one in ask(site))
    assert len(site.asked) == 1


def test_a_redirect_is_not_followed(site: Completions, tmp_path: Path) -> None:
    site.faults = ["moved"]
    assert ask(site, 1, key_file=key_file(tmp_path))[0].error == "the server answers 302: Found"


def test_a_server_that_is_down_gets_one_try_a_request_until_it_answers(site: Completions) -> None:
    propose = endpoint_proposer(settings(site, prompts_per_request=1))
    site.faults = [500] * (3 * 3 + 2)
    found = propose([request(number) for number in range(6)])
    assert [bool(one.error) for one in found] == [True] * 5 + [False]
    assert len(site.asked) == 3 * 3 + 2 + 1
    site.faults = [500] * 2
    assert not propose([request(0)])[0].error


def test_retry_after_is_obeyed_up_to_the_longest_wait(site: Completions) -> None:
    site.headers["Retry-After"] = "100"
    site.faults = [429]
    began = time.monotonic()
    assert programs(ask(site, backoff_max_seconds=0.2)) == EXPECTED
    assert 0.2 <= time.monotonic() - began < 2


def test_waits_double_with_jitter(site: Completions) -> None:
    site.faults = [500] * 3
    began = time.monotonic()
    assert programs(ask(site, retries=3, backoff_seconds=0.1)) == EXPECTED
    assert 0.35 <= time.monotonic() - began < 5  # half of 0.1 + 0.2 + 0.4 at least


@pytest.mark.parametrize(
    ("level", "logprobs", "score"),
    [
        ("document", [-0.5, -0.25], math.exp(-0.75)),
        ("chunk", [-0.5, -0.25], math.exp(-0.375)),
        ("chunk", None, None),
        ("chunk", [], None),
        ("chunk", [-0.5, None], None),
        ("chunk", [float("nan")], None),
        ("chunk", ["-1"], None),
        ("document", [1e300], None),
        ("document", [-9999.0], 0.0),
        ("document", [0.5], 1.0),  # rounding above zero
    ],
)
def test_scores(site: Completions, level: Level, logprobs: Any, score: float | None) -> None:
    site.logprobs = logprobs
    (found,) = ask(site, 1, level)
    assert (found.score, found.finish) == (pytest.approx(score), "stop")


def test_what_a_model_writes_is_passed_on_as_it_is(site: Completions) -> None:
    site.answer = lambda prompt: ' normalize("\ud800") \n'
    (found,) = ask(site, 1)
    assert found.program.startswith(' normalize("')
    found.program.encode()


def key_file(folder: Path, content: bytes = KEY.encode() + b"\n") -> str:
    path = folder / "key"
    path.write_bytes(content)
    return str(path)


def test_the_key_is_sent_and_told_to_nobody(
    site: Completions, tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    site.said = json.dumps({"error": {"message": f"no such key: Bearer {KEY}, {KEY[:20]}..."}}).encode()
    site.faults = [401, 500, 500, 500]
    given = settings(site, key_file=key_file(tmp_path))
    propose = endpoint_proposer(given)
    found = [*propose([request(0)]), *propose([request(1)])]
    assert {one.authorization for one in site.asked} == {f"Bearer {KEY}"}
    assert found[0].error.startswith("the server answers 401: no such key: Bearer ...")
    assert found[1].error.startswith("the server answers 500: no such key: Bearer ...")
    told = caplog.text + "".join(capfd.readouterr()) + repr(found) + repr(propose) + repr(given)
    assert not any(KEY[place : place + 8] in told for place in range(len(KEY) - 7))


@pytest.mark.parametrize("content", [b"", b" \n", b"two words", "schl\u00fcssel".encode(), b"a\r\nX: b", b"x" * 10_001])
def test_a_file_that_holds_no_key_is_refused_without_its_content(
    site: Completions, tmp_path: Path, content: bytes
) -> None:
    with pytest.raises(ValueError, match="expected one API key in") as caught:
        endpoint_proposer(settings(site, key_file=key_file(tmp_path, content)))
    assert not content.strip() or content.decode() not in str(caught.value)


def test_a_key_file_that_is_not_there(site: Completions, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"cannot be read \(No such file or directory\)"):
        endpoint_proposer(settings(site, key_file=str(tmp_path / "none")))


@pytest.mark.parametrize(
    "url",
    [
        "localhost:8000/v1",
        "ftp://h/v1",
        "http://user:secret@h/v1",
        "http://h/v1?key=secret",
        "http://h:port/v1",
        "http:///v1",
        "http://[h/v1",
        "http://h/a b",
        "http://h\u00e4/v1",
    ],
)
def test_an_address_that_is_none_or_holds_a_secret(url: str) -> None:
    with pytest.raises(ValueError, match="no plain address") as caught:
        endpoint_proposer(EndpointSettings(url=url, model="m"))
    assert "secret" not in str(caught.value)


def test_a_model_must_be_named(site: Completions) -> None:
    with pytest.raises(ValueError, match="found no model"):
        endpoint_proposer(EndpointSettings(url=site.url))


@pytest.mark.parametrize("index", [-1, 2, 10**30, True, None, "0", 1.0])
def test_an_answer_to_no_prompt_spoils_the_reply(index: object) -> None:
    reply = {"choices": [{"index": 0, "text": "a"}, {"index": index, "text": "b"}]}
    with pytest.raises(BadReplyError, match="without an index of its own under 2"):
        read_choices(json.dumps(reply).encode(), 2)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda x: (
        st.lists(x, max_size=3)
        | st.dictionaries(
            st.sampled_from(["choices", "index", "text", "finish_reason", "logprobs", "token_logprobs"]), x
        )
    ),
)


@given(json_values, st.integers(1, 3))
def test_any_reply_is_read_or_refused(reply: object, count: int) -> None:
    for one in (
        reply,
        {"choices": reply},
        {"choices": [reply]},
        {"choices": [{"index": 0, "text": "", "logprobs": reply}]},
    ):
        try:
            found = read_choices(json.dumps(one).encode(), count)
        except BadReplyError:
            continue
        assert found
        assert set(found) <= set(range(count))
