"""`corpusmill judge` on a small lake: who is drawn, what is stored, and what is printed."""

import http.client
import json
import re
import signal
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pyspark.sql import SparkSession

from jobs.catalog import TABLES
from jobs.judging import judge as judging
from jobs.judging.journal import Journal, judgement_of
from jobs.judging.samples import Design, Sample, draw
from jobs.judging.sitting import Sitting
from jobs.judging.thresholds import Asked, threshold_of
from jobs.runtime.cli import run_command
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.lake import Lake
from jobs.runtime.stage import written
from tests.jobs.judged_documents import drawn
from tests.small_lake import write
from tests.tables import rows as rows_of
from udfs.models.criteria import CRITERIA
from udfs.programs.refining import ExecuteSettings
from udfs.text.rules import Cut, Rule

pytestmark = [pytest.mark.spark, pytest.mark.usefixtures("spark")]

RULES = {
    "word_count": Rule(measure="word_count", at_least=50, at_most=1_000).model_dump(),
    "newline_runs": Cut(edit="newline_runs").model_dump(),
    "symbol_ratio": Rule(measure="symbol_ratio", at_most=0.1).model_dump(),
    "letters": Rule(measure="alphabetic_words_ratio").model_dump(),
}
# Words of documents that word_count decides, by offset: kept from 50 on.
WORDS = {1: 50, 2: 52, 3: 55, 4: 60, 5: 70, 6: 900, 11: 49, 12: 45, 13: 30}
GOOD = {1, 2, 3, 11}  # what the person keeps


def place(offset: int) -> dict[str, Any]:
    return {"doc_id": f"{offset:032x}", "offset": offset, "file": "/crawl/a.gz", "url": f"http://a.test/{offset}"}


def commit(stage: str, settings: Mapping[str, Any]) -> dict[str, Any]:
    return {"stage": stage, "finished_at": datetime(2026, 1, 1, tzinfo=UTC), "parts": {"settings": written(settings)}}


def screened(offset: int, words: float, reason: str | None, **signals: float) -> dict[str, Any]:
    return place(offset) | {
        "keep": reason is None, "reason": reason, "signals": {"word_count": float(words)} | signals, "text": None
    }  # fmt: skip


def rated(offset: int, expected: float | None) -> dict[str, Any]:
    scores = {name: int((expected or 2) + 0.5) for name in CRITERIA}
    vector = None if expected is None else [expected] * len(CRITERIA)
    told = {"domain": "law", "edu": None, "format": 4, "model": "feedfacecafe0123", "confidence": 1.0}
    return place(offset) | scores | told | {"keep": True, "expected": vector}


def refined(offset: int, words: int, removed: int, reason: str | None, **more: Any) -> dict[str, Any]:
    edits = [(0, 1, "", "remove_lines")] if removed else []
    counts = {"words": words, "words_removed": removed, "programs": 1, "edits": edits}
    return place(offset) | counts | {"keep": reason is None, "reason": reason, "text": f"rated {offset}"} | more


def tables() -> dict[str, list[dict[str, Any]]]:
    """Documents that word_count decides, one that another rule rejects, one that fails word_count's other limit, one
    that failed, and one that has no signal; some with programs and ratings."""
    decided = [
        screened(at, words, None if words >= 50 else "word_count", symbol_ratio=0.05) for at, words in WORDS.items()
    ]
    others = [
        screened(20, 51.0, "symbol_ratio", symbol_ratio=0.2),
        screened(21, 1_001.0, "word_count"),
        screened(22, 0.0, "failed"),
        place(23) | {"keep": True, "reason": None, "signals": {}, "text": ""},
    ]
    texts = [
        place(at) | {"text": f"{'good' if at in GOOD else 'bad'} text {at}", "chars": 9, "title": f"T{at}"}
        for at in (*WORDS, *range(20, 24))
    ]
    programs = [place(at) | {"program": "keep_chunk()", "model": "refiner-1", "level": "chunk"} for at in (1, 2, 3, 5)]
    return {
        "documents": texts,
        "screened": [*decided, *others],
        "deduplicated": [place(at) | {"keep": True, "text": f"received {at}"} for at in WORDS],
        "programs": [*programs, place(4) | {"program": "", "model": "refiner-1", "level": "chunk"}],
        "refined": [
            refined(1, 100, 90, None),
            refined(2, 100, 10, None),
            refined(3, 100, 0, "drop_document"),
            refined(4, 100, 0, None, programs=0),
            refined(5, 100, 96, "little_left"),
            refined(6, 100, 0, None),
        ],
        "ratings": [rated(1, 4.4), rated(2, 2.6), rated(4, 2.4), rated(6, 1.2), rated(5, None)],
        "progress": [commit("screen", {"rules": RULES}), commit("execute", ExecuteSettings().model_dump())],
    }


@pytest.fixture(scope="module")
def lake(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Lake:
    folder = tmp_path_factory.mktemp("judge") / "lake"
    for name, given in tables().items():
        write(TABLES[name], [row | {"batch": 3} for row in given], f"{folder}/{name}")
    return Lake(spark, str(folder))


def sampled(lake: Lake, asked: Asked, **design: Any) -> Sample:
    return draw(lake, threshold_of(lake, asked), Design(**design))


def sides(sample: Sample) -> dict[str, dict[int, float]]:
    """The signals by offset, of each side."""
    return {side: {one.offset: one.signal for one in sample.documents if one.side == side} for side in ("keep", "drop")}


def test_documents_that_the_rule_alone_decides_are_drawn(lake: Lake) -> None:
    sample = sampled(lake, Asked(rule="word_count"))
    found = sides(sample)
    assert found["keep"] == {offset: words for offset, words in WORDS.items() if words >= 50}
    assert found["drop"] == {offset: words for offset, words in WORDS.items() if words < 50}
    assert {(one.side, one.side_documents) for one in sample.documents} == {("keep", 6), ("drop", 3)}
    one = next(one for one in sample.documents if one.offset == 11)
    assert (one.title, one.text, one.chars, one.url) == ("T11", "good text 11", 12, "http://a.test/11")
    told = json.loads(sample.design)
    assert (told["name"], told["bound"], told["limit"]) == ("screen.word_count", "at_least", 50)
    assert told["sides"] == {"keep": {"documents": 6, "farthest": 850.0}, "drop": {"documents": 3, "farthest": 20.0}}


def test_the_nearest_or_those_in_a_band_are_the_population(lake: Lake) -> None:
    near = sampled(lake, Asked(rule="word_count"), near=2)
    assert sides(near) == {"keep": {1: 50, 2: 52}, "drop": {11: 49, 12: 45}}
    assert {one.side_documents for one in near.documents} == {2}
    band = sampled(lake, Asked(rule="word_count"), band=10)
    assert sides(band) == {"keep": {1: 50, 2: 52, 3: 55, 4: 60}, "drop": {11: 49, 12: 45}}
    assert {(one.side, one.side_documents) for one in band.documents} == {("keep", 4), ("drop", 2)}


def test_more_hold_the_fewer_and_a_seed_draws_others(lake: Lake) -> None:
    fewer, more = (sampled(lake, Asked(rule="word_count"), documents=count, near=6) for count in (4, 8))
    assert {one.offset for one in fewer.documents} < {one.offset for one in more.documents}
    assert fewer.id == more.id
    assert {len(one) for one in sides(fewer).values()} == {2}
    again = sampled(lake, Asked(rule="word_count"), documents=4, near=6)
    assert again == fewer
    others = [sampled(lake, Asked(rule="word_count"), documents=4, seed=seed) for seed in range(1, 4)]
    assert any({one.offset for one in other.documents} != {one.offset for one in fewer.documents} for other in others)
    assert fewer.id not in {other.id for other in others}


def test_another_limit_and_the_other_side_of_a_rule(lake: Lake) -> None:
    assert sides(sampled(lake, Asked(rule="word_count", limit="56"))) == {
        "keep": {4: 60, 5: 70, 6: 900}, "drop": {1: 50, 2: 52, 3: 55, 11: 49, 12: 45, 13: 30}
    }  # fmt: skip
    upper = sampled(lake, Asked(rule="word_count", limit="at_most"))
    assert sides(upper) == {"keep": {at: w for at, w in WORDS.items() if w >= 50}, "drop": {21: 1_001}}
    assert json.loads(upper.design)["bound"] == "at_most"
    assert json.loads(sampled(lake, Asked(rule="word_count", limit="905")).design)["bound"] == "at_most"


def test_scores_are_compared_before_rounding(lake: Lake) -> None:
    sample = sampled(lake, Asked(score="overall_score"))
    keep, drop = sides(sample).values()
    assert keep == pytest.approx({1: 4.4, 2: 2.6})
    assert drop == pytest.approx({4: 2.4, 5: 2.0, 6: 1.2})
    assert {one.text for one in sample.documents} == {f"rated {at}" for at in (1, 2, 4, 5, 6)}
    with pytest.raises(CorpusmillError, match=r"no documents on the drop side of rate\.format at least 2\.5 at all"):
        sampled(lake, Asked(score="format"))


def test_programs_that_took_much_stand_against_those_that_rejected(lake: Lake) -> None:
    sample = sampled(lake, Asked(stage="execute"))
    keep, drop = sides(sample).values()
    assert keep == pytest.approx({1: 0.1, 2: 0.9})
    assert drop == pytest.approx({3: 0.0, 5: 0.04})
    assert {one.text for one in sample.documents} == {f"received {at}" for at in (1, 2, 3, 5)}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (
            Asked(rule="word_cuont"),
            "expected one of word_count (at least 50, at most 1,000); symbol_ratio (at most 0.1).",
        ),
        (Asked(rule="newline_runs"), "--rule newline_runs: found no such rule with a limit"),
        (Asked(rule="letters"), "--rule letters: found no such rule with a limit"),
        (Asked(rule="word_count", limit="above"), "expected one of its limits (at_least, at_most), or a number"),
        (Asked(score="edu", limit="nan"), "--limit nan: found no limit of edu"),
        (Asked(stage="execute", limit="3"), "expected it with --rule or --score"),
    ],
)
def test_what_is_not_there_is_a_sentence(lake: Lake, asked: Asked, said: str) -> None:
    with pytest.raises(CorpusmillError, match=re.escape(said)):
        threshold_of(lake, asked)


# --- the command


@contextmanager
def person(monkeypatch: pytest.MonkeyPatch, verdict_of: Callable[[str], str], count: int) -> Iterator[list[str]]:
    """Somebody who answers `count` documents by their text, over HTTP, and then finishes; the texts in order."""
    seen: list[str] = []
    served = judging.served

    def answer(address: str) -> None:
        url = urlsplit(address)

        def ask(method: str, body: str | None = None) -> str:
            connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
            connection.request(method, url.path, body)
            text = connection.getresponse().read().decode()
            connection.close()
            return text

        for number in range(1, count + 1):
            seen.append(re.search(r'<p class="line" dir="auto">(.*?)</p>', ask("GET"))[1])
            ask("POST", f"{verdict_of(seen[-1])}={number}")
        ask("POST", "finish=1")

    @contextmanager
    def watched(sitting: Sitting, port: int) -> Iterator[str]:
        with served(sitting, port) as address:
            thread = threading.Thread(target=answer, args=(address,))
            thread.start()
            yield address
            thread.join()

    with monkeypatch.context() as patched:
        patched.setattr(judging, "served", watched)
        yield seen


def by_text(text: str) -> str:
    return "keep" if text.startswith("good") else "drop"


def test_a_sitting_is_stored_and_gone_on_with_and_comes_to_figures(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["judge", "--lake", lake.location, "--rule", "word_count", "--judge", "anna"]
    assert run_command(["judge", "--lake", lake.location]) == 0
    assert "Nothing is judged yet" in capsys.readouterr().out

    with person(monkeypatch, by_text, 4) as first:
        assert run_command(command) == 0
    out = capsys.readouterr().out
    assert re.search(
        r"9 documents around screen.word_count at least 50\. Open this page .*\n\n  http://127\.0\.0\.1:\d+/", out
    )
    assert "Stored 4 judgements" in out
    with person(monkeypatch, by_text, 5) as second:
        assert run_command(command) == 0
    assert sorted(first + second) == sorted(f"{'good' if at in GOOD else 'bad'} text {at}" for at in WORDS)
    capsys.readouterr()
    assert run_command(command) == 0
    out = capsys.readouterr().out
    assert "All 9 documents of this sample are judged by anna" in out

    stored = rows_of(Path(lake.location), "judgements")
    assert {row["offset"]: row["verdict"] for row in stored} == {at: "keep" if at in GOOD else "drop" for at in WORDS}
    assert {(row["judge"], row["batch"], row["file"]) for row in stored} == {("anna", 3, "/crawl/a.gz")}
    assert not list((Path(lake.location) / "_judging").iterdir())
    # All 9 are judged, so each stands for itself. The rule keeps 6, of them 3 good; it drops 3, of them 1 good.
    line = next(line for line in out.splitlines() if line.startswith("screen.word_count at least 50  "))
    assert re.search(r" 9 +56% \(27% to 81%\) +0\.14 \(.*?\) +33% \(.*?\) +11% \(.*?\) +0\.40 \(.*?\)$", line)
    assert "\nscreen.word_count  " not in out, "the rule says the same as the threshold"
    assert "Always keep, of 9 documents, so agree 44% (19% to 73%): screen.symbol_ratio" in out
    # The rater saw 1 and 2 (good) and 4, 5, 6 (bad), and orders them as the person does.
    line = next(line for line in out.splitlines() if line.startswith("rate.overall_score >= 2.5 by feedfacecafe "))
    assert re.match(r".* 5 +100% \(57% to 100%\) +1\.00 \(1\.00 to 1\.00\) +0% .* 1\.00 \(1\.00 to 1\.00\)$", line)
    assert "execute by refiner-1" in out
    assert "judged by anna: 9 documents (4 keep, 5 drop, 0 skip)" in out


def test_what_a_killed_process_left_is_stored_once(lake: Lake, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed before the table had it, and killed between the table and the end of the journal."""
    folder = Path(lake.location) / "_judging"
    journal = Journal(folder)
    one = drawn(1, file="/crawl/a.gz", side_documents=6)
    judgements = [judgement_of(one, "ben", verdict, 1.0, "cafe", DESIGN) for verdict in ("keep", "skip")]
    for judgement in judgements:
        journal.note(judgement)
    assert run_command(["judge", "--lake", lake.location]) == 0
    assert "Stored" not in capsys.readouterr().out, "the process still lives"
    journal.close()
    left = journal.path.read_bytes()
    assert run_command(["judge", "--lake", lake.location]) == 0
    assert "Stored 2 judgements" in capsys.readouterr().out
    journal.path.write_bytes(left)
    assert run_command(["judge", "--lake", lake.location]) == 0
    assert "Stored" not in capsys.readouterr().out
    assert not journal.path.exists()
    stored = [row["judgement"] for row in rows_of(Path(lake.location), "judgements") if row["judge"] == "ben"]
    assert sorted(stored) == sorted(judgement.judgement for judgement in judgements)


DESIGN = json.dumps(
    {"name": "screen.word_count", "bound": "at_least", "limit": 50.0, "about": "documents",
     "sides": {"keep": {"documents": 6, "farthest": 1.0}, "drop": {"documents": 3, "farthest": 1.0}}}
)  # fmt: skip


def test_ctrl_c_ends_a_sitting(lake: Lake, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    served = judging.served

    @contextmanager
    def interrupted(sitting: Sitting, port: int) -> Iterator[str]:
        with served(sitting, port) as address:
            sitting.answer("skip", 1)
            timer = threading.Timer(0.2, signal.raise_signal, (signal.SIGINT,))
            timer.start()
            yield address
            timer.join()

    monkeypatch.setattr(judging, "served", interrupted)
    previous = signal.signal(signal.SIGINT, signal.default_int_handler)  # Spark's own would end jobs too
    try:
        assert run_command(["judge", "--lake", lake.location, "--rule", "word_count", "--judge", "carl"]) == 0
    finally:
        signal.signal(signal.SIGINT, previous)
    assert "judged by carl: 1 document (0 keep, 0 drop, 1 skip)" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--judge", "a\nb"], "found no name"),
        (["--port", "70000"], "--port 70000: found no port"),
        (["--limit", "3"], "--limit 3: found no threshold, expected --rule or --score too"),
        (["--rule", "a", "--score", "edu"], "not allowed with argument"),
        (["--score", "beauty"], "invalid choice"),
        (["--band", "0"], "expected a number above 0"),
        (
            ["--rule", "word_count", "--band", "0.1"],
            "no documents on the drop side of screen.word_count at least 50 within 0.1",
        ),
    ],
)
def test_wrong_options_are_sentences(
    lake: Lake, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_command(["judge", "--lake", lake.location, *options]) == 2
    assert said in capsys.readouterr().err


def test_an_empty_lake_is_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for options in (["--rule", "word_count"], ["--score", "edu"], ["--stage", "execute"]):
        assert run_command(["judge", "--lake", str(tmp_path / "none"), *options]) == 2
        assert "expected some to judge; corpusmill run comes first" in capsys.readouterr().err
