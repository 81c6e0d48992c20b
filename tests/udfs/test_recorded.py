"""Recorded programs: both kinds of file, and rows that are none."""

import gzip
import io
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from udfs.programs.recorded import BadRow, RecordedLimits, RecordedProgram, read_programs, to_program

ROW: dict[str, Any] = {
    "doc_id": "d1",
    "level": "chunk",
    "chunk": 2,
    "first_line": 25,
    "last_line": 40,
    "program": "remove_lines(start=25, end=26)",
    "model": "web-chunk-refining-lm",
    "finish": "stop",
    "score": 0.75,
}
PROGRAM = RecordedProgram(
    "d1", "", "chunk", 2, 25, 40, "remove_lines(start=25, end=26)", "web-chunk-refining-lm", "stop", 0.75
)


def read(content: bytes, limits: RecordedLimits | None = None) -> list[RecordedProgram | BadRow]:
    return list(read_programs(io.BytesIO(content), "programs.jsonl", limits or RecordedLimits()))


def jsonl(*rows: object) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def parquet(rows: list[dict[str, Any]]) -> bytes:
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return out.getvalue()


@pytest.mark.parametrize(
    "stored", [bytes, gzip.compress, zstandard.ZstdCompressor().compress], ids=["plain", "gzip", "zstd"]
)
def test_json_lines(stored: Callable[[bytes], bytes]) -> None:
    least = {"url": "http://a.example/", "level": "document", "program": ""}
    found = read(stored(b"\xef\xbb\xbf" + jsonl(ROW) + b"\n" + jsonl(least)))
    assert found == [
        PROGRAM,
        RecordedProgram("", "http://a.example/", "document", 0, None, None, "", "", "recorded", None),
    ]


def test_parquet_with_other_columns_and_nulls() -> None:
    found = read(parquet([{**ROW, "note": "x"}, {**ROW, "chunk": None, "first_line": None, "last_line": None}]))
    assert found == [PROGRAM, PROGRAM._replace(chunk=0, first_line=None, last_line=None)]


def test_numbers_that_went_through_pandas() -> None:
    found = read(
        parquet([{**ROW, "first_line": 25.0, "last_line": 40.0, "score": float("nan"), "chunk": float("nan")}])
    )
    assert found == [PROGRAM._replace(chunk=0, score=None)]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"doc_id": None}, "expected doc_id or url, found neither"),
        ({"doc_id": 7}, "expected a string in doc_id, found 7"),
        ({"level": None}, "expected document or chunk in level, found ''"),
        ({"level": "page"}, "expected document or chunk in level, found 'page'"),
        ({"program": None}, "expected a string in program, found nothing"),
        ({"program": ["keep_doc()"]}, "expected a string in program, found a value of type list"),
        ({"program": "x" * 101}, "the program has 101 characters, more than 100"),
        ({"first_line": None}, "expected first_line up to last_line or neither, found None and 40"),
        ({"first_line": 41}, "expected first_line up to last_line or neither, found 41 and 40"),
        ({"first_line": -1}, "expected a number from 0 to 2147483647 in first_line, found -1"),
        ({"first_line": 1.5}, "expected a number from 0 to 2147483647 in first_line, found 1.5"),
        ({"last_line": 2**31}, "expected a number from 0 to 2147483647 in last_line, found 2147483648"),
        ({"chunk": True}, "expected a number from 0 to 2147483647 in chunk, found True"),
        ({"chunk": "2"}, "expected a number from 0 to 2147483647 in chunk, found a value of type str"),
        ({"score": 1.5}, "expected a number from 0 to 1 in score, found 1.5"),
        ({"score": float("inf")}, "expected a number from 0 to 1 in score, found inf"),
        ({"model": {}}, "expected a string in model, found a value of type dict"),
    ],
)
def test_a_row_that_is_none_has_a_reason(change: dict[str, Any], reason: str) -> None:
    found = read(jsonl(ROW, {**ROW, **change}, ROW), RecordedLimits(program_chars=100))
    assert found == [PROGRAM, BadRow("programs.jsonl", 1, reason), PROGRAM]
    assert str(found[1]) == f"programs.jsonl, row 1: {reason}"


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "the line is no JSON: Expecting property name enclosed in double quotes at character 1"),
        (b"[1]", "expected a JSON object, found a value of type list"),
        (b"\xff", "the line is no UTF-8: invalid start byte at byte 0"),
        (b"9" * 5000, "the line is JSON that cannot be read (ValueError)"),
        (b" " * 2000, "the line has 2000 bytes, more than 1000"),
    ],
)
def test_a_line_that_is_no_row(line: bytes, reason: str) -> None:
    limits = RecordedLimits(line_bytes=1000 if line.isspace() else 1 << 20)
    assert read(jsonl(ROW) + line + b"\n" + jsonl(ROW), limits) == [
        PROGRAM,
        BadRow("programs.jsonl", 1, reason),
        PROGRAM,
    ]


def test_a_file_that_breaks_off_gives_what_is_before() -> None:
    whole = gzip.compress(jsonl(*[{**ROW, "program": f"{number * 7919 % 1000} {number}"} for number in range(2000)]))
    found = read(whole[: len(whole) // 2])
    assert all(isinstance(one, RecordedProgram) for one in found[:-1])
    assert len(found) > 100
    last = found[-1]
    assert isinstance(last, BadRow)
    assert last.reason == "the file breaks off: the file ends inside a gzip member"
    assert last.row in {len(found) - 1, len(found) - 2}


def test_parquet_that_is_broken_or_lacks_a_column() -> None:
    whole = parquet([ROW] * 3)
    (cut,) = read(whole[: len(whole) // 2])
    assert isinstance(cut, BadRow)
    assert cut.reason.startswith("the Parquet file breaks off: ")
    (lacking,) = read(parquet([{"doc_id": "d", "text": "x", "level": "chunk"}]))
    assert lacking == BadRow("programs.jsonl", 0, "the file has no column program, found doc_id, level")


def test_parquet_strings_that_are_no_text() -> None:
    bad = pa.array([b"ok", b"\xff"]).cast(pa.binary()).view(pa.string())
    table = pa.table({"doc_id": ["a", "b"], "level": ["chunk"] * 2, "program": bad})
    out = io.BytesIO()
    pq.write_table(table, out)
    first, second = read(out.getvalue())
    assert isinstance(first, RecordedProgram)
    assert second == BadRow("programs.jsonl", 1, "expected a string in program, found bytes that are no UTF-8")


def test_lone_surrogates_are_replaced() -> None:
    (found,) = read(jsonl({**ROW, "program": "normalize('\ud800')"}))
    assert isinstance(found, RecordedProgram)
    assert found.program.isprintable()
    found.program.encode()


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5), lambda x: st.lists(x, max_size=2)
)


@given(st.dictionaries(st.sampled_from([*ROW, "url"]), json_values))
def test_any_record_is_a_program_or_a_reason(record: dict[str, Any]) -> None:
    for one in (record, {**ROW, **record}):
        found = to_program(one)
        assert isinstance(found, RecordedProgram) or found.startswith("expected")


@given(st.binary(max_size=200), st.sampled_from([b"", b"PAR1", b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd"]))
def test_any_bytes_are_read_to_the_end(content: bytes, start: bytes) -> None:
    read(start + content)
