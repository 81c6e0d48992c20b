"""What the servers of the sample send: every page as HTML, and the things a crawl holds beside pages."""

import struct
import zlib
from dataclasses import dataclass, field

from page_source import Page, read_sites, read_words
from page_templates import RELATED_LINKS, Site, render

# Comments differ from fetch to fetch. Exact duplicates must have one main text and near ones much the same, so neither
# they nor their keepers carry any; nor do the pages that are to be too short.
LIVELY_ROLES = ("article", "recapture_changed", "spam", "symbols", "truncated")

NOTES = """Release notes, kept as plain text since nobody has asked for more.

Version 1.4 reads dates with a time zone and no longer guesses one. If you have relied on the guess, set the zone in
the settings file; the old behaviour is not coming back, because it was wrong twice a year.

Version 1.3 writes its index to a second file and swaps the two at the end, so that a crash in the middle leaves the
old index in place. This costs some space on the disk for a moment. It also fixes the order of results that have the
same score, which was not the same on all machines.

Version 1.2 was not released. The number was used for a build that was given to three testers, and we did not want to
have two things with one name.
"""


@dataclass(frozen=True)
class Capture:
    """One fetch: what the server sent and what it is meant to show."""

    url: str
    file: str
    role: str
    outcome: str
    body: bytes
    status: str = "200 OK"
    content_type: str = "text/html; charset=utf-8"
    extra: dict[str, str] = field(default_factory=dict)
    page: Page | None = None

    @property
    def is_html(self) -> bool:
        return self.content_type.startswith("text/html")


def to_captures(pages: list[Page]) -> list[Capture]:
    """Every page as its server sends it."""
    sites, words = read_sites(), read_words()
    copied = {page.keeper_url for page in pages if page.role not in LIVELY_ROLES}
    captures = []
    for number, page in enumerate(pages):
        neighbours = [other for other in pages if other.host == page.host and other.url != page.url]
        written = [other for other in neighbours if not other.keeper_url]
        is_lively = page.role in LIVELY_ROLES and page.url not in copied
        site = Site(sites[page.host], words[page.language], written[:RELATED_LINKS], is_lively)
        charset, _, place = page.charset.partition(" ")
        body = render(page, site, number).encode(charset, "xmlcharrefreplace")
        content_type = f"text/html; charset={charset}" if place == "header" else "text/html"
        captures.append(
            Capture(page.url, page.file, page.role, page.outcome, body, page.status, content_type, page=page)
        )
    return captures


def to_oddities() -> list[Capture]:
    """What a crawl holds beside pages: a redirect, an image, a PDF, a plain text."""
    moved = b"<html><body><h1>Moved</h1><p>This page is now at another address.</p></body></html>"
    pdf = b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    return [
        Capture(
            "http://voltbench.example/battery",
            "a",
            "redirect",
            "no_document",
            moved,
            "301 Moved Permanently",
            extra={"Location": "https://voltbench.example/explainers/lithium-batteries-ageing"},
        ),
        Capture(
            "https://railmiles.example/photos/dot.png",
            "a",
            "image",
            "no_document",
            _one_pixel(),
            content_type="image/png",
        ),
        Capture(
            "https://norwick-council.example/files/form-12.pdf",
            "b",
            "pdf",
            "no_document",
            pdf + b"trailer<</Root 1 0 R>>\n%%EOF\n",
            content_type="application/pdf",
        ),
        Capture(
            "https://bytegarden.example/tools/indexer/NEWS.txt",
            "b",
            "plain_text",
            "kept",
            NOTES.encode(),
            content_type="text/plain; charset=utf-8",
        ),
    ]


def _one_pixel() -> bytes:
    """A grey PNG of one pixel."""
    chunks = b""
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    for name, data in ((b"IHDR", header), (b"IDAT", zlib.compress(b"\x00\x80")), (b"IEND", b"")):
        chunks += struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
    return b"\x89PNG\r\n\x1a\n" + chunks
