"""From files to rows: every real file, the sample, files of rows, and pages made to hurt.

Oracles: the manifest of the real files, `sample/expected.json`, fastwarc's own count, Arrow with the catalog's schema.
"""

import contextlib
import gzip
import io
import json
import os
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import zstandard
from fastwarc.warc import ArchiveIterator, WarcRecordType
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.udfs.test_records import CRAWL, EXPLAINED, FILES, http, needs_data, warc
from udfs.crawl import pages
from udfs.crawl.losses import LossReason
from udfs.crawl.pages import PageSettings, read_pages

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "sample"
NO_DOCUMENT = ("no_document", "lost")  # outcomes of the sample's pages
EXPECTED: dict[str, Any] = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))
SETTINGS = PageSettings()
WORDS = "The harbour was calm at dawn and the boats went out one by one. "
PAGE = f"<html lang=en><head><title>Harbour</title></head><body><p>{WORDS * 20}</p></body></html>".encode()
IN_RECORD = {"no_text", "too_slow", "extraction_failed"}  # losses of records that were read


class Rows(NamedTuple):
    documents: list[dict[str, Any]]
    losses: list[dict[str, Any]]
    file: dict[str, Any]


def rows_of(path: Path | str, given: PageSettings = SETTINGS) -> Rows:
    """The rows of a file, whose counts must agree with one another whatever it is."""
    found: dict[str, list[dict[str, Any]]] = {"documents": [], "losses": [], "files": []}
    for table, row in read_pages(str(path), 7, "a crawl", 3, given):
        found[table].append(row)
    [file] = found["files"]
    assert (file["documents"], file["losses"]) == (len(found["documents"]), len(found["losses"]))
    assert all(row["file"] == str(path) and row["batch"] == 3 for rows in found.values() for row in rows)
    places = [row["offset"] for row in found["documents"]]
    assert places == sorted(set(places)), "offsets are unique and ascend"
    return Rows(
        found["documents"], found["losses"], {**file, **{key: dict(file[key]) for key in ("records", "skipped")}}
    )


def rows_in(folder: Path, content: bytes, name: str = "x.warc", given: PageSettings = SETTINGS) -> Rows:
    (folder / name).write_bytes(content)
    return rows_of(folder / name, given)


def response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status}", *headers, "", ""]).encode() + body


# Real files


@needs_data
@pytest.mark.parametrize("row", FILES, ids=[row["file"] for row in FILES])
def test_every_real_file_agrees_with_the_manifest(row: dict[str, Any]) -> None:
    found = rows_of(CRAWL / row["file"])
    by_line, by_reader = row["records_by_header_line"], row["records_read"]
    expected = Counter(by_line if sum(by_line.values()) > sum(by_reader.values()) else by_reader)
    fewer, html_more, reasons, _why = EXPLAINED.get(row["file"], ({}, 0, [], ""))
    expected.subtract(fewer)
    assert found.file["records"] == {kind: count for kind, count in expected.items() if count}
    assert found.file["html_responses"] == row["html_responses"] + html_more
    unread = [loss["reason"] for loss in found.losses if loss["reason"] not in IN_RECORD]
    assert unread == [str(reason) for reason in reasons]
    read = len(found.documents) + sum(found.file["skipped"].values()) + len(found.losses) - len(unread)
    assert read == sum(found.file["records"].values())


@needs_data
def test_only_good_responses_become_documents() -> None:
    refused = 0
    for row in FILES:
        bad = set()
        with (
            (CRAWL / row["file"]).open("rb") as stream,
            contextlib.suppress(OSError),
        ):  # fastwarc gives up on some files
            for record in ArchiveIterator(stream, record_types=WarcRecordType.response):
                if record.http_headers is None or not 200 <= (record.http_headers.status_code or 0) < 300:
                    bad.add(record.headers.get("WARC-Record-ID", "").strip("<>"))
        refused += len(bad)
        assert not bad & {document["record_id"] for document in rows_of(CRAWL / row["file"]).documents}
    assert refused > 150


@needs_data
def test_challenges_redirects_and_revisits_are_counted() -> None:
    skipped = {
        name: rows_of(CRAWL / f"crawlers/{name}.warc.gz").file["skipped"]
        for name in ("browsertrix-2024-403-challenge", "browsertrix-2024-status-codes", "heritrix-2014-govuk-2-revisit")
    }
    assert skipped["browsertrix-2024-403-challenge"]["client_error"] == 2
    assert (
        skipped["browsertrix-2024-status-codes"]["redirect"],
        skipped["browsertrix-2024-status-codes"]["client_error"],
    ) == (20, 2)
    assert skipped["heritrix-2014-govuk-2-revisit"]["revisit"] == 55
    assert skipped["heritrix-2014-govuk-2-revisit"]["not_http"] == 3


@needs_data
def test_ids_do_not_depend_on_how_or_where_a_record_is_stored() -> None:
    for plain, packed in (
        ("whirlwind.warc", "whirlwind.warc.gz"),
        ("whirlwind.warc.wet", "whirlwind.warc.wet.gz"),
        ("cc-2020-34-head.warc.gz", "cc-2020-34-head.warc.lz4"),
        ("cc-2016-50-25docs.wet.gz", "cc-2016-50-25docs.rechunked.wet.gz"),
    ):
        ids = [[page["doc_id"] for page in rows_of(CRAWL / "commoncrawl" / name).documents] for name in (plain, packed)]
        assert ids[0] == ids[1]
        assert len(set(ids[0])) == len(ids[0]) > 0


# The sample


@pytest.mark.parametrize("name", EXPECTED["files"])
def test_the_sample_gives_what_it_claims(name: str) -> None:
    claim = EXPECTED["files"][name]
    found = rows_of(SAMPLE / name)
    cut = claim["truncated"]
    assert found.file["records"] == {**claim["records"], "response": claim["records"]["response"]}
    assert found.file["html_responses"] == claim["html_responses"]
    assert [(loss["reason"], loss["url"], loss["offset"]) for loss in found.losses] == (
        [("truncated_file", cut["url"], cut["offset"])] if cut else []
    )
    good = [page["url"] for page in EXPECTED["pages"] if page["file"] == name and page["outcome"] not in NO_DOCUMENT]
    assert Counter(page["url"] for page in found.documents) == Counter(good)


def test_pages_of_the_sample_have_ids_of_their_own() -> None:
    documents = [page for name in EXPECTED["files"] for page in rows_of(SAMPLE / name).documents]
    assert len({page["doc_id"] for page in documents}) == len(documents)
    assert all(
        page["fetched_at"].tzinfo is UTC and page["host"] and page["site"] and page["headers"] for page in documents
    )


# Rows


SHAPES: dict[str, dict[str, Any]] = {
    "dclm": {
        "text": WORDS,
        "metadata": {
            "WARC-Record-ID": "<urn:a>",
            "WARC-Target-URI": "http://a.test/",
            "WARC-Date": "2024-05-18T01:58:10Z",
        },
    },
    "redpajama_v2": {
        "raw_content": WORDS,
        "url": "http://a.test/",
        "doc_id": "<urn:a>",
        "date_download": "2024-05-18T01:58:10Z",
    },
    "wet": {
        "text": WORDS,
        "WARC-Target-URI": "http://a.test/",
        "WARC-Record-ID": "<urn:a>",
        "WARC-Date": "2024-05-18T01:58:10Z",
    },
    "fineweb": {"text": WORDS, "url": "http://a.test/", "id": "<urn:a>", "dump": "d", "date": "2024-05-18T01:58:10Z"},
    "c4": {"text": WORDS, "url": "http://a.test/", "id": "<urn:a>", "timestamp": "2024-05-18T01:58:10Z"},
    "openwebmath": {
        "text": WORDS,
        "url": "http://a.test/",
        "id": "<urn:a>",
        "date": "2024-05-18T01:58:10Z",
        "metadata": "{}",
    },
    "slimpajama": {
        "text": WORDS,
        "id": "<urn:a>",
        "meta": {"redpajama_set_name": "s", "url": "http://a.test/", "timestamp": "2024-05-18T01:58:10Z"},
    },
    "generic": {
        "content": WORDS,
        "uri": "http://a.test/",
        "record_id": "<urn:a>",
        "fetched_at": "2024-05-18T01:58:10Z",
    },
}
PACK = {"jsonl": bytes, "jsonl.gz": gzip.compress, "jsonl.zst": zstandard.compress, "bin": gzip.compress, "dat": bytes}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("end", [*PACK, "parquet"])
def test_rows_of_every_shape_become_documents(tmp_path: Path, shape: str, end: str) -> None:
    if end == "parquet":
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist([SHAPES[shape]]), sink)
        content = sink.getvalue()
    else:
        content = PACK[end](json.dumps(SHAPES[shape]).encode() + b"\n")
    for chosen in (SETTINGS, PageSettings.model_validate({"fields": shape})):
        found = rows_in(tmp_path, content, f"x.{end}", chosen)
        [page] = found.documents
        assert (page["url"], page["record_id"], page["text"]) == ("http://a.test/", "<urn:a>", WORDS)
        assert page["fetched_at"] == datetime(2024, 5, 18, 1, 58, 10, tzinfo=UTC)
        assert (page["host"], page["offset"], found.file["records"]) == ("a.test", 0, {"row": 1})
        assert found.file["format"] == ("parquet" if end == "parquet" else "jsonl")


def test_bad_rows_are_losses_with_their_number(tmp_path: Path) -> None:
    lines = [{"text": WORDS}, "x{", {"text": " \n"}, [1], {"text": 5}, {"text": "a\0b"}, {"text": "\ud800"}]
    content = b"\n".join(line.encode() if isinstance(line, str) else json.dumps(line).encode() for line in lines)
    found = rows_in(tmp_path, content, "x.jsonl")
    assert [page["offset"] for page in found.documents] == [0, 5]
    assert found.documents[1]["text"] == "a\ufffdb"
    assert [(loss["offset"], loss["reason"]) for loss in found.losses] == [
        (1, "bad_row"),
        (2, "no_text"),
        (3, "bad_row"),
        (4, "bad_row"),
        (6, "bad_row"),
    ]
    assert found.file["records"] == {"row": 7}


def test_a_cut_file_of_rows_is_a_loss_that_is_no_row(tmp_path: Path) -> None:
    content = gzip.compress(
        b"".join(json.dumps({"text": WORDS + os.urandom(30).hex()}).encode() + b"\n" for _ in range(50))
    )
    found = rows_in(tmp_path, content[:-200], "x.jsonl.gz")
    assert found.losses[-1]["reason"] == "truncated_file"
    assert found.file["records"]["row"] == len(found.documents)


# Files that cannot be read


def test_a_file_that_cannot_be_opened_is_one_loss(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.warc.gz", tmp_path):
        found = rows_of(path)
        assert [loss["reason"] for loss in found.losses] == ["unreadable_file"]
        assert found.file["format"] == "unknown"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_one_loss(tmp_path: Path) -> None:
    path = tmp_path / "x.warc"
    path.write_bytes(warc("response", http(PAGE)))
    path.chmod(0)
    assert [loss["reason"] for loss in rows_of(path).losses] == ["unreadable_file"]


class _BreaksOff(io.BytesIO):
    def read(self, size: int | None = -1) -> bytes:
        if self.tell() > 20_000:
            raise OSError("the store does not answer")
        return super().read(min(size, 4096) if size and size > 0 else 4096)


def _parquet() -> bytes:
    sink = io.BytesIO()
    rows = [{"text": os.urandom(2000).hex()} for _ in range(100)]
    pq.write_table(pa.Table.from_pylist(rows), sink, compression="none", row_group_size=10)
    return sink.getvalue()


BROKEN = {
    "x.warc": lambda: b"".join(warc("response", http(PAGE + os.urandom(2000).hex().encode()), n) for n in range(100)),
    "x.warc.gz": lambda: b"".join(
        gzip.compress(warc("response", http(os.urandom(2000).hex().encode()), n)) for n in range(100)
    ),
    "x.jsonl": lambda: b"".join(json.dumps({"text": os.urandom(2000).hex()}).encode() + b"\n" for _ in range(100)),
    "x.parquet": _parquet,
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_store_that_breaks_off_raises_so_that_spark_tries_again(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = BROKEN[name]()
    monkeypatch.setattr(pages, "open_file", lambda *_: _BreaksOff(content))
    with pytest.raises(OSError, match="does not answer"):
        rows_of(name)


# What is a document


TYPES = {
    "text/html": ("", "html"),
    "Text/HTML; Charset=utf-8": ("", "html"),
    "text/html, text/html": ("", "html"),
    "application/xhtml+xml": ("", "html"),
    "text/plain;charset=latin-1": ("", "plain"),
    "image/png": ("other_type", ""),
    "text/css": ("other_type", ""),
}


@pytest.mark.parametrize("declared", TYPES)
def test_the_content_type_decides(tmp_path: Path, declared: str) -> None:
    skipped, reader = TYPES[declared]
    found = rows_in(tmp_path, warc("response", response(PAGE, f"Content-Type: {declared}")))
    assert found.file["skipped"] == ({skipped: 1} if skipped else {})
    assert found.file["html_responses"] == (reader == "html")
    assert [page["text"].startswith("<html") for page in found.documents] == ([reader == "plain"] if reader else [])


def test_html_without_a_content_type_is_told_by_its_start(tmp_path: Path) -> None:
    starts = [
        b"<!DOCTYPE html>",
        b"\xef\xbb\xbf \r\n<HTML>",
        b"<html lang=en>",
        b"<head>",
        b"<body class=x>",
        b"<title>",
    ]
    others = [b"<svg>", b"{", b"<?xml version='1.0'?>", b"<html5>", b"GIF89a", b""]
    data = [
        warc("response", response(start + PAGE[6:], *extra), number)
        for number, (start, extra) in enumerate(
            [
                *((start, ()) for start in starts + others),
                (starts[0], ("Content-Type:",)),
                (starts[0], ("Content-Type: image/png",)),
            ]
        )
    ]
    found = rows_in(tmp_path, b"".join(data))
    assert [page["record_id"] for page in found.documents] == [f"urn:test:{number}" for number in (*range(6), 12)]
    assert found.file["skipped"] == {"other_type": len(others) + 1}
    assert found.file["html_responses"] == 0  # by what servers say


def test_records_that_are_no_page_are_counted_by_kind(tmp_path: Path) -> None:
    statuses = ["200 OK", "299 x", "100 x", "301 x", "404 x", "503 x", "999 x"]
    data = [
        warc("response", response(PAGE, "Content-Type: text/html", status=status), n)
        for n, status in enumerate(statuses)
    ]
    data += [warc(kind, PAGE, 9) for kind in ("resource", "revisit", "metadata", "request", "warcinfo", "continuation")]
    data += [warc("response", b"a.test. IN A 1.2.3.4", 8).replace(b"application/http; msgtype=response", b"text/dns")]
    found = rows_in(tmp_path, b"".join(data))
    assert len(found.documents) == 2
    kinds = [
        "resource",
        "revisit",
        "metadata",
        "request",
        "warcinfo",
        "continuation",
        "redirect",
        "client_error",
        "server_error",
        "not_http",
    ]
    assert found.file["skipped"] == {**dict.fromkeys(kinds, 1), "other_status": 2}


def test_conversions_are_pages_by_their_type(tmp_path: Path) -> None:
    text = "Grüße aus dem Hafen. " * 9
    plain = warc("conversion", text.encode(), 1)
    html = warc("conversion", PAGE, 2).replace(b"Content-Type: text/plain", b"content-type: text/html")
    image = warc("conversion", b"\x89PNG", 3).replace(b"Content-Type: text/plain", b"Content-Type: image/png")
    untyped = warc("conversion", text.encode(), 4).replace(b"Content-Type: text/plain\r\n", b"")
    latin = warc("conversion", text.encode("latin-1"), 5).replace(b"text/plain", b"text/plain; charset=latin-1")
    found = rows_in(tmp_path, plain + html + image + untyped + latin)
    assert [page["text"] for page in found.documents] == [
        text.strip(),
        *[WORDS.strip() + (" " + WORDS.strip()) * 19],
        *[text.strip()] * 2,
    ]
    assert found.file["skipped"] == {"other_type": 1}
    assert found.file["html_responses"] == 0


def test_an_arc_file(tmp_path: Path) -> None:
    block = http(PAGE)
    head = b"filedesc://x.arc 0.0.0.0 20060305082251 text/plain 5\n1 0 x\n"
    record = b"http://a.test/%d 1.2.3.4 20060305082251 text/html %d\n%s\n"
    found = rows_in(tmp_path, head + record % (1, len(block), block) + record % (2, len(block), block), "x.arc")
    first, second = found.documents
    assert (first["url"], first["record_id"], first["title"]) == ("http://a.test/1", None, "Harbour")
    assert first["doc_id"] != second["doc_id"]


# Pages made to hurt


HURT = """
import json, resource, sys, time
from udfs.crawl.pages import PageSettings, read_pages
start = time.perf_counter()
given = PageSettings.model_validate({"html": {"time_limit_seconds": 2.0}})
rows = read_pages(sys.argv[1], 0, "c", 1, given)
found = [(table, row.get("url"), row.get("reason")) for table, row in rows]
# Not RUSAGE_SELF: a process inherits that from the one that started it, which other tests may have made large.
own = next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith("VmHWM:"))
mebibytes = (own + resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss) >> 10
print(json.dumps([found, mebibytes, time.perf_counter() - start]))
"""


@pytest.mark.parametrize("packed", [False, True])
def test_pages_made_to_hurt_are_losses_and_the_others_are_read(tmp_path: Path, packed: bool) -> None:
    bomb = gzip.compress(bytes(1 << 28), 1)
    hurtful = [
        http(b"<p>word " * (100 << 17)),
        http(bomb, "Content-Encoding: gzip"),
        http(b"<div>" * 1_000_000),
        http(b"<b><p>" * 90_000),
    ]
    parts = [warc("response", http(PAGE), 0)]
    for number, block in enumerate(hurtful):
        parts += [warc("response", block, 2 * number + 1), warc("response", http(PAGE), 2 * number + 2)]
    path = tmp_path / "x.warc.gz"
    path.write_bytes(b"".join(gzip.compress(part, 1) if packed else part for part in parts))
    command = [sys.executable, "-c", HURT, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=120)
    found, mebibytes, seconds = json.loads(done.stdout)
    by_url = {url: table if table == "documents" else reason for table, url, reason in found[:-1]}
    assert [by_url.pop(f"http://a.test/{number}") for number in range(0, 9, 2)] == ["documents"] * 5
    assert [by_url[f"http://a.test/{number}"] for number in (1, 3, 5)] == ["too_large"] * 3
    assert by_url["http://a.test/7"] in ("too_slow", "extraction_failed", "documents", "no_text")
    # A compressed member that inflates a hundredfold is given up, and that is a loss of its own.
    assert by_url.pop(None, "") in (("", "bad_compression") if packed else ("",))
    assert len(by_url) == 4
    assert mebibytes < 600
    assert seconds < 30


def test_what_a_page_says_of_itself_is_bounded(tmp_path: Path) -> None:
    extra = "".join(f"X-{number}: {'v' * 600}\r\n" for number in range(80))
    page = PAGE.replace(b"Harbour", b"t" * (1 << 20))
    url = b"http://a.test/" + b"u" * 9000
    data = warc("response", http(page), 1, extra=f"A-Long: {'w' * 5000}\r\n{'N' * 900}: 1\r\n") + warc(
        "response", http(PAGE), 2
    ).replace(b"http://a.test/2", url)
    data += warc("response", http(page), 3, extra=extra) + b"".join(warc(f"kind-{n}", b"") for n in range(100))
    found = rows_in(tmp_path, data)
    first, second, third = found.documents
    assert (len(first["title"]), second["url"], second["host"]) == (1000, None, "a.test")
    headers = dict(first["headers"])
    assert len(headers["A-Long"]) == 1000
    assert max(map(len, headers)) == 100
    assert len(third["headers"]) == 64
    assert len(found.file["records"]) <= 33
    assert sum(found.file["records"].values()) == 103


odd_text = st.text(st.characters() | st.sampled_from("\0\ud800\udfff\u2028"), max_size=30)
odd_rows = st.fixed_dictionaries(
    {"text": st.just(WORDS)},
    optional=dict.fromkeys(("url", "id", "date", "title", "language", "a", "a\0", "a\ufffd"), odd_text),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(odd_rows, min_size=1, max_size=5))
def test_any_strings_fit_into_the_tables(
    tmp_path_factory: pytest.TempPathFactory, given_rows: list[dict[str, Any]]
) -> None:
    content = "\n".join(map(json.dumps, given_rows)).encode()
    found = rows_in(tmp_path_factory.getbasetemp(), content, "odd.jsonl")
    assert not found.losses
    for page, row in zip(found.documents, given_rows, strict=True):
        pa.array([page["headers"]], pa.map_(pa.string(), pa.string())).validate(full=True)
        for name in ("url", "title", "record_id", "host", "site", "declared_language"):
            pa.array([page[name]], pa.string()).validate(full=True)
            assert "\0" not in (page[name] or "")
        assert len(page["headers"]) == len(dict(page["headers"]))
        assert page["title"] is None or len(page["title"]) <= len(row["title"])


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=60), st.binary(max_size=60))
def test_any_bytes_in_a_header_fit_into_the_tables(
    tmp_path_factory: pytest.TempPathFactory, url: bytes, value: bytes
) -> None:
    data = (
        warc("response", http(PAGE), 1, extra="X-Odd: VALUE\r\n")
        .replace(b"http://a.test/1", url)
        .replace(b"VALUE", value)
    )
    found = rows_in(tmp_path_factory.getbasetemp(), data, "odd.warc")
    for row in [*found.documents, *found.losses]:
        strings = [v for v in row.values() if isinstance(v, str)] + [s for pair in row.get("headers", []) for s in pair]
        pa.array(strings, pa.string()).validate(full=True)
        assert not any("\0" in string for string in strings)


# Ids and places


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=5), st.booleans())
def test_a_place_names_one_document(tmp_path_factory: pytest.TempPathFactory, members: list[int], packed: bool) -> None:
    numbers = iter(range(100))
    # No two of one length: fast.py takes a second record of a member for the first where their lengths are equal.
    pages_of = [[http(PAGE) for _ in range(count)] for count in members]
    numbers = iter(range(100))
    parts = [b"".join(warc("response", block, next(numbers)) for block in blocks) for blocks in pages_of]
    content = b"".join(map(gzip.compress, parts) if packed else parts)
    found = rows_in(tmp_path_factory.getbasetemp(), content, "members.warc.gz")
    assert [page["record_id"] for page in found.documents] == [f"urn:test:{number}" for number in range(sum(members))]


def test_an_id_is_of_the_record_and_its_text(tmp_path: Path) -> None:
    def ids(*data: bytes, name: str = "x.warc") -> list[str]:
        return [page["doc_id"] for page in rows_in(tmp_path, b"".join(data), name).documents]

    def without_id(data: bytes) -> bytes:
        return data.replace(b"WARC-Record-ID: <urn:test:1>\r\n", b"")

    one, other = warc("response", http(PAGE), 1), warc("response", http(PAGE), 2)
    new_text = warc("response", http(PAGE.replace(b"calm", b"wild")), 1)
    first, *different = ids(one, other, new_text)
    assert first not in different
    assert ids(other, one, name="y.warc") == [different[0], first]
    later = one.replace(b"01:58:10Z", b"01:58:11Z")
    assert ids(later) == [first], "the record's id is enough"
    nameless = ids(
        without_id(one), without_id(later), without_id(one.replace(b"a.test/1", b"a.test/9")), without_id(one)
    )
    assert len(set(nameless[:3])) == 3
    assert nameless[0] == nameless[3]


def test_reasons_are_known(tmp_path: Path) -> None:
    found = rows_in(tmp_path, warc("response", http(b"<html></html>")) + b"garbage")
    assert {loss["reason"] for loss in found.losses} == {"no_text", "bad_record"} <= set(LossReason)
    assert all(loss["detail"] and loss["stage"] == "ingest" for loss in found.losses)
