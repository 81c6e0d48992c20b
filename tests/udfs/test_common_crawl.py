"""A crawl id -> a sample of files, from a server that fails now and then, and from a folder."""

import gzip
import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydantic import ValidationError

from tests.udfs.flaky_server import Site, serving
from udfs.crawl.common_crawl import CrawlSettings, sample_crawl
from udfs.crawl.files import DownloadSettings, open_file

FAST = DownloadSettings(backoff_seconds=0.01, timeout_seconds=0.3, retries=5)
CRAWL = "CC-MAIN-2026-10"
NAMES = [f"crawl-data/{CRAWL}/segments/{number % 10}/warc/{number:05}.warc.gz" for number in range(1000)]
LISTING = f"/crawl-data/{CRAWL}/warc.paths.gz"


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        running.files[LISTING] = gzip.compress("\n".join(NAMES).encode() + b"\n")
        yield running


def sample(source: str, files: int, seed: int = 0) -> list[str]:
    settings = CrawlSettings(crawl=CRAWL, files=files, seed=seed, source=source)
    return [file.path.removeprefix(source + "/") for file in sample_crawl(settings, FAST)]


def test_samples_are_nested_stable_and_differ_by_seed(site: Site) -> None:
    assert sample(site.base, 10) == sample(site.base, 10)
    assert set(sample(site.base, 10)) < set(sample(site.base, 50)) < set(sample(site.base, 1000)) == set(NAMES)
    assert len(sample(site.base, 5000)) == 1000
    assert len({*sample(site.base, 100), *sample(site.base, 100, seed=1)}) > 150
    assert sample(site.base, 50) == sorted(sample(site.base, 50))


def test_the_sample_is_the_published_rule_and_no_other(site: Site) -> None:
    """The order of 128-bit blake2b over seed, newline, name: another release must choose the same files."""
    rank = {name: hashlib.blake2b(b"7\n" + name.encode(), digest_size=16).hexdigest() for name in NAMES}
    assert sample(site.base, 3, seed=7) == sorted(sorted(NAMES, key=rank.__getitem__)[:3])


def test_the_order_of_the_list_does_not_matter(site: Site) -> None:
    before = sample(site.base, 20)
    site.files[LISTING] = gzip.compress("\r\n".join([*reversed(NAMES), NAMES[0], ""]).encode())
    assert sample(site.base, 20) == before


def test_a_failing_server_is_asked_again_and_files_are_not_asked_for(site: Site) -> None:
    site.faults[LISTING] = [503, "cut", "slow"]
    chosen = sample(site.base, 2)
    requests = site.gets(LISTING)
    assert len(requests) == 4
    assert requests[2].range == f"bytes={len(site.files[LISTING]) // 2}-"
    assert len(site.seen) == 4
    site.files["/" + chosen[0]] = b"warc"
    with open_file(f"{site.base}/{chosen[0]}", FAST) as stream:
        assert stream.read() == b"warc"


def test_a_local_folder_knows_sizes(tmp_path: Path) -> None:
    listing = tmp_path / LISTING.strip("/").replace("warc.paths", "wet.paths")
    listing.parent.mkdir(parents=True)
    listing.write_bytes(gzip.compress("\n".join(NAMES[:3]).encode()))
    for name in NAMES[:2]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"12345")
    settings = CrawlSettings(crawl=CRAWL, kind="wet", files=9, source=f"{tmp_path}/")
    assert sorted(file.size_bytes for file in sample_crawl(settings, FAST)) == [0, 5, 5]


@pytest.mark.parametrize("lines", [b"", b"\n", b"<html>", b"crawl-data/../../etc/passwd", b"http://evil.example/x"])
def test_a_list_that_is_none(site: Site, lines: bytes) -> None:
    site.files[LISTING] = gzip.compress(lines)
    with pytest.raises(ValueError, match=r"found .*, expected names below crawl-data/; check the source"):
        sample(site.base, 1)


def test_a_crawl_that_is_not_there(site: Site) -> None:
    settings = CrawlSettings(crawl="CC-MAIN-1999-01", source=site.base.replace("//", "//u:s3cret@"))
    with pytest.raises(ValueError, match=r"found no list .*404.*, expected one; check the crawl's id") as caught:
        sample_crawl(settings, FAST)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    "change", [{"crawl": "CC-MAIN-2026"}, {"crawl": "../x"}, {"kind": "wat"}, {"files": 0}, {"source": ""}]
)
def test_wrong_settings_are_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        CrawlSettings(**{"crawl": CRAWL, **change})


@pytest.mark.parametrize("crawl", ["CC-MAIN-2026-10", "CC-MAIN-2009-2010", "CC-NEWS/2026/03"])
def test_ids_of_crawls(crawl: str) -> None:
    assert CrawlSettings(crawl=crawl).crawl == crawl
