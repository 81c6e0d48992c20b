"""The labelling job against a chat server on localhost and against recorded answers; no JVM, no model."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs.label_texts import main
from jobs.training.rated_texts import read_rated_texts
from tests.udfs.chat_server import Chat, good_answer, rating, serving
from udfs.models.criteria import CRITERIA
from udfs.teaching.labels import SCHEMA

ROOT = Path(__file__).parents[2]
KEY = "sk-made-up-0123456789abcdef"
TEXTS = [
    {"id": f"s/{n}", "text": f"Text {n} about computers.", "source": "s", "url": f"http://h{n // 3}.org/{n}"}
    for n in range(30)
]


@pytest.fixture
def site() -> Iterator[Chat]:
    with serving() as found:
        yield found


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    path = tmp_path / "texts.parquet"
    pq.write_table(pa.Table.from_pylist(TEXTS), path)
    return path


def run(texts: Path, *more: str, site: Chat | None = None) -> int:
    server = ["--url", site.url, "--model", "teacher"] if site else []
    quick = ["--retries", "0", "--backoff-seconds", "0.001", "--licence", "CC0-1.0"]
    return main(["--texts", str(texts), "--out", str(texts.parent / "out"), *server, *quick, *more])


def labels(texts: Path, name: str = "labels") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(texts.parent / f"out/{name}.parquet").to_pylist()
    return rows


def report(texts: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((texts.parent / "out/report.json").read_text())
    return found


def test_texts_become_labels_that_the_trainer_reads(site: Chat, texts: Path) -> None:
    assert run(texts, site=site) == 0
    assert len(site.asked) == 90
    rows = labels(texts)
    assert [row["id"] for row in rows] == [row["id"] for row in TEXTS]
    first = rows[0]
    assert {name: first[name] for name in ("domain", "edu", "format", "keep", "licence", "round", "second")} == {
        "domain": "E",
        "edu": 3,
        "format": 4,
        "keep": True,
        "licence": "CC0-1.0",
        "round": 1,
        "second": None,
    }
    assert "".join(str(first[name]) for name in CRITERIA) == "44543524544454"
    for name in ("labels", "train"):
        found = read_rated_texts(texts.parent / f"out/{name}.parquet")
        assert found.open.all()
        assert set(found.scores[:, -2]) == {3.0}
    assert sum(len(labels(texts, part)) for part in ("train", "valid", "test")) == 30
    assert {row["split"] for row in labels(texts, "test")} == {"test"}
    assert report(texts)["parts"] == {"s": {"train": 24, "valid": 3, "test": 3}}


def test_the_columns_are_those_of_the_shared_ratings(data: Path) -> None:
    shared = pq.read_schema(data / "ratings/ratings.parquet")
    assert [SCHEMA.field(name) for name in shared.names] == [shared.field(name) for name in shared.names]


def test_the_shared_ratings_come_back_from_answers_that_say_them(data: Path, tmp_path: Path) -> None:
    """Real texts and real ratings, said as a model would say them."""
    rated = pq.read_table(data / "ratings/ratings.parquet").slice(0, 300).to_pylist()
    replies = [
        {"id": row["id"], "task": task, "reply": said}
        for row in rated
        for task, said in (
            ("rating", rating(row["domain"], "".join(str(row[name]) for name in CRITERIA))),
            ("edu", f"So.\nEducational score: {row['edu']}"),
            ("format", f"So.\n**Extraction Quality Score:** {row['format']}/5"),
        )
    ]
    texts, recorded = tmp_path / "texts.parquet", tmp_path / "recorded.parquet"
    columns = ("id", "text", "source", "lang", "licence")
    pq.write_table(pa.Table.from_pylist([{name: row[name] for name in columns} for row in rated]), texts)
    pq.write_table(pa.Table.from_pylist(replies), recorded)
    assert run(texts, "--recorded", str(recorded)) == 0
    found = labels(texts)
    same = [name for name in rated[0] if name not in ("second", "round")]
    assert [{name: row[name] for name in same} for row in found] == [
        {name: row[name] for name in same} for row in rated
    ]
    assert all(row["keep"] == (row["edu"] >= 3 or (row["edu"] == 2 and row["format"] >= 4)) for row in found)


def test_what_is_answered_is_not_asked_again(site: Chat, texts: Path) -> None:
    assert run(texts, site=site) == 0
    before = labels(texts)
    assert run(texts, site=site) == 0
    assert run(texts) == 0
    assert len(site.asked) == 90
    assert labels(texts) == before


def test_failures_are_asked_again_up_to_three_rounds(site: Chat, texts: Path, capsys: Any) -> None:
    def answer(system: str, user: str) -> str:
        if "Text 7 " in user and "[14]" in user:
            return "I would rather not."
        again = sum(one.user == user for one in site.asked)
        return "N/A" if "Text 9 " in user and again < 3 else good_answer(system, user)

    site.answer = answer
    assert run(texts, site=site) == 0
    rows = {row["id"]: row for row in labels(texts)}
    assert "s/7" not in rows
    assert rows["s/9"]["round"] == 3
    assert len(site.asked) == 90 + 2 + 3 * 2
    assert report(texts)["unanswered"] == {"no_score": 1}
    assert report(texts)["failed_rounds"] == {"no_score": 3, "not_applicable": 6}
    assert labels(texts, "failed") == [{"id": "s/7", "task": "rating", "rounds": 3, "failure": "no_score"}]
    assert (texts.parent / "out/requests.jsonl").read_bytes() == b""
    assert capsys.readouterr().err.splitlines()[-1] == "round 3: 4 asked, 1 without an answer"
    assert run(texts, site=site) == 0
    assert len(site.asked) == 98


def test_a_server_that_stops_answering_keeps_what_came(site: Chat, texts: Path, capsys: Any) -> None:
    site.answer = lambda system, user: site.faults.extend([500] * 1_000) or good_answer(system, user)
    assert run(texts, "--give-up-after", "5", "--requests-at-once", "1", site=site) == 1
    assert "run this again to go on" in capsys.readouterr().err
    asked = len(site.asked)
    assert asked < 20
    site.answer, site.faults = good_answer, []
    assert run(texts, site=site) == 0
    assert len(site.asked) == asked + 90 - 1
    assert len(labels(texts)) == 30


def test_a_text_that_the_server_refuses_is_asked_about_once_a_run(site: Chat, texts: Path) -> None:
    site.refuses = lambda user: "Text 7 " in user or "Text 8 " in user
    for run_number in (1, 2):
        assert run(texts, "--give-up-after", "3", "--requests-at-once", "1", site=site) == 0
        assert len(site.asked) == 90 + 6 * (run_number - 1)
    assert {row["rounds"] for row in labels(texts, "failed")} == {2}
    assert report(texts)["unanswered"] == {"api": 6}
    site.refuses = lambda user: False
    assert run(texts, site=site) == 0
    assert len(labels(texts)) == 30


def test_an_interrupted_run_says_how_to_go_on(site: Chat, texts: Path, capsys: Any, monkeypatch: Any) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("jobs.label_texts.write_labels", interrupted)
    assert run(texts, site=site) == 130
    assert capsys.readouterr().err.endswith("run this again to go on.\n")


def test_without_a_server_nothing_is_asked_and_requests_are_written(texts: Path, tmp_path: Path) -> None:
    assert run(texts) == 0
    assert labels(texts) == []
    requests = [json.loads(line) for line in (tmp_path / "out/requests.jsonl").read_text("utf-8").splitlines()]
    assert len(requests) == 90
    recorded = tmp_path / "recorded.jsonl"
    replies = [row | {"reply": good_answer("", row["messages"][1]["content"])} for row in requests]
    recorded.write_text("\n".join(map(json.dumps, replies)))
    assert run(texts, "--recorded", str(recorded)) == 0
    assert len(labels(texts)) == 30
    assert (tmp_path / "out/requests.jsonl").read_bytes() == b""


def test_some_tasks_alone(site: Chat, texts: Path) -> None:
    assert run(texts, "--tasks", "edu", "format", site=site) == 0
    assert len(site.asked) == 60
    row = labels(texts)[0]
    assert (row["domain"], row["overall_score"], row["edu"], row["keep"]) == (None, None, 3, True)


def test_a_second_teacher_has_a_column(site: Chat, texts: Path, tmp_path: Path) -> None:
    second = str(tmp_path / "second.jsonl")
    site.answer = lambda system, user: rating("B", "1" * 14) if "[14]" in user else good_answer(system, user)
    assert run(texts, "--answers", second, site=site) == 0
    site.answer = good_answer
    assert run(texts, "--second", second, site=site) == 0
    row = labels(texts)[0]
    assert row["domain"] == "E"
    assert row["second"] == {"domain": "B", "scores": [1] * 14, "edu": 3, "format": 4}


def test_balance_adds_rows_to_the_training_part_alone(site: Chat, texts: Path) -> None:
    site.answer = lambda system, user: (
        rating("A", "1" * 14) if "[14]" in user and "5 about" in user else good_answer(system, user)
    )
    assert run(texts, "--balance-times", "2", site=site) == 0
    assert len(labels(texts)) == 30
    train = labels(texts, "train")
    low = [row["id"] for row in train if row["overall_score"] == 1]
    assert len(train) == report(texts)["train_rows"] == 24 + len(low) - len(set(low))
    assert len(low) > len(set(low))


def test_the_key_is_nowhere_but_in_requests(site: Chat, texts: Path, tmp_path: Path, capfd: Any) -> None:
    (tmp_path / "key").write_text(KEY)
    site.said = json.dumps({"error": {"message": f"bad key {KEY}"}}).encode()
    site.faults = [401] * 4
    site.answer = lambda system, user: f"Bearer {KEY}\n{good_answer(system, user)}"
    assert run(texts, "--key-file", str(tmp_path / "key"), site=site) == 0
    assert {one.authorization for one in site.asked} == {f"Bearer {KEY}"}
    written = b"".join(path.read_bytes() for path in (tmp_path / "out").iterdir() if path.suffix != ".parquet")
    told = written.decode() + "".join(capfd.readouterr()) + repr([labels(texts), labels(texts, "failed")])
    assert "bad key ..." in told
    assert not any(KEY[place : place + 8] in told for place in range(len(KEY) - 7))


@pytest.mark.parametrize(
    ("more", "sentence"),
    [
        (["--url", "localhost", "--model", "m"], "no plain address"),
        (["--url", "http://127.0.0.1:9/v1"], "found no model"),
        (["--url", "http://127.0.0.1:9/v1", "--model", "m", "--key-file", "/none/key"], "cannot be read"),
        (["--rounds", "0"], "--rounds is 0, expected 1 or more"),
        (["--held-out-ratio", "2"], "--held-out-ratio is 2.0: Input should be less than or equal to 0.5"),
        (["--tokens-field", "x"], "--tokens-field is 'x'"),
        (["--tokenizer", "/none/tokenizer.json"], "cannot be read as a tokenizer"),
        (["--texts", "/none/texts"], "found no text"),
        (["--out", "/dev/null/x"], "/dev/null/x cannot be written"),
        (["--out", "/dev/null/x", "--url", "http://127.0.0.1:9/v1", "--model", "m"], "cannot be written"),
    ],
)
def test_bad_input_is_told_in_a_sentence(texts: Path, more: list[str], sentence: str, capsys: Any) -> None:
    assert run(texts, *more) == 2
    told = capsys.readouterr().err.splitlines()[-1]
    assert sentence in told


def test_texts_are_cut_by_the_tokenizer_that_is_named(site: Chat, tmp_path: Path) -> None:
    texts = tmp_path / "texts.jsonl"
    texts.write_text(json.dumps({"id": "a", "text": " ".join(map(str, range(1_000)))}))
    tokenizer = str(ROOT / "tests/data/tiny-decoder/tokenizer.json")
    for more in ([], ["--tokenizer", tokenizer]):
        assert run(texts, "--half-tokens", "50", "--tasks", "edu", *more, site=site) == 0
    by_words, by_tokens = (one.user.partition("Text:\n")[2] for one in site.asked)
    assert by_words.startswith("0 1 2 ")
    assert by_words.endswith(" 998 999")
    assert len(by_tokens) < len(by_words)


def test_a_run_that_was_killed_goes_on(site: Chat, texts: Path) -> None:
    site.slow_seconds = 0.02
    out = texts.parent / "out"
    command = [sys.executable, "-m", "jobs.label_texts", "--texts", str(texts), "--out", str(out)]
    command += ["--url", site.url, "--model", "teacher", "--requests-at-once", "2", "--licence", "CC0-1.0"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    answers = out / "answers.jsonl"
    while process.poll() is None and (not answers.exists() or answers.read_bytes().count(b"\n") < 20):
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    kept = answers.read_bytes().count(b"\n")
    asked = len(site.asked)
    assert 20 <= kept < 90
    site.slow_seconds = 0
    assert run(texts, site=site) == 0
    assert len(labels(texts)) == 30
    assert len(site.asked) == asked + 90 - kept
