"""The sample crawl: rebuilt byte for byte, read with the counts it claims, copies and rejects that are what they say.

Oracles: fastwarc as the reader, resiliparse as the extractor, fastText for the language, and the Gopher rules spelt out
here (Rae et al. 2021, arXiv 2112.11446, appendix A). `expected.json` was written from the texts, so it is the claim.
"""

import json
import re
import subprocess
import sys
import zlib
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from fastwarc.warc import ArchiveIterator
from resiliparse.extract.html2text import extract_plain_text

from udfs.text.language import detect

SAMPLE = Path(__file__).parents[2] / "sample"
EXPECTED: dict[str, Any] = json.loads((SAMPLE / "expected.json").read_text(encoding="utf-8"))
FILES = list(EXPECTED["files"])
PAGES = EXPECTED["pages"]
TWO_VISITS = ("recapture", "recapture_changed")
STOP_WORDS = {"the", "be", "to", "of", "and", "that", "have", "with"}
META_CHARSET = re.compile(rb"charset=\"?([\w-]+)")


def page_id(page: dict[str, Any]) -> str:
    return f"{page['role']}:{page['url'].split('//')[1]}"


@cache
def records(name: str) -> list[tuple[str, str, int, str, str | None, bytes]]:
    """(type, url, HTTP status, HTTP content type, HTTP charset, body) of every record that fastwarc reads."""
    found = []
    with (SAMPLE / name).open("rb") as stream:
        for record in ArchiveIterator(stream):
            http = record.http_headers
            is_response = record.headers["WARC-Type"] == "response"
            found.append(
                (
                    record.headers["WARC-Type"],
                    record.headers.get("WARC-Target-URI", ""),
                    http.status_code if is_response else 0,
                    (record.http_content_type or "") if is_response else "",
                    record.http_charset if is_response else None,
                    record.reader.read(),
                )
            )
    return found


@cache
def texts() -> dict[tuple[str, str], str]:
    """(file, url) -> main text of every response with a text type."""
    found = {}
    for name in FILES:
        for kind, url, _, content_type, charset, body in records(name):
            if kind != "response" or not content_type.startswith("text/"):
                continue
            declared = META_CHARSET.search(body)
            text = body.decode(charset or (declared.group(1).decode() if declared else "utf-8"), "replace")
            is_html = content_type == "text/html"
            found[name, url] = extract_plain_text(text, main_content=True) if is_html else text
    return found


def text_of(page: dict[str, Any]) -> str:
    return texts()[page["file"], page["url"]]


def keeper_of(page: dict[str, Any]) -> dict[str, Any]:
    return next(one for one in PAGES if one["url"] == page["keeper_url"] and one["role"] not in TWO_VISITS)


def gopher_failures(text: str) -> set[str]:
    words, lines = text.split(), [line.strip() for line in text.split("\n") if line.strip()]
    count = len(words)
    checks = {
        "words": 50 <= count <= 100_000,
        "mean_word_length": 3 <= sum(map(len, words)) / count <= 10,
        "symbols": max(text.count("#"), text.count("...") + text.count("…")) / count <= 0.1,
        "bullets": sum(line.startswith(("•", "-", "*")) for line in lines) / len(lines) <= 0.9,
        "ellipsis": sum(line.endswith(("...", "…")) for line in lines) / len(lines) <= 0.3,
        "alphabetic": sum(any(map(str.isalpha, word)) for word in words) / count >= 0.8,
        "stop_words": len(STOP_WORDS & set(re.findall(r"[a-z]+", text.lower()))) >= 2,
    }
    return {name for name, passed in checks.items() if not passed}


def build(folder: Path) -> dict[str, bytes]:
    folder.mkdir()
    subprocess.run([sys.executable, str(SAMPLE / "make_sample.py"), "--out", str(folder)], check=True)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_rebuilding_gives_the_same_bytes(tmp_path: Path) -> None:
    once = build(tmp_path / "once")
    assert once == build(tmp_path / "twice")
    assert set(once) == {*FILES, "expected.json"}
    if "ng" in zlib.ZLIB_RUNTIME_VERSION:
        pytest.skip("zlib-ng compresses to other bytes than zlib, with which the committed files were made")
    for name, content in once.items():
        assert content == (SAMPLE / name).read_bytes(), f"{name} is not what make_sample.py writes; run it"


def test_the_files_are_small() -> None:
    assert sum((SAMPLE / name).stat().st_size for name in FILES) < 300_000


@pytest.mark.parametrize("name", FILES)
def test_fastwarc_reads_the_claimed_records(name: str) -> None:
    claimed = EXPECTED["files"][name]
    cut = claimed["truncated"]["url"] if claimed["truncated"] else None
    whole = [record for record in records(name) if record[:2] != ("response", cut)]
    html = [record for record in whole if record[0] == "response" and record[3] == "text/html"]
    assert Counter(record[0] for record in whole) == claimed["records"]
    assert len(html) == claimed["html_responses"]
    assert sum(200 <= record[2] < 300 for record in html) == claimed["html_responses_2xx"]


@pytest.mark.parametrize("name", FILES)
def test_each_record_is_a_gzip_member_and_only_the_truncated_one_ends_early(name: str) -> None:
    content, claimed = (SAMPLE / name).read_bytes(), EXPECTED["files"][name]
    offset, members = 0, 0
    while offset < len(content):
        member = zlib.decompressobj(wbits=31)
        record = member.decompress(content[offset:])
        if not member.eof:
            break
        head, _, block = record.partition(b"\r\n\r\n")
        length = int(re.findall(rb"Content-Length: (\d+)", head)[0])
        assert head.startswith(b"WARC/1.0\r\n")
        assert block[length:] == b"\r\n\r\n"
        offset, members = len(content) - len(member.unused_data), members + 1
    assert members == sum(claimed["records"].values())
    assert offset == (claimed["truncated"]["offset"] if claimed["truncated"] else len(content))


def test_the_files_hold_the_listed_fetches_in_order() -> None:
    found = [(name, *record[1:3]) for name in FILES for record in records(name) if record[0] == "response"]
    assert found == [(page["file"], page["url"], page["status"]) for page in PAGES]
    dates = [page["fetched_at"] for page in PAGES]
    assert dates == sorted(dates)


@pytest.mark.parametrize("page", [page for page in PAGES if page["outcome"] == "duplicate"], ids=page_id)
def test_exact_duplicates_have_the_keepers_main_text_and_are_later(page: dict[str, Any]) -> None:
    keeper = keeper_of(page)
    assert (text_of(page) == text_of(keeper)) is (page["role"] != "recapture_changed")
    assert (page["url"] == keeper["url"]) is (page["role"] in TWO_VISITS)
    assert page["fetched_at"] > keeper["fetched_at"]


def test_no_other_pages_share_a_text() -> None:
    kept = [text_of(page) for page in PAGES if page["outcome"] in {"kept", "near_duplicate", "rejected"}]
    assert len(set(kept)) == len(kept)


@pytest.mark.parametrize("page", [page for page in PAGES if page["role"] == "near_duplicate"], ids=page_id)
def test_near_duplicates_share_most_shingles(page: dict[str, Any]) -> None:
    ours, theirs = shingles(text_of(page)), shingles(text_of(keeper_of(page)))
    assert 0.75 < len(ours & theirs) / len(ours | theirs) < 1


def shingles(text: str) -> set[tuple[str, ...]]:
    words = text.lower().split()
    return {tuple(words[start : start + 5]) for start in range(len(words) - 4)}


@pytest.mark.parametrize("page", [page for page in PAGES if page["role"] == "article"], ids=page_id)
def test_articles_are_in_their_language_and_pass_the_quality_rules(page: dict[str, Any]) -> None:
    text = text_of(page)
    assert detect(text)[0] == page["language"]
    assert gopher_failures(text) <= (set() if page["language"] == "en" else {"stop_words"})
    assert "\ufffd" not in text


@pytest.mark.parametrize(
    ("role", "reason"),
    [
        ("spam", "stop_words"),
        ("symbols", "symbols"),
        ("bullets", "bullets"),
        ("teasers", "ellipsis"),
        ("too_short", "words"),
        ("soft_404", "words"),
        ("login", "words"),
    ],
)
def test_unwanted_pages_fail_the_rule_they_were_written_for(role: str, reason: str) -> None:
    pages = [page for page in PAGES if page["role"] == role and page["outcome"] == "rejected"]
    assert pages
    for page in pages:
        assert reason in gopher_failures(text_of(page)), page["url"]


def test_legacy_charsets_are_declared_in_one_place_only() -> None:
    by_url = {record[1]: record for name in FILES for record in records(name) if record[0] == "response"}
    *_, german_header, german = by_url["https://oldletters.example/briefe/der-kalender-des-muellers"]
    *_, french_header, french = by_url["https://atelier-histoire.example/objets/une-horloge-de-village"]
    assert german_header is None
    assert b"charset=windows-1252" in german
    assert "„Seit Wochen ein trockener Nebel“".encode("cp1252") in german
    assert french_header == "iso-8859-15"
    assert b"charset" not in french
    assert "9 000 €".encode("iso-8859-15") in french


def test_every_domain_and_language_is_there() -> None:
    articles = [page for page in PAGES if page["role"] == "article"]
    domains = Counter(page["domain"] for page in articles)
    languages = Counter(page["language"] for page in articles)
    assert len(domains) == 15
    assert min(domains.values()) >= 3
    assert set(languages) == {"en", "de", "fr", "es"}
    assert min(languages.values()) >= 6


def test_nothing_points_to_a_real_host_mailbox_or_telephone() -> None:
    standards = {b"schema.org", b"www.w3.org"}
    for name in FILES:
        for kind, _, _, content_type, _, body in records(name):
            if kind != "response" or not content_type.startswith("text/"):
                continue
            hosts = set(re.findall(rb"https?://([^/\"\s<>:]+)", body)) - standards
            assert all(host.endswith(b".example") for host in hosts), hosts
            assert all(host.endswith(b".example") for host in re.findall(rb"[\w.]+@([\w.-]+)", body))
            assert not re.search(rb"\+\d[\d ()/-]{7,}|\b0\d{2,4}[ /-]\d{5,}|\b\d{3}-\d{3}-\d{4}\b", body)
