"""What became of a page: each kind of fate, the step that decided and its numbers, on made-up rows; no JVM."""

import re
from pathlib import Path

import pytest

from jobs.explaining import meanings
from jobs.explaining.composed import left, received
from jobs.explaining.explained import Explained, explained, key_of, summary, whole_edits
from jobs.explaining.fate import Kind, State, Step, fate_of, fate_of_lost
from jobs.explaining.numbers import Number, limits_of, shown
from jobs.explaining.rows import Found, Lost
from tests.jobs.explained_rows import (
    KEEPER,
    TEXT,
    corpus,
    cut,
    deduplicated,
    document,
    place,
    program,
    progress,
    published,
    ratings,
    screened,
    stopped,
)
from udfs.programs.refining import ExecuteSettings
from udfs.text.edits import apply

ALL = ["ingest", "screen", "dedup_exact", "dedup_minhash", "dedup_substring", "dedup_bloom", "propose", "execute"]


def steps(found: Found) -> dict[str, Step]:
    return {step.stage: step for step in fate_of(found).steps}


def gives_the_corpus(told: Explained) -> None:
    """The shown cuts on the shown text give the text of the corpus."""
    assert told.found.corpus is not None
    assert apply(told.found.document["text"], whole_edits(told)) == told.found.corpus["text"]
    assert received(told.pieces) == told.found.document["text"]
    assert not told.warnings


# --- in the corpus


def test_kept_untouched() -> None:
    told = explained(published())
    assert told.fate.kind is Kind.PUBLISHED
    assert (told.fate.stage, told.fate.reason) == ("", "")
    assert told.fate.sentence == "In the corpus: domain culture, quality 4, 70 tokens."
    assert [step.stage for step in told.fate.steps] == [*[one for one in ALL if one != "propose"], "rate", "publish"]
    assert {step.state for step in told.fate.steps} == {State.KEPT}
    assert summary(told) == f"{len(TEXT)} characters, untouched."
    assert not told.keys
    gives_the_corpus(told)


SCREEN = [cut(TEXT, "\n\n\n", "newline_runs", "\n"), cut(TEXT, "me@river.test", "email_addresses", "<email>")]
AFTER_SCREEN = "".join(TEXT.replace("\n\n\n", "\n").replace("me@river.test", "<email>"))
SEEN = [cut(AFTER_SCREEN, "Home | About | Contact\n", "repeated_substring")]
AFTER_SEEN = AFTER_SCREEN.removeprefix("Home | About | Contact\n")
PROGRAMS = [program("remove_lines(start=4, end=5)\nnormalize('<email>', 'us')\nnormalize('nowhere', '')")]


@pytest.mark.parametrize(
    ("found", "counts"),
    [
        (published(screen=SCREEN), {("screen", "newline_runs"): 1, ("screen", "email_addresses"): 1}),
        (published(seen=[cut(TEXT, "\nShare this page", "seen_paragraph")]), {("dedup_bloom", "seen_paragraph"): 1}),
        (published(seen=[cut(TEXT, "Home | About | Contact\n", "repeated_substring")]),
         {("dedup_substring", "repeated_substring"): 1}),
        (published(programs=[program("remove_lines(0, 0)")]), {("execute", "remove_lines"): 1}),
    ],
    ids=["screen", "dedup_bloom", "dedup_substring", "execute"],
)  # fmt: skip
def test_kept_with_cuts_by_one_stage(found: Found, counts: dict[tuple[str, str], int]) -> None:
    told = explained(found)
    assert told.fate.kind is Kind.PUBLISHED
    assert {name: key.edits for name, key in told.keys.items()} == counts
    assert {key_of(piece.cut) for piece in told.pieces if piece.cut} == set(counts)
    gives_the_corpus(told)


def test_kept_with_cuts_by_every_stage_composed_onto_the_first_text() -> None:
    told = explained(published(screen=SCREEN, seen=SEEN, programs=PROGRAMS))
    gives_the_corpus(told)
    final = left(told.pieces)
    assert final.startswith("The river was high")
    assert final.endswith("Write to us for the tale.\nOn the fourth day the water fell.")
    by_sign = {key.sign: (key.stage, key.reason) for key in told.keys.values()}
    assert by_sign == {
        "S1": ("screen", "newline_runs"), "S2": ("screen", "email_addresses"),
        "R1": ("dedup_substring", "repeated_substring"),
        "E1": ("execute", "normalize"), "E2": ("execute", "remove_lines"),
    }  # fmt: skip
    masked = [piece for piece in told.pieces if piece.put and piece.put.reason == "email_addresses"]
    assert [(piece.text, piece.cut and piece.cut.reason) for piece in masked] == [("<email>", "normalize")]
    assert "6 edits" not in summary(told)
    assert "5 edits (2 by screen, 1 by dedup_substring, 2 by execute)" in summary(told)


def test_programs_stand_beside_the_lines_that_they_touch() -> None:
    told = explained(published(screen=SCREEN, seen=SEEN, programs=PROGRAMS))
    assert AFTER_SEEN.split("\n")[4] == "Share this page"
    assert told.notes == {
        2: ['chunk 0: normalize(source_str="<email>", target_str="us")'],
        4: ["chunk 0: remove_lines(start=4, end=5)"],
    }
    beside = {row.seen_number: row for row in told.rows if row.seen_number in told.notes}
    assert beside[4].number == 7, "counted in the page as extracted, from 0"
    assert "Share" in "".join(piece.text for piece in beside[4].pieces)
    (reviewed,) = told.programs
    assert [verdict.reason for verdict in reviewed.verdicts] == [None, None, "missing_target"]


def test_a_replacement_is_of_the_longest_string_that_stands_there() -> None:
    text = "On the river, three boats waited three days for the tide.\nThen all of them went out to sea."
    said = program("normalize('three', '3')\nnormalize('three days', 'some time')\nnormalize('Then', 'So')")
    told = explained(published(text, programs=[said]))
    assert {line: [note.partition("source_str=")[2] for note in notes] for line, notes in told.notes.items()} == {
        0: ['"three", target_str="3")', '"three days", target_str="some time")'],
        1: ['"Then", target_str="So")'],
    }
    gives_the_corpus(told)


def test_taken_from_a_legacy_charset() -> None:
    found = published()._replace(document=document(charset="windows-1251"))
    assert "from windows-1251, a legacy character encoding" in steps(found)["ingest"].said
    assert "legacy" not in steps(published())["ingest"].said


# --- rejected


def test_rejected_by_a_rule_with_its_number_and_limits() -> None:
    row = screened(TEXT, [], "word_count") | {"signals": {"word_count": 3.0}}
    fate = fate_of(Found(document(), row, progress=progress()))
    assert (fate.kind, fate.stage, fate.reason) == (Kind.REJECTED, "screen", "word_count")
    last = fate.steps[-1]
    assert last.numbers == (Number("word_count", 3.0, "at least 5, at most 100,000", passes=False),)
    assert last.said == "word_count is 3, expected at least 5, at most 100,000"


def test_rejected_by_an_edit_that_left_no_text() -> None:
    row = screened("\n\n\n", [], "newline_runs") | {"signals": {"word_count": 9.0, "newline_runs": 0.0}}
    last = fate_of(Found(document(), row, progress=progress())).steps[-1]
    assert last.numbers[-1] == Number("newline_runs", 0.0, "text left behind the edit", passes=False)
    assert last.numbers[0].passes


def test_all_signals_of_a_page_that_was_measured_on_are_shown_in_the_recipes_order() -> None:
    row = screened(TEXT, [], "word_count") | {"signals": {"symbol_ratio": 0.2, "word_count": 3.0, "gone": 1.0}}
    told = fate_of(Found(document(), row, progress=progress())).steps[-1].numbers
    assert [(one.name, one.passes) for one in told] == [("word_count", False), ("symbol_ratio", False), ("gone", None)]


def test_rejected_by_the_filter_of_seen_text() -> None:
    whole = [{"start": 0, "end": len(TEXT), "replacement": "", "reason": "seen_document"}]
    row = deduplicated(TEXT, whole, "seen_document", contained=180)
    told = explained(stopped(published()._replace(deduplicated=row), "deduplicated"))
    assert (told.fate.kind, told.fate.stage, told.fate.reason) == (Kind.REJECTED, "dedup_bloom", "seen_document")
    last = told.fate.steps[-1]
    assert last.numbers == (Number("share of n-grams seen before", 0.9, "at most 0.8", passes=False),)
    assert last.said.startswith(meanings.DEDUPLICATED["seen_document"])
    assert left(told.pieces) == ""


@pytest.mark.parametrize(
    ("programs", "reason"),
    [
        ([program("drop_doc()", level="document")], "drop_document"),
        ([program("remove_lines(0, 99)")], "little_left"),
        ([program("remove_lines(1, 99)")], "too_short"),
        ([program("hm", level="document")], "no_decision"),
    ],
)
def test_rejected_by_programs(programs: list[dict[str, object]], reason: str) -> None:
    settings = ExecuteSettings.model_validate({"strict": {"keep_undecided": False, "min_words": 20}})
    told = explained(stopped(published(programs=programs, execute=settings), "refined"))
    assert (told.fate.kind, told.fate.stage, told.fate.reason) == (Kind.REJECTED, "execute", reason)
    assert told.fate.steps[-1].said.startswith(meanings.REFINED[reason])
    rejecting = {one.name for one in told.fate.steps[-1].numbers if one.passes is False}
    wanted = {"little_left": {"words after programs", "share of words kept"}, "too_short": {"words after programs"}}
    assert rejecting == wanted.get(reason, set())


# --- duplicates, losses, and what is not done


def test_a_near_duplicate_with_its_keeper_and_the_difference() -> None:
    row = place("dedup_minhash", "near_duplicate", similarity=0.82)
    found = stopped(published(), "screened")._replace(
        duplicates={"dedup_exact": place("dedup_exact"), "dedup_minhash": row},
        keeper={"doc_id": KEEPER, "url": "http://old.test/", "text": TEXT.replace("three days", "four nights")},
    )
    told = explained(found)
    assert (told.fate.kind, told.fate.stage, told.fate.reason) == (Kind.DUPLICATE, "dedup_minhash", "near_duplicate")
    (number,) = told.fate.steps[-1].numbers
    assert (number.value, number.passes) == (0.82, False)
    assert KEEPER in told.fate.steps[-1].said
    assert told.differs is not None
    assert [(one.side.value, one.text) for one in told.differs.words if one.side != "both"] == [
        ("here", "three days"), ("there", "four nights"),
    ]  # fmt: skip


@pytest.mark.parametrize("reason", ["duplicate_url", "duplicate_text"])
def test_an_exact_duplicate(reason: str) -> None:
    found = stopped(published(), "screened")._replace(duplicates={"dedup_exact": place("dedup_exact", reason)})
    fate = fate_of(found)
    assert (fate.kind, fate.stage, fate.reason) == (Kind.DUPLICATE, "dedup_exact", reason)
    assert meanings.DUPLICATES[reason] in fate.steps[-1].said


def test_lost_before_it_became_a_document() -> None:
    loss = {"stage": "ingest", "file": "a.warc", "offset": 7, "reason": "bad_http", "detail": "no status line"}
    fate = fate_of_lost(Lost("http://x.test/", [loss]))
    assert (fate.kind, fate.stage, fate.reason) == (Kind.LOST, "ingest", "bad_http")
    assert fate.steps[0].said == "the HTTP head of a response cannot be read; no status line"


def test_lost_at_a_later_stage() -> None:
    found = stopped(published(), "refined")._replace(
        ratings=ratings(keep=False, reason="failed", detail=None),
        losses=[{"stage": "rate", "reason": "failed", "detail": "the model said nan"}],
    )
    fate = fate_of(found)
    assert (fate.kind, fate.stage, fate.reason) == (Kind.LOST, "rate", "failed")
    assert "the model said nan" in fate.steps[-1].said
    assert not explained(found).scores


def test_waiting_for_a_stage() -> None:
    done = {name: row for name, row in progress().items() if name not in {"execute", "rate", "publish"}}
    fate = fate_of(stopped(published(), "deduplicated")._replace(progress=done))
    assert (fate.kind, fate.stage) == (Kind.WAITING, "execute")


def test_stages_that_are_switched_off_are_passed() -> None:
    found = published()._replace(
        duplicates={"dedup_exact": place("dedup_exact")},
        progress=progress(dedup_minhash=None, dedup_substring=None, propose=None),
    )
    off = [step.stage for step in fate_of(found).steps if step.state is State.OFF]
    assert off == ["dedup_minhash", "dedup_substring", "propose"]
    assert fate_of(found).kind is Kind.PUBLISHED


def test_a_dry_run_is_shown_and_cuts_nothing() -> None:
    told = explained(published(programs=[program("remove_lines(0, 0)")], execute=ExecuteSettings(dry_run=True)))
    assert told.fate.kind is Kind.PUBLISHED
    assert left(told.pieces) == TEXT
    assert [piece.text for piece in told.pieces if piece.would] == ["Home | About | Contact\n"]
    assert [key.made for key in told.keys.values()] == [False]


def test_what_the_filter_only_wrote_down_is_not_cut() -> None:
    both = [cut(TEXT, "Home", "repeated_substring"), cut(TEXT, "\nShare this page", "seen_paragraph")]
    row = deduplicated(TEXT, both[:1]) | {"edits": both}
    settings = {"annotate": True, "threshold": 0.8, "mode": "old-both"}
    found = published(seen=both[:1])._replace(deduplicated=row, progress=progress(dedup_bloom=settings))
    gives_the_corpus(explained(found))


def test_rows_that_do_not_fit_together_are_a_warning() -> None:
    found = published()
    assert explained(found._replace(corpus=corpus("other"))).warnings
    broken = deduplicated(TEXT) | {"edits": [{"start": 0, "end": 10**6, "replacement": "", "reason": "seen_paragraph"}]}
    told = explained(found._replace(deduplicated=broken))
    assert received(told.pieces) == TEXT
    assert "do not fit" in told.warnings[0]
    old = progress(execute={"of": "another version"})
    assert any("another version" in one for one in explained(found._replace(progress=old)).warnings)


# --- numbers and sentences


def test_numbers_as_a_person_reads_them() -> None:
    assert [shown(value) for value in (3.0, 12345.0, 0.123456, 1234.56)] == ["3", "12,345", "0.1235", "1,234.6"]
    assert [shown(value) for value in (float("nan"), float("inf"))] == ["nan", "inf"]
    assert limits_of({"at_least": 2, "above": float("-inf"), "below": 7.5}) == "at least 2, below 7.5"


def test_meanings_are_those_of_the_document() -> None:
    text = (Path(__file__).parents[2] / "docs/reasons.md").read_text("utf-8")

    def table(heading: str) -> dict[str, str]:
        part = text.partition(f"\n## {heading}\n")[2]
        part = re.split(r"^##+ ", part, maxsplit=1, flags=re.MULTILINE)[0]
        rows = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("| `")]
        return {cells[0].strip(" `"): cells[1].strip() for cells in rows}

    assert table("`losses`") == meanings.LOSSES
    assert table("`duplicates`") == meanings.DUPLICATES
    assert table("`deduplicated`") == meanings.DEDUPLICATED
    assert table("Edits of `repeats` and `deduplicated`") == meanings.EDITS
    assert table("`refined`") == meanings.REFINED
    assert meanings.meaning("screen", "word_count") == ""
