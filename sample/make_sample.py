"""Writes the sample crawl and `expected.json` from the texts in pages/: `python sample/make_sample.py [--out FOLDER]`.

Standard library only. Dates, ids and order are fixed, so two runs write the same bytes. `expected.json` is
written from the texts and from what is put into the files, not from what any reader makes of them.
"""

import argparse
import hashlib
import json
from collections import Counter
from pathlib import Path

from captures import Capture, to_captures, to_oddities
from page_source import read_pages
from warc_writing import digest, record_id, stamp, to_http, to_member, to_record

FILES = {  # letter -> name, second of the first fetch
    "a": ("crawl-2026-10-a.warc.gz", 1772694000),  # 2026-03-05
    "b": ("crawl-2026-10-b.warc.gz", 1772866800),  # 2026-03-07
    "c": ("crawl-2026-14-a.warc.gz", 1775113200),  # 2026-04-02
}
SECONDS_BETWEEN_FETCHES = 41
TRUNCATED_SHARE = 0.6  # of the last member's bytes that are left


def in_order(captures: list[Capture]) -> list[Capture]:
    """Pages of one file mixed as a crawler meets them; copies after them, the one to be cut last of all."""

    def place(capture: Capture) -> tuple[bool, bool, str]:
        is_copy = capture.page is not None and bool(capture.page.keeper_url)
        return capture.role == "truncated", is_copy, hashlib.sha256(capture.url.encode()).hexdigest()

    return sorted(captures, key=place)


def to_records(capture: Capture, date: str) -> list[tuple[str, bytes]]:
    """The request, the response and the metadata of one fetch, each with its type."""
    host, _, path = capture.url.split("/", 2)[2].partition("/")
    request = f"GET /{path.partition('#')[0]} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: sample-crawler\r\n\r\n".encode()
    http = to_http(capture.status, capture.content_type, capture.body, capture.extra)
    response_id = record_id("response", capture.url, date)
    common = {"WARC-Date": date, "WARC-Target-URI": capture.url}

    def headers(kind: str, content_type: str) -> dict[str, str]:
        return {
            "WARC-Record-ID": record_id(kind, capture.url, date),
            **common,
            "WARC-Concurrent-To": response_id,
            "Content-Type": content_type,
        }

    response = {
        "WARC-Record-ID": response_id,
        **common,
        "WARC-Payload-Digest": digest(capture.body),
        "Content-Type": "application/http; msgtype=response",
    }
    metadata = f"fetchTimeMs: {len(capture.body) % 400 + 60}\r\n".encode()
    return [
        ("request", to_record("request", headers("request", "application/http; msgtype=request"), request)),
        ("response", to_record("response", response, http)),
        ("metadata", to_record("metadata", headers("metadata", "application/warc-fields"), metadata)),
    ]


def to_revisit(first: Capture, first_date: str, date: str) -> bytes:
    """A later visit that found the payload of the first one unchanged; the block is the HTTP headers alone."""
    block = f"HTTP/1.1 200 OK\r\nServer: sample\r\nContent-Type: {first.content_type}\r\n\r\n".encode()
    headers = {
        "WARC-Record-ID": record_id("revisit", first.url, date),
        "WARC-Date": date,
        "WARC-Target-URI": first.url,
        "WARC-Payload-Digest": digest(first.body),
        "WARC-Profile": "http://netpreserve.org/warc/1.0/revisit/identical-payload-digest",
        "WARC-Refers-To-Target-URI": first.url,
        "WARC-Refers-To-Date": first_date,
        "Content-Type": "application/http; msgtype=response",
    }
    return to_record("revisit", headers, block)


def to_warcinfo(name: str, date: str) -> bytes:
    """The first record of a file."""
    headers = {
        "WARC-Record-ID": record_id("warcinfo", name),
        "WARC-Date": date,
        "WARC-Filename": name,
        "Content-Type": "application/warc-fields",
    }
    block = b"software: sample/make_sample.py\r\nformat: WARC File Format 1.0\r\nlicense: CC0-1.0\r\n"
    return to_record("warcinfo", headers, block)


def write_file(letter: str, captures: list[Capture], first: tuple[Capture, str], folder: Path) -> dict[str, object]:
    """One WARC file; what it holds, as `expected.json` has it."""
    name, start = FILES[letter]
    content = to_member(to_warcinfo(name, stamp(start)))
    counts = Counter(["warcinfo"])
    truncated = None
    for number, capture in enumerate(captures):
        for kind, record in to_records(capture, fetched_at(letter, number)):
            member = to_member(record)
            if capture.role == "truncated" and kind == "response":
                content += to_member(to_revisit(*first, fetched_at(letter, number)))
                counts["revisit"] += 1
                truncated = {"url": capture.url, "offset": len(content)}
                content += member[: int(len(member) * TRUNCATED_SHARE)]
                break
            content += member
            counts[kind] += 1
    (folder / name).write_bytes(content)
    html = [capture for capture in captures if capture.is_html and capture.role != "truncated"]
    return {
        "records": dict(sorted(counts.items())),
        "html_responses": len(html),
        "html_responses_2xx": sum(capture.status.startswith("2") for capture in html),
        "truncated": truncated,
    }


def fetched_at(letter: str, number: int) -> str:
    """The date of the fetch with this number in its file."""
    return stamp(FILES[letter][1] + SECONDS_BETWEEN_FETCHES * number)


def to_row(capture: Capture, date: str) -> dict[str, object]:
    """A capture as `expected.json` lists it."""
    page = capture.page
    return {
        "url": capture.url,
        "file": FILES[capture.file][0],
        "fetched_at": date,
        "role": capture.role,
        "outcome": capture.outcome,
        "status": int(capture.status[:3]),
        "domain": page.domain if page else None,
        "language": page.language if page else None,
        "quality": page.quality if page else None,
        "keeper_url": (page.keeper_url or None) if page else None,
    }


def make(folder: Path) -> None:
    """Writes the three files and `expected.json` into `folder`."""
    captures = to_captures(read_pages()) + to_oddities()
    by_file = {letter: in_order([capture for capture in captures if capture.file == letter]) for letter in FILES}
    number, visited = next((n, one) for n, one in enumerate(by_file["a"]) if one.role == "article")
    first = (visited, fetched_at("a", number))
    files = {FILES[letter][0]: write_file(letter, by_file[letter], first, folder) for letter in FILES}
    rows = [to_row(one, fetched_at(letter, n)) for letter, ones in by_file.items() for n, one in enumerate(ones)]
    text = json.dumps({"files": files, "revisit_of": visited.url, "pages": rows}, indent=1, ensure_ascii=False)
    (folder / "expected.json").write_text(text + "\n", encoding="utf-8")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Write the sample crawl.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent, help="folder; by default this script's")
    make(parser.parse_args().out)


if __name__ == "__main__":
    main()
