"""Batches and pending work: what is grouped, what is pending after a change, and the reason that is given."""

import json

from pyspark.sql import DataFrame

from jobs.runtime.progress import Batch, BatchSettings, _difference, grow, plan
from jobs.runtime.stage import Stage, key_of, read_back
from udfs.crawl.files import InputFile
from udfs.settings import Section


class Numbers(Section):
    limit: float = 1.0
    threads: int = 1


def transform(*frames: DataFrame) -> DataFrame:
    return frames[0]


RULES = ("udfs.text.edits",)
STAGES = (
    Stage("read", reads=("batches",), writes=("documents",), transform=transform, rules=RULES, unkeyed=("threads",)),
    Stage("measure", reads=("documents",), writes=("screened",), transform=transform, rules=RULES),
    Stage(
        "compare",
        reads=("screened",),
        writes=("duplicates",),
        transform=transform,
        rules=RULES,
        history=("duplicates",),
    ),
    Stage("show", reads=("screened", "duplicates"), writes=("corpus",), transform=transform, rules=RULES),
)
SECTIONS = {stage.name: Numbers() for stage in STAGES}
A, B, C = (InputFile(f"/in/{name}.warc.gz", 100, f"etag-{name}") for name in "abc")
ONE, TWO = Batch(1, "crawl", (A,)), Batch(2, "crawl", (B,))


def done_after(batches: list[Batch], sections: dict[str, Section] = SECTIONS) -> dict:
    """`progress` after everything pending was done."""
    pending = plan(STAGES, batches, {}, sections)
    return {(work.stage.name, work.batch.batch): {"key": key_of(work.parts), "parts": work.parts} for work in pending}


def names(pending: list) -> list[tuple[str, int]]:
    return [(work.stage.name, work.batch.batch) for work in pending]


def test_everything_is_pending_on_an_empty_lake_in_the_order_of_the_flow() -> None:
    assert names(plan(STAGES, [ONE, TWO], {}, SECTIONS)) == [
        (stage.name, number) for number in (1, 2) for stage in STAGES
    ]


def test_work_is_the_first_where_progress_has_no_row_of_it() -> None:
    assert all(work.is_first for work in plan(STAGES, [ONE, TWO], {}, SECTIONS))
    changed = {**SECTIONS, "measure": Numbers(limit=2.0)}
    pending = plan(STAGES, [ONE, TWO], done_after([ONE]), changed)
    assert {work.batch.batch for work in pending if work.is_first} == {2}
    assert not any(work.is_first for work in pending if work.batch.batch == 1)


def test_nothing_is_pending_when_all_is_done() -> None:
    assert plan(STAGES, [ONE, TWO], done_after([ONE, TWO]), SECTIONS) == []


def test_a_new_batch_leaves_the_others_alone() -> None:
    assert names(plan(STAGES, [ONE, TWO], done_after([ONE]), SECTIONS)) == [(stage.name, 2) for stage in STAGES]


def test_a_changed_threshold_redoes_what_follows_and_says_why() -> None:
    changed = {**SECTIONS, "measure": Numbers(limit=2.0)}
    pending = plan(STAGES, [ONE], done_after([ONE]), changed)
    assert [(work.stage.name, work.reasons) for work in pending] == [
        ("measure", ("limit: 1.0 -> 2.0",)),
        ("compare", ("its input screened changes",)),
        ("show", ("its input screened changes", "its input duplicates changes")),
    ]


def test_a_setting_that_changes_no_row_redoes_nothing() -> None:
    assert plan(STAGES, [ONE], done_after([ONE]), {**SECTIONS, "read": Numbers(threads=9)}) == []


def test_a_changed_early_batch_reaches_later_ones_only_through_history() -> None:
    changed = ONE._replace(files=(A._replace(etag="new"),))
    pending = plan(STAGES, [changed, TWO], done_after([ONE, TWO]), SECTIONS)
    assert names(pending) == [(stage.name, 1) for stage in STAGES] + [("compare", 2), ("show", 2)]
    assert pending[4].reasons == ("duplicates of earlier batches changes",)


def test_a_change_in_the_middle_reaches_the_batches_after_it_only() -> None:
    three = Batch(3, "crawl", (C,))
    changed = TWO._replace(files=(B._replace(etag="new"),))
    pending = plan(STAGES, [ONE, changed, three], done_after([ONE, TWO, three]), SECTIONS)
    assert names(pending) == [(stage.name, 2) for stage in STAGES] + [("compare", 3), ("show", 3)]


def test_a_stage_whose_commit_is_missing_is_done_again_alone() -> None:
    done = done_after([ONE])
    del done["measure", 1]
    assert names(plan(STAGES, [ONE], done, SECTIONS)) == [("measure", 1)]


def test_changed_code_and_models_are_named() -> None:
    done = done_after([ONE])
    done["measure", 1] = {"key": "old", "parts": {**done["measure", 1]["parts"], "code": "old", "model rater": "old"}}
    (work,) = plan(STAGES, [ONE], done, SECTIONS)
    assert set(work.reasons) == {"the code of its rules changed", "rater changed"}


def test_infinite_limits_are_part_of_the_key() -> None:
    one = STAGES[1].parts(Numbers(limit=float("inf")))
    two = STAGES[1].parts(Numbers(limit=float("-inf")))
    assert read_back(one["settings"])["limit"] == float("inf")
    assert key_of(one) != key_of(two)


def test_batches_are_filled_up_to_their_limits_by_crawl_and_path() -> None:
    files = [InputFile(f"/CC-MAIN-2026-{week}/{n}.gz", 40, "e") for week in (14, 10) for n in (2, 1, 3)]
    made = grow([], files, BatchSettings(batch_bytes=100))
    assert [(b.batch, b.crawl, [f.path[-4] for f in b.files]) for b in made] == [
        (1, "CC-MAIN-2026-10", ["1", "2"]),
        (2, "CC-MAIN-2026-10", ["3"]),
        (3, "CC-MAIN-2026-14", ["1", "2"]),
        (4, "CC-MAIN-2026-14", ["3"]),
    ]


def test_a_file_larger_than_a_batch_is_a_batch() -> None:
    made = grow([], [A, B], BatchSettings(batch_bytes=1))
    assert [b.files for b in made] == [(A,), (B,)]


def test_known_files_are_not_grouped_again_and_gone_ones_stay() -> None:
    assert grow([ONE], [A], BatchSettings()) == []
    assert grow([ONE, TWO], [C], BatchSettings()) == [Batch(3, "crawl", (C,))]


def test_a_file_whose_content_changed_stays_in_its_batch() -> None:
    new = A._replace(etag="other", size_bytes=7)
    (made,) = grow([ONE, TWO], [new, B], BatchSettings())
    assert made == Batch(1, "crawl", (new,))
    assert made.key != ONE.key


def test_the_order_of_the_input_does_not_matter() -> None:
    assert grow([], [C, A, B], BatchSettings(batch_files=2)) == grow([], [B, C, A], BatchSettings(batch_files=2))


def test_steps_that_come_and_go_are_named_and_not_printed() -> None:
    before = {"rules": {"few": {"at_least": 1}, "many": {"at_most": 5}}}
    now = {"rules": {"few": {"at_least": 2}, "marks": {"at_most": 3}}}
    assert _difference("settings", json.dumps(before), json.dumps(now)) == [
        "rules.few.at_least: 1 -> 2",
        "gone: rules.many",
        "new: rules.marks",
    ]
