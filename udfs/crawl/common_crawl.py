"""A Common Crawl id -> a sample of its files.

A crawl publishes a list of its files, `crawl-data/<crawl>/warc.paths.gz`, of some 90,000 names. The sample takes those
whose hash with the seed is smallest: it is the same in every run and on every machine, and a larger sample contains the
smaller one. Nothing is downloaded here but the list.
"""

import hashlib
import heapq
from typing import Literal

from pydantic import Field

from udfs.crawl.files import DownloadSettings, FileError, InputFile, described, read_lines, redacted
from udfs.settings import Section


class CrawlSettings(Section):
    """Which files of which crawl."""

    crawl: str = Field(
        pattern=r"^CC-[A-Z]+(-\d{4}-\d{2,4}|/\d{4}/\d{2})$",
        description="its id: CC-MAIN-2026-10, CC-NEWS/2026/03",
    )
    kind: Literal["warc", "wet"] = Field(default="warc", description="pages as fetched (warc), or plain text (wet)")
    files: int = Field(default=1, ge=1, description="how many of the crawl's files; all of them where it has fewer")
    seed: int = Field(default=0, description="another seed gives another sample")
    source: str = Field(
        default="https://data.commoncrawl.org",
        min_length=1,
        description="where crawl-data/ lies: an http(s) base, s3://commoncrawl, or a local folder",
    )


def sample_crawl(settings: CrawlSettings, download: DownloadSettings) -> list[InputFile]:
    """The sampled files, sorted by path. Their sizes are known where `source` is a folder or an object store, else 0.

    Raises ValueError where the crawl's list cannot be read or is none.
    """
    source = settings.source.rstrip("/")
    listing = f"{source}/crawl-data/{settings.crawl}/{settings.kind}.paths.gz"
    try:
        names = list(dict.fromkeys(line.strip() for line in read_lines(listing, download) if line.strip()))
    except FileError as error:
        raise ValueError(
            f"found no list of files of the crawl {settings.crawl} ({error}), expected one; "
            "check the crawl's id, the source and the network"
        ) from None
    strange = next((name for name in names if not name.startswith("crawl-data/") or ".." in name.split("/")), None)
    if strange is not None or not names:
        found = "no line" if strange is None else f"the line {strange[:200]!r}"
        raise ValueError(f"found {found} in {redacted(listing)}, expected names below crawl-data/; check the source")
    chosen = heapq.nsmallest(settings.files, names, key=lambda name: (_rank(settings.seed, name), name))
    return sorted(described(f"{source}/{name}" for name in chosen))


def _rank(seed: int, name: str) -> bytes:
    return hashlib.blake2b(f"{seed}\n{name}".encode(), digest_size=16).digest()
