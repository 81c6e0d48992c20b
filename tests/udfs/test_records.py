"""The reader of web archives against 69 real files, and against archives damaged at random."""

import gzip
import io
import json
import random
import time
import tracemalloc
import zlib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

import brotli
import pytest
import zstandard
from fastwarc.stream_io import Lz4Writer
from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.crawl.fast import fast_records
from udfs.crawl.losses import Loss, LossReason
from udfs.crawl.records import ReadLimits, Record, read_archive

CRAWL = Path(__file__).parents[2] / "../shared/data/crawl"
MANIFEST = CRAWL / "MANIFEST.jsonl"
FILES = [json.loads(line) for line in MANIFEST.read_text().splitlines()] if MANIFEST.exists() else []
LIMITS = ReadLimits()
needs_data = pytest.mark.skipif(not FILES, reason="../shared/data is not there")


def read(data: bytes, limits: ReadLimits = LIMITS) -> list[Record | Loss]:
    return list(read_archive(io.BytesIO(data), limits))


def split(items: list[Record | Loss]) -> tuple[list[Record], list[Loss]]:
    return [item for item in items if isinstance(item, Record)], [item for item in items if isinstance(item, Loss)]


def read_file(name: str) -> tuple[list[Record], list[Loss]]:
    with (CRAWL / name).open("rb") as stream:
        return split(list(read_archive(stream, LIMITS)))


def is_html(record: Record) -> bool:
    return record.kind == "response" and "html" in record.http_headers.get("content-type", "").lower()


# Files whose counts or losses differ from the manifest: how many records fewer than it says by kind, how many HTML
# responses more, the reasons of the losses in order, and why.
BAD, CUT = LossReason.BAD_RECORD, LossReason.TRUNCATED_FILE
EXPLAINED: dict[str, tuple[dict[str, int], int, list[LossReason], str]] = {
    "commoncrawl/cc-2020-34-head.warc.lz4": (
        {"warcinfo": -1, "request": -17, "response": -16, "metadata": -16},
        16,
        [],
        "the manifest's reader had no lz4; the records equal those of the .gz sibling (own test)",
    ),
    "commoncrawl/mini-cc.warc.gz": ({}, 1, [], "one gzip member: the manifest's reader stopped before the response"),
    "malformed/bad.arc": (
        {"warcinfo": 1, "response": 2},
        0,
        [BAD, BAD, BAD],
        "three records have the lengths -1, -1 and abc, so nobody can say where they end",
    ),
    "malformed/binary-as-text.txt.gz": ({}, 0, [LossReason.UNREADABLE_FILE], "an image: no record in it"),
    "malformed/example-bad-non-chunked.warc.gz": ({}, 1, [], "one gzip member: the manifest's reader stopped early"),
    "malformed/example-trunc.warc": (
        {"response": 1},
        -1,
        [BAD],
        "the response's Content-Length cuts its gzip body by two bytes, which follow as garbage",
    ),
    "malformed/file_and_wet_headers_only.wet.gz": (
        {"warcinfo": 1, "conversion": 1},
        0,
        [BAD, CUT],
        "the warcinfo is shorter than it says and the file ends inside the header of the conversion",
    ),
    "malformed/file_headers_only.wet.gz": (
        {"warcinfo": 1},
        0,
        [CUT],
        "the file ends five bytes before the warcinfo does",
    ),
    "malformed/fragment1_asthma_incomplete_last.wet.gz": (
        {"conversion": 2},
        0,
        [BAD, CUT],
        "the text of the first conversion was edited without its length, the second is cut by the end of the file",
    ),
    "malformed/fragment2_no_header.wet.gz": (
        {"conversion": 1},
        0,
        [BAD, CUT],
        "the file begins inside a record and ends inside another",
    ),
    "malformed/invalid-arcfile-record-then-garbage.arc": ({}, 0, [BAD], "25 bytes of garbage follow the only record"),
    "malformed/invalid-warcrecord-1.warc": (
        {"warcinfo": 2},
        0,
        [BAD, BAD],
        "two of six warcinfo have no Content-Length",
    ),
    "malformed/multi-with-garbage-on-last-line.warc": ({}, 0, [BAD], "the last line is garbage"),
    "malformed/multi-with-malformed-record.warc": ({}, 0, [BAD], "a line of garbage lies between two records"),
    "malformed/nutch-link-extraction.warc": ({}, 4, [], "the manifest's reader stopped at a missing separator"),
    "malformed/unparsable-date.warc.gz": (
        {},
        1,
        [],
        "one gzip member: the manifest's reader stopped before the response",
    ),
    "malformed/wat-metadata2.warc": (
        {"metadata": 1},
        0,
        [CUT],
        "Content-Length goes 42 bytes beyond the end of the file",
    ),
    "malformed/wat-missing-fields.warc": (
        {"metadata": 1},
        0,
        [CUT],
        "Content-Length goes 18 bytes beyond the end of the file",
    ),
}


@needs_data
@pytest.mark.parametrize("row", FILES, ids=[row["file"] for row in FILES])
def test_every_real_file_gives_the_records_of_the_manifest(row: dict) -> None:
    records, losses = read_file(row["file"])
    by_line, by_reader = row["records_by_header_line"], row["records_read"]
    expected = by_line if sum(by_line.values()) > sum(by_reader.values()) else by_reader
    fewer, html_more, reasons, _why = EXPLAINED.get(row["file"], ({}, 0, [], ""))
    counts = Counter(record.kind for record in records)
    missing = {k: expected.get(k, 0) - counts[k] for k in {*expected, *counts} if expected.get(k, 0) != counts[k]}
    assert missing == fewer
    assert sum(map(is_html, records)) - row["html_responses"] == html_more
    assert [loss.reason for loss in losses] == reasons
    assert all(loss.detail for loss in losses)


@needs_data
def test_lz4_and_gzip_give_the_same_records() -> None:
    gz, lz4 = (read_file(f"commoncrawl/cc-2020-34-head.warc.{end}")[0] for end in ("gz", "lz4"))
    assert [record._replace(offset=0) for record in gz] == [record._replace(offset=0) for record in lz4]
    assert len(gz) == 50


@needs_data
def test_one_gzip_member_gives_the_same_documents_as_many() -> None:
    one, many = (read_file(f"commoncrawl/cc-2016-50-25docs.{end}")[0] for end in ("wet.gz", "rechunked.wet.gz"))
    assert [record._replace(offset=0) for record in one] == [record._replace(offset=0) for record in many]
    assert sum(record.kind == "conversion" and bool(record.body) for record in one) == 25
    assert len({record.offset for record in one}) == len({record.offset for record in many}) == 26


@needs_data
def test_offsets_of_a_gzip_file_are_the_starts_of_its_members() -> None:
    data = (CRAWL / "crawlers/heritrix-2008-blackbook.warc.gz").read_bytes()
    starts, at = [], 0
    while at < len(data):
        inflater = zlib.decompressobj(31)
        inflater.decompress(data[at:])
        starts.append(at)
        at = len(data) - len(inflater.unused_data)
    assert [item.offset for item in read(data)] == starts


# Archives written here


def warc(kind: str, block: bytes, number: int = 0, extra: str = "", length: int | None = None) -> bytes:
    content_type = "application/http; msgtype=response" if kind == "response" else "text/plain"
    head = (
        f"WARC/1.0\r\nWARC-Type: {kind}\r\nWARC-Record-ID: <urn:test:{number}>\r\nWARC-Target-URI: http://a.test/{number}\r\n"
        f"WARC-Date: 2024-05-18T01:58:10Z\r\nContent-Type: {content_type}\r\n{extra}"
        f"Content-Length: {len(block) if length is None else length}\r\n\r\n"
    )
    return head.encode() + block + b"\r\n\r\n"


def http(body: bytes, *headers: str) -> bytes:
    return "\r\n".join(["HTTP/1.1 200 OK", "Content-Type: text/html", *headers, "", ""]).encode() + body


def body_of(stored: bytes, *headers: str, limits: ReadLimits = LIMITS) -> bytes | LossReason:
    [item] = read(warc("response", http(stored, *headers)), limits)
    return item.body if isinstance(item, Record) else item.reason


PAGE = b"<html><body><p>" + b"The harbour was calm at dawn. " * 50 + b"</p></body></html>"


def raw_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


def chunked(data: bytes) -> bytes:
    parts = [data[at : at + 100] for at in range(0, len(data), 100)]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


ENCODED = {
    "gzip": gzip.compress(PAGE),
    "x-gzip": gzip.compress(PAGE[:99]) + gzip.compress(PAGE[99:]),
    "deflate": zlib.compress(PAGE),
    "Deflate": raw_deflate(PAGE),
    "br": brotli.compress(PAGE),
    "zstd": zstandard.compress(PAGE),
    "deflate, gzip": gzip.compress(zlib.compress(PAGE)),
}


@pytest.mark.parametrize("name", ENCODED)
def test_content_encodings_are_undone(name: str) -> None:
    header = f"Content-Encoding: {name}"
    assert body_of(ENCODED[name], header) == PAGE
    assert body_of(chunked(ENCODED[name]), header, "Transfer-Encoding: chunked") == PAGE
    assert body_of(PAGE, header, "Transfer-Encoding: chunked") == PAGE  # stored decoded under the old headers
    assert body_of(ENCODED[name][:-20], header) is LossReason.BAD_ENCODING
    assert body_of(ENCODED[name], header, limits=ReadLimits(max_page_bytes=len(PAGE) - 1)) is LossReason.TOO_LARGE
    assert body_of(ENCODED[name], header, limits=ReadLimits(max_page_bytes=len(PAGE))) == PAGE


def test_cut_and_wrong_chunks_are_losses() -> None:
    assert body_of(chunked(PAGE)[:-300], "Transfer-Encoding: chunked") is LossReason.BAD_ENCODING
    assert body_of(chunked(PAGE)[:-5], "Transfer-Encoding: chunked") == PAGE  # only the empty last chunk is missing
    assert body_of(PAGE, "Transfer-Encoding: chunked") == PAGE


def zeros(size: int, compressor) -> bytes:
    block = bytes(1 << 20)
    return b"".join([*(compressor.compress(block) for _ in range(size >> 20)), compressor.flush()])


class BrotliCompressor:
    def __init__(self) -> None:
        self._inner = brotli.Compressor(quality=3)
        self.compress, self.flush = self._inner.process, self._inner.finish


BOMBS = {
    "gzip": lambda: zlib.compressobj(1, wbits=31),
    "br": BrotliCompressor,
    "zstd": lambda: zstandard.ZstdCompressor(level=1).compressobj(),
}


def peak_bytes_and_seconds(data: bytes) -> tuple[list[Record | Loss], int, float]:
    tracemalloc.start()
    start = time.perf_counter()
    items = read(data)
    seconds = time.perf_counter() - start
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return items, peak, seconds


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_in_a_body_is_a_loss_that_costs_little(name: str) -> None:
    bomb = zeros(1 << 30, BOMBS[name]())
    data = warc("response", http(bomb, f"Content-Encoding: {name}"), 1) + warc("response", http(PAGE), 2)
    (loss, page), peak, seconds = peak_bytes_and_seconds(data)
    assert loss.reason is LossReason.TOO_LARGE
    assert loss.url == "http://a.test/1"
    assert page.body == PAGE
    assert peak < 100 << 20
    assert seconds < 3


def test_a_member_that_is_a_bomb_is_a_loss_that_costs_little() -> None:
    deflater = zlib.compressobj(1, wbits=31)
    head = warc("response", b"", 2, length=1 << 30)[:-4] + http(b"")
    bomb = deflater.compress(head) + zeros(1 << 30, deflater)
    first, last = gzip.compress(warc("response", http(PAGE), 1)), gzip.compress(warc("response", http(PAGE), 3))
    items, peak, seconds = peak_bytes_and_seconds(first + bomb + last)
    records, losses = split(items)
    assert [record.url for record in records] == ["http://a.test/1", "http://a.test/3"]
    assert losses[0].reason is LossReason.TOO_LARGE
    assert losses[0].offset == len(first)
    assert peak < 100 << 20
    assert seconds < 3


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_an_absurd_content_length_hides_no_other_record(compress) -> None:
    page = warc("response", http(PAGE), 2)
    for length in (10**12, 5000):
        long = warc("response", http(PAGE), 1, length=length)
        records, losses = split(read(compress(long + page)))
        assert [record.url for record in records] == ["http://a.test/2"]
        assert [loss.url for loss in losses] == ["http://a.test/1"]


def test_a_page_larger_than_the_limit_is_skipped_as_stored() -> None:
    big = warc("response", http(b"x" * (30 << 20)), 1)
    data = big + warc("metadata", b"y" * (30 << 20), 2) + warc("response", http(PAGE), 3)
    for stored in (data, gzip.compress(data, 1)):
        items, peak, _ = peak_bytes_and_seconds(stored)
        assert [getattr(item, "reason", None) or item.kind for item in items] == ["too_large", "metadata", "response"]
        assert peak < 25 << 20


def test_header_oddities() -> None:
    data = (
        b"warc/1.1\ncontent-length:3\nWARC-TYPE:  Conversion \n"
        b"warc-target-uri: <http://a.test/\n  folded>\n"
        b"Warc-Record-Id: <urn:x>\nwarc-date: 2024-13-77\n\nabc\n\n"
        b"WARC/1.0\r\nWARC-Type: conversion\r\nContent-Length: 2\r\n"
        b"WARC-Date: 2024-05-18T03:58:10.5+02:00\r\n\r\nde\r\n\r\n"
    )
    first, second = read(data)
    assert (first.kind, first.url, first.record_id, first.fetched_at, first.body) == (
        "conversion",
        "http://a.test/ folded",
        "urn:x",
        None,
        b"abc",
    )
    assert second.fetched_at == datetime(2024, 5, 18, 1, 58, 10, 500000, tzinfo=UTC)
    assert second.fetched_at.tzinfo is UTC
    assert second.url is None


def test_http_heads() -> None:
    ok = warc("response", b"HTTP/1.1 404 Not\xe9 Found\nContent-TYPE: text/html;\n charset=x\n\n<p>", 1)
    no_status = warc("response", b"<html>no head</html>", 2)
    dns = warc("response", b"20240518\na.test. IN A 1.2.3.4", 3).replace(
        b"application/http; msgtype=response", b"text/dns"
    )
    first, second, third = read(ok + no_status + dns)
    assert (first.http_status, first.http_headers, first.body) == (
        404,
        {"content-type": "text/html; charset=x"},
        b"<p>",
    )
    assert second.reason is LossReason.BAD_HTTP
    assert (third.http_status, third.http_headers) == (None, {})


def test_arc_in_every_compression() -> None:
    record = b"http://a.test/ 1.2.3.4 20060305082251 text/html %d\n%s\n" % (len(http(PAGE)), http(PAGE))
    file_head = b"filedesc://x.arc 0.0.0.0 20060305082251 text/plain 5\n1 0 x\n"
    lz4 = io.BytesIO()
    with Lz4Writer(lz4) as writer:
        writer.write(file_head + record * 2)
    stored = [file_head + record * 2, gzip.compress(file_head) + gzip.compress(record) * 2, lz4.getvalue()]
    for data in stored:
        head, *pages = read(data)
        assert head.kind == "warcinfo"
        assert [page.body for page in pages] == [PAGE, PAGE]
        assert pages[0].fetched_at == datetime(2006, 3, 5, 8, 22, 51, tzinfo=UTC)
        assert pages[0].record_id is None


def test_not_an_archive() -> None:
    for data in (b"", b"\n\n", b"hello", zstandard.compress(PAGE), gzip.compress(b""), gzip.compress(PAGE)):
        [loss] = read(data)
        assert loss.reason is LossReason.UNREADABLE_FILE


# Damage at random

blocks = st.one_of(
    st.binary(max_size=300),
    st.text(max_size=200).map(lambda text: http(text.encode())),
    st.just(http(PAGE)),
)
archives = st.lists(st.tuples(st.sampled_from(["conversion", "request", "revisit"]), blocks), min_size=1, max_size=6)


def written(rows: list[tuple[str, bytes]], compress: bool) -> list[bytes]:
    parts = [warc(kind, block, number) for number, (kind, block) in enumerate(rows)]
    return [gzip.compress(part, 6, mtime=0) for part in parts] if compress else parts


def offsets_of(parts: list[bytes]) -> list[int]:
    return [sum(map(len, parts[:number])) for number in range(len(parts))]


@settings(max_examples=150, deadline=None)
@given(archives, st.booleans())
def test_intact_archives_come_back_whole(rows: list[tuple[str, bytes]], compress: bool) -> None:
    parts = written(rows, compress)
    records, losses = split(read(b"".join(parts)))
    assert not losses
    assert [record.kind for record in records] == [kind for kind, _ in rows]
    assert [record.body for record in records] == [block if kind == "conversion" else b"" for kind, block in rows]
    assert [record.offset for record in records] == offsets_of(parts)


@settings(max_examples=200, deadline=None)
@given(archives, st.booleans(), st.data())
def test_a_cut_file_loses_the_cut_record_and_says_so(rows: list[tuple[str, bytes]], compress: bool, data) -> None:
    parts = written(rows, compress)
    cut = data.draw(st.integers(0, sum(map(len, parts))))
    whole = [number for number, offset in enumerate(offsets_of(parts)) if offset + len(parts[number]) <= cut]
    records, losses = split(read(b"".join(parts)[:cut]))
    # The last record may be complete without its separator.
    at_separator = not compress and len(whole) < len(parts) and cut + 4 >= sum(map(len, parts[: len(whole) + 1]))
    found = [record.offset for record in records]
    assert found[: len(whole)] == offsets_of(parts)[: len(whole)]
    assert len(found) <= len(whole) + at_separator
    if len(found) == len(whole) and cut > sum(len(parts[number]) for number in whole):
        assert len(losses) == 1


@settings(max_examples=200, deadline=None)
@given(archives, st.booleans(), st.binary(min_size=1, max_size=60), st.data())
def test_garbage_between_records_costs_no_record(
    rows: list[tuple[str, bytes]], compress: bool, garbage: bytes, data
) -> None:
    parts = written(rows, compress)
    place = data.draw(st.integers(0, len(parts)))
    garbage = b"garbage" + garbage.replace(b"\r", b"?").replace(b"WARC", b"????") + b"\n"
    records, losses = split(read(b"".join([*parts[:place], garbage, *parts[place:]])))
    assert [record.record_id or record.kind for record in records] == [
        "request" if kind == "request" else f"urn:test:{number}" for number, (kind, _) in enumerate(rows)
    ]
    [loss] = losses
    assert loss.offset == (0 if place == 0 else sum(map(len, parts[:place])))
    assert str(len(garbage)) in loss.detail


@settings(max_examples=300, deadline=None)
@given(archives, st.booleans(), st.data())
def test_a_flipped_byte_costs_at_most_two_records(rows: list[tuple[str, bytes]], compress: bool, data) -> None:
    parts = written(rows, compress)
    stored = bytearray(b"".join(parts))
    place = data.draw(st.integers(0, len(stored) - 1))
    stored[place] ^= data.draw(st.integers(1, 255))
    hurt = max(number for number, offset in enumerate(offsets_of(parts)) if offset <= place)
    records, losses = split(read(bytes(stored)))
    found = {record.offset for record in records}
    expected = offsets_of(parts)
    # A record before the damage is there; so is one behind it, but for the next, into which a changed length may reach.
    assert found >= {*expected[:hurt], *expected[hurt + 2 :]}
    assert {hurt, hurt + 1} & {
        number for number, offset in enumerate(expected) if offset not in found
    } == set() or losses


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=2000), st.sampled_from([b"", b"\x1f\x8b\x08", b"\x04\x22\x4d\x18\x40\x40\xc0", b"WARC/1.0\r\n"])
)
def test_any_bytes_give_losses_and_no_error(noise: bytes, magic: bytes) -> None:
    items = read(magic + noise)
    assert items
    read(gzip.compress(magic + noise))


# The fast path must be the scanner's equal


def by_scanner(data: bytes) -> list[Record | Loss]:
    with mock.patch("udfs.crawl.records.is_gzip_warc", return_value=False):
        return read(data)


@needs_data
@pytest.mark.parametrize("name", [row["file"] for row in FILES if row["format"].startswith("gzip")])
def test_the_fast_path_gives_what_the_scanner_gives(name: str) -> None:
    data = (CRAWL / name).read_bytes()
    assert read(data) == by_scanner(data)


@needs_data
def test_the_fast_path_reads_all_but_the_last_record_of_a_good_file() -> None:
    with (CRAWL / "crawlers/heritrix-2008-blackbook.warc.gz").open("rb") as stream:
        assert sum(1 for _ in fast_records(stream, 0, LIMITS)) == 821


@settings(max_examples=200, deadline=None)
@given(archives, st.data())
def test_the_fast_path_gives_what_the_scanner_gives_for_damaged_files(rows: list[tuple[str, bytes]], data) -> None:
    stored = bytearray(b"".join(written(rows, compress=True)))
    for _ in range(data.draw(st.integers(1, 3))):
        place = data.draw(st.integers(0, len(stored) - 1))
        match data.draw(st.sampled_from(["flip", "cut", "insert"])):
            case "flip":
                stored[place] ^= data.draw(st.integers(1, 255))
            case "cut":
                del stored[place : place + data.draw(st.integers(1, 40))]
            case "insert":
                stored[place:place] = data.draw(st.binary(min_size=1, max_size=40))
        if not stored:
            return
    assert read(bytes(stored)) == by_scanner(bytes(stored))


def test_reading_turns_back_to_the_fast_path_after_damage() -> None:
    good = [gzip.compress(warc("response", http(PAGE), number)) for number in range(100)]
    data = b"".join([*good[:50], b"garbage", *good[50:]])
    calls = []

    def noted(stream, offset: int, limits: ReadLimits):
        calls.append(offset)
        return fast_records(stream, offset, limits)

    with mock.patch("udfs.crawl.records.fast_records", noted):
        records, losses = split(read(data))
    assert len(records) == 100
    assert [loss.offset for loss in losses] == [sum(map(len, good[:50]))]
    assert len(calls) == 2


@pytest.mark.parametrize(("length", "kept"), [(-30, False), (30, False), (0, True)])
def test_a_wrong_content_length_inside_a_member_is_found(length: int, kept: bool) -> None:
    block = http(PAGE)
    wrong = gzip.compress(warc("response", block, 1, length=len(block) + length))
    good = gzip.compress(warc("response", block, 2))
    records, losses = split(read(good + wrong + good))
    assert len(records) == 2 + kept
    assert [loss.offset for loss in losses] == ([] if kept else [len(good)])


def test_a_stream_that_cannot_seek() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise AssertionError

    data = gzip.compress(warc("response", http(PAGE), 1)) * 3
    assert list(read_archive(Pipe(data), LIMITS)) == read(data)


def test_damage_in_an_lz4_frame_stays_in_it() -> None:
    frames = []
    for number in range(3):
        frame = io.BytesIO()
        with Lz4Writer(frame) as writer:
            writer.write(warc("response", http(PAGE), number))
        frames.append(frame.getvalue())
    cut = frames[1][:-20]
    for data in (frames[0] + cut + frames[2], frames[0] + b"garbage" + frames[2]):
        records, losses = split(read(data))
        assert [record.url for record in records] == ["http://a.test/0", "http://a.test/2"]
        assert len(losses) == 1
    records, losses = split(read(frames[0] + cut))
    assert [record.url for record in records] == ["http://a.test/0"]
    assert [loss.reason for loss in losses] == [CUT]


def test_a_cut_member_hides_none_behind_it() -> None:
    parts = [gzip.compress(warc("response", http(random.Random(n).randbytes(400)), n), mtime=0) for n in range(3)]
    for cut in range(1, len(parts[1])):
        records, losses = split(read(parts[0] + parts[1][:cut] + parts[2]))
        assert [record.url for record in records] == ["http://a.test/0", "http://a.test/2"]
        assert losses


def test_a_record_longer_than_its_member_does_not_swallow_the_next() -> None:
    block = http(PAGE)
    following = warc("response", block, 2)
    short = warc("response", block, 1, length=len(block) + len(following))[
        :-4
    ]  # its length reaches to the third record
    data = b"".join(gzip.compress(part) for part in (short, following, warc("response", block, 3)))
    records, losses = split(read(data))
    assert [record.url for record in records] == ["http://a.test/2", "http://a.test/3"]
    assert [loss.url for loss in losses] == ["http://a.test/1"]


def test_a_member_is_given_up_where_it_inflates_too_far() -> None:
    deflater = zlib.compressobj(1, wbits=31)
    bomb = deflater.compress(warc("request", b"", 1)) + zeros(200 << 20, deflater)
    records, losses = split(read(bomb + gzip.compress(warc("response", http(PAGE), 2))))
    assert [record.kind for record in records] == ["request", "response"]
    assert [loss.reason for loss in losses] == [LossReason.BAD_COMPRESSION]
    assert "inflates" in losses[0].detail
