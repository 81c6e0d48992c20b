"""JSON lines and Parquet: published shapes, bad rows, damaged streams, bounded memory."""

import gzip
import io
import json
import subprocess
import sys
import zlib
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from udfs.crawl.losses import Loss, LossReason
from udfs.crawl.row_fields import field_map, instant
from udfs.crawl.rows import FIELD_MAPS, FieldMap, Fields, Row, RowLimits, read_jsonl, read_parquet

DATA = Path(__file__).parents[2] / "../shared/data"
LIMITS = RowLimits()
WARC_ID = "<urn:uuid:7a2f0f3c-0000-4000-8000-00000000000a>"
NOON = datetime(2023, 1, 31, 11, 13, 31, tzinfo=UTC)

# name of the map -> (record, expected url, record id, language, title); all fetched at NOON, if the shape has a date
SHAPES = {
    "dclm": (
        {
            "text": "A page.",
            "url": "http://a.example/x",
            "warcinfo": "robots: classic",
            "metadata": {
                "WARC-Date": "2023-01-31T11:13:31Z",
                "WARC-Record-ID": WARC_ID,
                "WARC-Target-URI": "http://a.example/x",
                "Content-Type": "application/http; msgtype=response",
            },
        },
        ("http://a.example/x", WARC_ID, None, None),
    ),
    "redpajama_v2": (
        {
            "url": "http://b.example/",
            "date_download": "2023-01-31T11:13:31Z",
            "digest": "sha1:AAAA",
            "length": 7,
            "title": "B",
            "raw_content": "A page.",
            "language": "en",
            "perplexity": 211.5,
            "line_ids": [0, 1],
        },
        ("http://b.example/", None, "en", "B"),
    ),
    "wet": (
        {
            "WARC-Target-URI": "http://c.example/",
            "WARC-Date": "2023-01-31T11:13:31Z",
            "WARC-Record-ID": WARC_ID,
            "content": "A page.",
        },
        ("http://c.example/", WARC_ID, None, None),
    ),
    "fineweb": (
        {
            "text": "A page.",
            "id": WARC_ID,
            "dump": "CC-MAIN-2023-06",
            "url": "http://d.example/",
            "date": "2023-01-31T11:13:31Z",
            "file_path": "s3://x/y.warc.gz",
            "language": "en",
            "language_score": 0.97,
            "token_count": 3,
        },
        ("http://d.example/", WARC_ID, "en", None),
    ),
    "c4": (
        {"text": "A page.", "timestamp": "2023-01-31T11:13:31Z", "url": "http://e.example/"},
        ("http://e.example/", None, None, None),
    ),
    "openwebmath": (
        {
            "url": "http://f.example/",
            "text": "A page.",
            "date": "2023-01-31T11:13:31",
            "metadata": '{"extraction_info": 1}',
        },
        ("http://f.example/", None, None, None),
    ),
    "slimpajama": ({"text": "A page.", "meta": {"redpajama_set_name": "RedPajamaC4"}}, (None, None, None, None)),
    "generic": (
        {"content": "A page.", "uri": "http://g.example/", "lang": "fr"},
        ("http://g.example/", None, "fr", None),
    ),
}


def jsonl(*records: object) -> bytes:
    return b"".join(json.dumps(record).encode() + b"\n" for record in records)


def rows_of(content: bytes, fields: Fields = "auto", limits: RowLimits = LIMITS) -> list[Row | Loss]:
    return list(read_jsonl(io.BytesIO(content), fields, limits))


def parquet_of(table: pa.Table, **options: object) -> bytes:
    sink = io.BytesIO()
    pq.write_table(table, sink, **options)
    return sink.getvalue()


def rows_of_parquet(content: bytes, fields: Fields = "auto", limits: RowLimits = LIMITS) -> list[Row | Loss]:
    return list(read_parquet(io.BytesIO(content), fields, limits))


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_published_shapes_are_recognised_and_read(name: str, form: str) -> None:
    record, (url, record_id, language, title) = SHAPES[name]
    assert field_map("auto", record) is FIELD_MAPS[name]
    table = pa.Table.from_pylist([record])
    [row] = rows_of(jsonl(record)) if form == "jsonl" else rows_of_parquet(parquet_of(table))
    assert isinstance(row, Row)
    has_date = name not in {"slimpajama", "generic"}
    assert row[:7] == (0, "A page.", url, record_id, NOON if has_date else None, language, title)
    assert "A page." not in row.metadata.values()


def test_metadata_holds_the_other_values_as_strings() -> None:
    [row] = rows_of(jsonl(SHAPES["dclm"][0] | {"score": 0.5, "ok": True, "none": None, "tags": ["a", {"b": 1}]}))
    assert isinstance(row, Row)
    assert row.metadata == {
        "warcinfo": "robots: classic",
        "metadata.WARC-Target-URI": "http://a.example/x",
        "metadata.Content-Type": "application/http; msgtype=response",
        "score": "0.5",
        "ok": "true",
        "tags": '["a", {"b": 1}]',
    }


def test_metadata_values_are_cut_at_the_limit() -> None:
    [row] = rows_of(jsonl({"text": "x", "long": "é" * 5000, "list": list(range(5000))}))
    assert isinstance(row, Row)
    assert {len(value) for value in row.metadata.values()} == {1000}


def test_the_loader_shape_of_redpajama_is_looked_into() -> None:
    meta = json.dumps({"url": "http://b.example/", "date_download": "2023-01-31T11:13:31Z", "language": "de"})
    [row] = rows_of(jsonl({"raw_content": "Text.", "doc_id": "2023-06/0/0", "meta": meta}))
    assert row[:6] == (0, "Text.", "http://b.example/", "2023-06/0/0", NOON, "de")


def test_a_users_own_map_and_keys_with_dots() -> None:
    own = FieldMap(text="body.plain | body", url="source.url", record_id="key", fetched_at="when", title="head")
    records = [
        {"body": {"plain": "one"}, "source.url": "http://x.example/", "key": 17, "when": 1675163611},
        {"body": "two", "source": {"url": "http://y.example/"}, "when": 1675163611000, "head": "T"},
        {"body": {"other": 1}},
    ]
    one, two, three = rows_of(jsonl(*records), own)
    assert one[:5] == (0, "one", "http://x.example/", "17", NOON)
    assert two[:7] == (1, "two", "http://y.example/", None, NOON, None, "T")
    assert three[:2] == (2, LossReason.BAD_ROW)


def test_bad_lines_are_losses_with_their_number_and_reading_goes_on() -> None:
    good = b'{"text": "good", "url": "http://a.example/"}'
    bad = {
        1: b"no json",
        2: b'["a list"]',
        3: b'{"url": "http://a.example/"}',
        4: b'{"text": 5}',
        5: b'{"text": null}',
        6: b'{"text": "lone \\ud800 surrogate"}',
        7: b'{"text": "\xff\xfe"}',
        8: b'{"text": "\xed\xa0\x80"}',  # a surrogate in UTF-8
        9: b"[" * 100_000,
        10: b'{"text": "x", "n": ' + b"9" * 5000 + b"}",
        11: b'{"text": "unfinished',
        12: b'{"text": " \\n "}',
        13: b'{"text": "surrogate elsewhere", "k": "\xed\xa0\x80"}',
        14: b'{"text": "' + b"long" * 100 + b'"}',
    }
    lines = [good, *[bad.get(place, b"") for place in range(1, 15)], good]
    found = rows_of(b"\n".join(lines), limits=RowLimits(line_bytes=200_000, text_chars=300))
    losses = {loss.offset: loss.reason for loss in found if isinstance(loss, Loss)}
    expected = dict.fromkeys(bad, LossReason.BAD_ROW) | {12: LossReason.NO_TEXT, 14: LossReason.TOO_LARGE}
    assert losses == expected
    assert [row.index for row in found if isinstance(row, Row)] == [0, 15]
    assert found[3].url == "http://a.example/"
    assert all(loss.detail for loss in found if isinstance(loss, Loss))


def test_a_line_over_the_limit_is_a_loss_and_the_next_is_read() -> None:
    content = b'{"text": "' + b"a" * 300_000 + b'"}\n{"text": "b"}'
    loss, row = rows_of(content, limits=RowLimits(line_bytes=100_000))
    assert loss[:2] == (0, LossReason.TOO_LARGE)
    assert "300012 bytes" in loss.detail
    assert row[:2] == (1, "b")


def test_nul_stays_and_surrogates_elsewhere_are_replaced() -> None:
    pair = '{"text": "a\\u0000b \\ud83d\\ude00", "url": "http://a.example/\\udfff", "k\\ud800": "v\\ud800"}'
    [row] = rows_of(pair.encode())
    assert row[:3] == (0, "a\x00b 😀", "http://a.example/�")
    assert row.metadata == {"k�": "v�"}


def test_byte_order_mark_blank_lines_and_crlf() -> None:
    found = rows_of(b'\xef\xbb\xbf{"text": "a"}\r\n\r\n{"text": "b"}\r\n')
    assert [row[:2] for row in found] == [(0, "a"), (2, "b")]


RECORDS = [
    {"text": f"document {number} " + "word " * (number % 50), "url": f"http://a.example/{number}"}
    for number in range(500)
]


def compressed(kind: str) -> bytes:
    lines = [jsonl(record) for record in RECORDS]
    if kind == "gzip one member":
        return gzip.compress(b"".join(lines), mtime=0)
    if kind == "gzip many members":
        return b"".join(gzip.compress(line, mtime=0) for line in lines) + b"\0" * 512
    if kind == "gzip cut anywhere":  # members that end inside lines
        content = b"".join(lines)
        return b"".join(gzip.compress(content[at : at + 777], mtime=0) for at in range(0, len(content), 777))
    if kind == "zstd":
        return zstandard.compress(b"".join(lines))
    skippable = b"\x50\x2a\x4d\x18\x04\x00\x00\x00skip"
    return skippable + b"".join(zstandard.compress(line) + skippable for line in lines)


KINDS = ["gzip one member", "gzip many members", "gzip cut anywhere", "zstd", "zstd many frames"]


@pytest.mark.parametrize("kind", KINDS)
def test_compressed_lines_are_read_whatever_their_blocks(kind: str) -> None:
    assert [(row.index, row.text) for row in rows_of(compressed(kind))] == [
        (number, record["text"]) for number, record in enumerate(RECORDS)
    ]


class Trickle(io.RawIOBase):
    """Gives 7 bytes a time, as a raw stream may."""

    def __init__(self, content: bytes) -> None:
        self.content = io.BytesIO(content)

    def read(self, size: int = -1) -> bytes:
        return self.content.read(min(size, 7) if size >= 0 else 7)


@pytest.mark.parametrize("kind", KINDS)
def test_a_stream_that_trickles_gives_the_same(kind: str) -> None:
    assert list(read_jsonl(Trickle(compressed(kind)), "auto", LIMITS)) == rows_of(compressed(kind))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("share", [0.001, 0.3, 0.7, 0.99])
def test_a_truncated_stream_gives_what_came_before_and_one_loss(kind: str, share: float) -> None:
    whole = rows_of(compressed(kind))
    content = compressed(kind).rstrip(b"\0")
    found = rows_of(content[: max(int(len(content) * share), 5)])
    *before, last = found
    if isinstance(last, Loss):
        assert last[:2] == (len(before), LossReason.TRUNCATED_FILE)
    assert before == whole[: len(before)]
    assert sum(isinstance(row, Loss) for row in found) <= 1
    if kind != "zstd":  # whose one block of 128 KiB gives nothing before its end
        assert len(before) >= len(whole) * share * 0.5 - 3


def test_only_the_trailer_is_missing_and_no_row_is_lost() -> None:
    found = rows_of(gzip.compress(jsonl(*RECORDS).rstrip(b"\n"))[:-8])
    assert len(found) == len(RECORDS) + 1
    assert found[-1][:2] == (len(RECORDS), LossReason.TRUNCATED_FILE)


def before_damage(content: bytes) -> bytes:
    """What zlib gives of a gzip file, one byte at a time: the oracle."""
    member, given = zlib.decompressobj(31), b""
    for place in range(len(content)):
        try:
            given += member.decompress(content[place : place + 1])
        except zlib.error:
            break
    return given


def test_damage_inside_gzip_loses_no_row_before_it() -> None:
    content = bytearray(compressed("gzip one member"))
    content[len(content) // 2 : len(content) // 2 + 40] = bytes(range(40))
    expected = rows_of(before_damage(bytes(content)).rpartition(b"\n")[0])
    assert sum(isinstance(row, Row) for row in expected) > 200
    *before, last = rows_of(bytes(content))
    assert last.reason == LossReason.BAD_COMPRESSION
    assert before == expected


def test_garbage_after_a_member_is_a_loss() -> None:
    for good in (gzip.compress(jsonl(*RECORDS)), zstandard.compress(jsonl(*RECORDS))):
        found = rows_of(good + b"garbage that is no block")
        assert len(found) == len(RECORDS) + 1
        assert found[-1][:2] == (len(RECORDS), LossReason.BAD_COMPRESSION)


class Breaking(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        content = super().read(size)
        if not content:
            raise OSError(5, "Input/output error")
        return content


def test_a_stream_that_breaks_off_is_a_loss() -> None:
    *before, last = read_jsonl(Breaking(jsonl(*RECORDS)), "auto", LIMITS)
    assert len(before) == len(RECORDS)
    assert last == Loss(len(RECORDS), LossReason.UNREADABLE_FILE, "reading breaks off: Input/output error")


def test_an_empty_stream_has_no_rows() -> None:
    assert rows_of(b"") == []
    assert rows_of(gzip.compress(b"")) == []


BOMB = """
import gzip, io, resource, sys, zlib
import zstandard
from udfs.crawl.rows import RowLimits, read_jsonl
def big(kind):
    packer = zlib.compressobj(1, wbits=31) if kind == "gzip" else zstandard.ZstdCompressor().compressobj()
    zeros = b"a" * (1 << 20)
    parts = [packer.compress(zeros) for _ in range(600)]
    return b"".join(parts) + packer.compress(b'\\n{"text": "after"}') + packer.flush()
bombs = [big("gzip"), big("zstd")]
for bomb in bombs:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    loss, row = read_jsonl(io.BytesIO(bomb), "auto", RowLimits(line_bytes=1 << 20))
    assert loss.reason == "too_large" and row.text == "after", (loss, row)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_memory_is_bounded_for_a_line_of_gigabytes() -> None:
    """600 MiB in one line, as gzip (1 MiB a step) and zstd (32 MiB a step), with a line limit of 1 MiB."""
    done = subprocess.run([sys.executable, "-c", BOMB], capture_output=True, text=True, check=True, timeout=120)
    gzip_mib, zstd_mib = map(int, done.stdout.split())
    assert gzip_mib < 20
    assert zstd_mib < 120


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip), max_size=8), st.data())
def test_rows_come_back_whatever_the_text_and_the_chunks(texts: list[str], data: st.DataObject) -> None:
    content = b"".join(json.dumps({"text": text}, ensure_ascii=False).encode() + b"\n" for text in texts)
    packed = data.draw(st.sampled_from([content, gzip.compress(content), zstandard.compress(content)]))
    assert [row.text for row in rows_of(packed)] == texts


@given(st.binary(max_size=300), st.sampled_from([b"", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b"PAR1"]))
def test_no_bytes_raise(content: bytes, magic: bytes) -> None:
    for found in (rows_of(magic + content), rows_of_parquet(magic + content)):
        assert all(isinstance(row, Row | Loss) for row in found)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(),
        lambda inner: (
            st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(["text", "url", "date", "meta"]), inner)
        ),
        max_leaves=20,
    )
)
def test_no_json_raises(value: object) -> None:
    [row] = rows_of(json.dumps(value).encode())
    assert isinstance(row, Row | Loss)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2023-01-31T11:13:31Z", NOON),
        ("2023-01-31T12:13:31+01:00", NOON),
        ("2023-01-31 11:13:31", NOON),
        ("20230131111331", NOON),
        (1675163611, NOON),
        (1675163611000, NOON),
        (datetime(2023, 1, 31, 11, 13, 31), NOON),  # noqa: DTZ001  as Parquet gives it without a zone
        ("2023-01-31", datetime(2023, 1, 31, tzinfo=UTC)),
        ("0001-01-01T00:00:00+10:00", None),
        ("yesterday", None),
        (True, None),
        (float("nan"), None),
        ({"$date": 1}, None),
    ],
)
def test_dates(value: object, expected: datetime | None) -> None:
    assert instant(value) == expected


def test_a_wrong_map_is_refused() -> None:
    with pytest.raises(ValidationError):
        FieldMap(txt="body")  # type: ignore[call-arg]  # that is the test
    with pytest.raises(ValidationError):
        FieldMap(text="")


# --- Parquet ---


def test_parquet_rows_keep_their_numbers_over_row_groups_and_batches() -> None:
    table = pa.table({"text": [f"text {number}" if number % 7 else None for number in range(5000)]})
    found = rows_of_parquet(parquet_of(table, row_group_size=999), limits=RowLimits(batch_bytes=1000))
    assert [row[0] for row in found] == list(range(5000))
    assert [row.offset for row in found if isinstance(row, Loss)] == list(range(0, 5000, 7))
    assert all(row.text == f"text {row.index}" for row in found if isinstance(row, Row))


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_parquet_kinds_of_strings(kind: pa.DataType) -> None:
    table = pa.table({"text": pa.array(["a", "é"], pa.string()).cast(kind)})
    assert [row.text for row in rows_of_parquet(parquet_of(table))] == ["a", "é"]


def test_parquet_values_of_other_columns() -> None:
    when = pa.array([NOON], pa.timestamp("ns"))
    table = pa.table(
        {"text": ["a"], "date": when, "tokens": [[1, 2, 3]], "raw": [b"\xff"], "n": [5], "meta": [{"k": "v"}]}
    )
    [row] = rows_of_parquet(parquet_of(table), FieldMap(language="meta.language"))
    assert row[:6] == (0, "a", None, None, NOON, None)
    assert type(row.fetched_at) is datetime
    assert row.metadata == {"n": "5", "meta.k": "v"}


@pytest.mark.parametrize(
    ("columns", "part"),
    [({"text": [1]}, "int64"), ({"text": [["a"]]}, "list"), ({"body": ["a"]}, "body"), ({"text": [b"a"]}, "binary")],
)
def test_parquet_without_a_text_column_is_one_loss(columns: dict[str, list[object]], part: str) -> None:
    [loss] = rows_of_parquet(parquet_of(pa.table(columns)))
    assert loss[:2] == (0, LossReason.UNREADABLE_FILE)
    assert part in loss.detail
    assert "text" in loss.detail


def test_parquet_text_that_is_no_utf8_loses_that_row_only() -> None:
    broken = pa.Array.from_buffers(
        pa.string(),
        3,
        [None, pa.py_buffer(b"".join(n.to_bytes(4, "little") for n in (0, 1, 3, 4))), pa.py_buffer(b"a\xff\xfeb")],
    )
    one, two, three = rows_of_parquet(parquet_of(pa.table({"text": broken, "url": ["u", "v", "w"]})))
    assert (one.text, three.text, two[:2], two.url) == ("a", "b", (1, LossReason.BAD_ROW), "v")
    assert "UTF-8" in two.detail


def test_parquet_damage_in_one_row_group_leaves_the_others() -> None:
    table = pa.table({"text": [f"{number} " + "word " * 50 for number in range(300)]})
    content = bytearray(
        parquet_of(table, row_group_size=100, compression="zstd", use_dictionary=False, write_statistics=False)
    )
    offset = pq.ParquetFile(io.BytesIO(content)).metadata.row_group(1).column(0).data_page_offset
    content[offset : offset + 60] = b"\xaa" * 60
    found = rows_of_parquet(bytes(content))
    assert [row.index for row in found if isinstance(row, Row)] == [*range(100), *range(200, 300)]
    [loss] = [row for row in found if isinstance(row, Loss)]
    assert loss[:2] == (100, LossReason.BAD_COMPRESSION)
    assert "100 rows" in loss.detail


def test_parquet_cut_short_and_no_parquet() -> None:
    content = parquet_of(pa.table({"text": ["a" * 1000]}))
    assert [loss[:2] for loss in rows_of_parquet(content[:-20])] == [(0, LossReason.TRUNCATED_FILE)]
    assert [loss[:2] for loss in rows_of_parquet(b"<html>")] == [(0, LossReason.UNREADABLE_FILE)]
    assert rows_of_parquet(parquet_of(pa.table({"text": pa.array([], pa.string())}))) == []


REAL_FILES = [
    ("web_text/samples.parquet", "text"),
    ("quality_human/dclm_judgements.parquet", "text"),
    ("charset_pages/pages.parquet", "gold_text"),
    ("dedup_usenet/posts.parquet", "text"),
]


@pytest.mark.parametrize(("name", "column"), REAL_FILES)
def test_real_parquet_files(name: str, column: str) -> None:
    if not (DATA / name).is_file():
        pytest.skip("no shared data here")
    expected = pq.read_table(DATA / name, columns=[column]).column(0).to_pylist()
    with (DATA / name).open("rb") as stream:
        found = list(read_parquet(stream, FieldMap(text=column, language="lang"), LIMITS))
    assert [row.text if isinstance(row, Row) else None for row in found] == [
        text if text and text.strip() else None for text in expected
    ]
