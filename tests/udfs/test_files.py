"""Listing and opening files: local, over HTTP from a server that fails, and in an object store."""

import gzip
import os
import pickle
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow.fs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.udfs.flaky_server import Site, serving
from tests.udfs.s3_server import Bucket, serving_bucket
from udfs.crawl import stores
from udfs.crawl.files import DownloadSettings, FileError, InputFile, list_files, open_file, read_manifest, redacted
from udfs.crawl.globs import glob_regex

FAST = DownloadSettings(backoff_seconds=0.01, backoff_max_seconds=0.05, timeout_seconds=0.3, retries=5)
CONTENT = os.urandom(300_000)


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as running:
        running.files["/a.warc.gz"] = CONTENT
        yield running


def read(path: str, settings: DownloadSettings = FAST) -> bytes:
    with open_file(path, settings) as stream:
        return stream.read()


TREE = [
    "a.warc.gz",
    "b.txt",
    "_SUCCESS",
    ".a.warc.gz.crc",
    "x/a.warc.gz",
    "x/y/b.warc.gz",
    "x/_temporary/c.warc.gz",
    "x/.hidden/d.warc.gz",
    "z [1]/e?.warc.gz",
    "ü/ö.warc.gz",
]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    for name in TREE:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


GLOBS = {
    "": ["a.warc.gz", "b.txt", "x/a.warc.gz", "x/y/b.warc.gz", "z [1]/e?.warc.gz", "ü/ö.warc.gz"],
    "a.warc.gz": ["a.warc.gz"],
    "*": ["a.warc.gz", "b.txt"],
    "*.warc.gz": ["a.warc.gz"],
    "*/*.warc.gz": ["x/a.warc.gz", "z [1]/e?.warc.gz", "ü/ö.warc.gz"],
    "**/*.warc.gz": ["a.warc.gz", "x/a.warc.gz", "x/y/b.warc.gz", "z [1]/e?.warc.gz", "ü/ö.warc.gz"],
    "x/**": ["x/a.warc.gz", "x/y/b.warc.gz"],
    "**/y/*": ["x/y/b.warc.gz"],
    "[ab].*": ["a.warc.gz", "b.txt"],
    "[!a].*": ["b.txt"],
    "x/?/b.warc.gz": ["x/y/b.warc.gz"],
    "_*": ["_SUCCESS"],
    "x/_temporary": ["x/_temporary/c.warc.gz"],
    ".a*": [".a.warc.gz.crc"],
    "z [[]1[]]/*": ["z [1]/e?.warc.gz"],
    "z [1]/e?.warc.gz": ["z [1]/e?.warc.gz"],
}


@pytest.mark.parametrize("glob", GLOBS)
def test_local_globs(tree: Path, glob: str) -> None:
    assert [file.path for file in list_files(f"{tree}/{glob}")] == [f"{tree}/{name}" for name in GLOBS[glob]]


@pytest.mark.parametrize("glob", GLOBS)
def test_store_globs_are_the_same(tree: Path, glob: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The object store is a folder behind pyarrow's interface: only the network is missing."""
    bucket = pyarrow.fs.SubTreeFileSystem(str(tree.parent), pyarrow.fs.LocalFileSystem())
    monkeypatch.setattr(stores, "_store", lambda root, query: (bucket, tree.name))
    found = list_files(f"s3a://key:secret@bucket/{glob}?region=x")
    read_back = {read(file.path).decode(): file.size_bytes for file in found}
    assert found == sorted(found)
    assert read_back == {name: len(name.encode()) for name in GLOBS[glob]}
    if glob != "z [1]/e?.warc.gz":  # one object: the URL as it was given
        assert all(file.path.startswith("s3") and file.path.endswith("?region=x") for file in found)


@given(st.text("ab/.*_", min_size=1, max_size=12))
def test_glob_without_stars_matches_itself_and_no_glob_is_a_bad_regex(glob: str) -> None:
    regex = glob_regex(glob)
    if "*" not in glob:
        assert regex.fullmatch(glob)
    assert not glob.startswith("*") or not regex.fullmatch(".a")


def test_a_class_stays_inside_a_name() -> None:
    assert glob_regex("a[!b]c").fullmatch("axc")
    assert not glob_regex("a[!b]c").fullmatch("a/c")
    assert not glob_regex("a[+-9]c").fullmatch("a/c")


@given(st.text("a[]!^-?*z\\&", max_size=10))
def test_any_glob_is_a_regex_or_a_sentence(glob: str) -> None:
    try:
        sentence = f"expected {glob_regex(glob).pattern}"
    except ValueError as error:
        sentence = str(error)
    assert "expected" in sentence


def test_local_paths_are_absolute_whatever_the_working_folder(tree: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tree / "x")
    expected = [f"{tree}/b.txt"]
    for pattern in ("../b.txt", "../x/../b.txt", f"file://{tree}/b.txt", f"file:{tree}/b.txt", "../b*"):
        assert [file.path for file in list_files(pattern)] == expected
    umlaut = (tree / "ü/ö.warc.gz").as_uri()
    assert [file.path for file in list_files(umlaut)] == [f"{tree}/ü/ö.warc.gz"]
    assert read(umlaut).decode() == "ü/ö.warc.gz"


def test_links_in_circles_end(tree: Path) -> None:
    (tree / "x/y/up").symlink_to(tree)
    (tree / "link").symlink_to(tree / "x/y")
    (tree / "broken").symlink_to(tree / "nowhere")
    names = [file.path.removeprefix(f"{tree}/") for file in list_files(str(tree))]
    assert {"x/y/b.warc.gz", "link/b.warc.gz"} <= set(names)
    assert "broken" not in names
    assert len(names) < 30


@pytest.mark.parametrize("pattern", ["nothing", "*.arc", "x/*.txt", "nowhere/*"])
def test_nothing_found_is_a_sentence(tree: Path, pattern: str) -> None:
    with pytest.raises(ValueError, match=r"found no file that matches .*, expected .*; "):
        list_files(f"{tree}/{pattern}")


def test_etag_follows_the_content_not_the_name_or_time(tmp_path: Path) -> None:
    first = tmp_path / "a"
    first.write_bytes(CONTENT)
    before = list_files(str(first))[0]
    os.utime(first, (1, 1))
    shutil.copy(first, tmp_path / "b")
    assert {file.etag for file in list_files(str(tmp_path))} == {before.etag}
    assert before.size_bytes == len(CONTENT)
    seen = {before.etag}
    other_start, other_end = bytes([CONTENT[0] ^ 1]) + CONTENT[1:], CONTENT[:-1] + bytes([CONTENT[-1] ^ 1])
    for change in (CONTENT[1:], other_start, other_end, CONTENT + b"x", b""):
        first.write_bytes(change)
        seen.add(list_files(str(first))[0].etag)
    assert len(seen) == 6


def test_manifest(tree: Path) -> None:
    lines = [
        "# files",
        "",
        "a.warc.gz",
        " x/a.warc.gz ",
        f"{tree}/b.txt",
        "a.warc.gz",
        "gone.gz",
        "http://h.example/p?q=1",
    ]
    (tree / "list.txt").write_text("\n".join(lines))
    (tree / "list.gz").write_bytes(gzip.compress("\r\n".join(lines).encode()))
    found = read_manifest(f"{tree}/list.txt")
    assert [file.path for file in found] == [
        *[f"{tree}/{name}" for name in ("a.warc.gz", "x/a.warc.gz", "b.txt", "gone.gz")],
        "http://h.example/p?q=1",
    ]
    assert [file.size_bytes for file in found] == [9, 11, 5, 0, 0]
    assert found[0] == list_files(f"{tree}/a.warc.gz")[0]
    assert read_manifest(f"{tree}/list.gz") == found
    with pytest.raises(FileError, match="No such file"):
        read(f"{tree}/gone.gz")


def test_manifest_without_a_path_and_no_manifest(tmp_path: Path) -> None:
    (tmp_path / "empty").write_text("# nothing\n\n")
    (tmp_path / "binary").write_bytes(b"\x1f\x8b\x08 broken")
    with pytest.raises(ValueError, match="found no path"):
        read_manifest(str(tmp_path / "empty"))
    for name in ("binary", "gone"):
        with pytest.raises(FileError):
            read_manifest(str(tmp_path / name))


def test_manifest_over_http_names_files_beside_it(site: Site) -> None:
    site.files["/lists/a b.txt"] = b"one two.gz\nhttp://other.example/x\n"
    assert read_manifest(f"{site.base}/lists/a%20b.txt", FAST) == [
        InputFile(f"{site.base}/lists/one%20two.gz", 0, ""),
        InputFile("http://other.example/x", 0, ""),
    ]


# --- S3, by pyarrow's own client ---

OBJECTS = {
    "a/x one.warc.gz": b"1" * 100,
    "a/b/y.warc.gz": CONTENT * 60,
    "a/_SUCCESS": b"",
    "list.txt": b"a/x one.warc.gz\n",
}


@pytest.fixture
def bucket() -> Iterator[Bucket]:
    with serving_bucket(OBJECTS) as running:
        yield running


def test_s3_listing_and_reading(bucket: Bucket) -> None:
    base = "s3a://key:s3cret@crawls"
    names = {
        "": [1, 2, 3],
        "/a": [1, 2],
        "/a/*": [2],
        "/**/*.gz": [1, 2],
        "/a/x%20one.warc.gz": [2],
        "/a/x one.warc.gz": [2],
    }
    files = {1: CONTENT * 60, 2: b"1" * 100, 3: b"a/x one.warc.gz\n"}
    for name, expected in names.items():
        found = list_files(base + name + bucket.query)
        assert [file.size_bytes for file in found] == [len(files[number]) for number in expected]
        assert all(file.etag == "1704067200000000000" for file in found)  # no etag in pyarrow: the time of modification
    assert [read(file.path) for file in list_files(base + "/a" + bucket.query)] == [files[1], files[2]]


def test_s3_is_read_in_few_large_requests(bucket: Bucket) -> None:
    with open_file("s3://key:s3cret@crawls/a/b/y.warc.gz" + bucket.query, FAST) as stream:
        while stream.read(1000):
            pass
        stream.seek(-4, os.SEEK_END)
        assert stream.read() == CONTENT[-4:]
    assert len(bucket.ranges) <= 4


def test_s3_what_is_not_there(bucket: Bucket) -> None:
    missing = "s3://key:s3cret@crawls/a/gone" + bucket.query
    with pytest.raises(ValueError, match="found no file that matches") as listed:
        list_files(missing)
    with pytest.raises(FileError, match="cannot be opened") as opened:
        read(missing)
    assert "s3cret" not in f"{listed.value}{opened.value}"


def test_s3_manifest_names_files_beside_it(bucket: Bucket) -> None:
    [file] = read_manifest("s3://key:s3cret@crawls/list.txt" + bucket.query)
    assert file.size_bytes == 100
    assert read(file.path) == b"1" * 100


# --- HTTP ---


def test_a_file_over_http(site: Site) -> None:
    url = f"{site.base}/a.warc.gz"
    [file] = list_files(url, FAST)
    assert (file.path, file.size_bytes, bool(file.etag)) == (url, len(CONTENT), True)
    with open_file(url, FAST) as stream:
        assert stream.seekable()
        assert stream.read() == CONTENT
    assert [seen.method for seen in site.seen] == ["HEAD", "GET"]


def test_a_server_that_fails_now_and_then(site: Site) -> None:
    site.faults["/a.warc.gz"] = [503, "slow", 429, "cut", 500]
    assert read(f"{site.base}/a.warc.gz") == CONTENT
    assert len(site.gets("/a.warc.gz")) == 6


def test_a_broken_connection_is_taken_up_where_it_broke(site: Site) -> None:
    site.faults["/a.warc.gz"] = ["cut", "cut"]
    assert read(f"{site.base}/a.warc.gz") == CONTENT
    assert [seen.range for seen in site.gets("/a.warc.gz")] == [None, "bytes=150000-", "bytes=225000-"]


@pytest.mark.parametrize("fault", ["no range", "etag"])
def test_a_server_without_ranges_or_etags_sends_it_all_again(site: Site, fault: str) -> None:
    site.has_etags = fault != "etag"
    site.faults["/a.warc.gz"] = ["cut", "no range"]
    assert read(f"{site.base}/a.warc.gz") == CONTENT
    assert len(site.gets("/a.warc.gz")) == 2


def test_a_file_that_changed_meanwhile_is_not_glued_together(site: Site) -> None:
    site.faults["/a.warc.gz"] = ["moved"]
    assert read(f"{site.base}/a.warc.gz") == CONTENT[::-1]
    assert site.gets("/a.warc.gz")[1].range == "bytes=150000-"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_refusal_fails_at_once(site: Site, status: int) -> None:
    site.faults["/a.warc.gz"] = [status] * 9
    with pytest.raises(FileError, match=str(status)):
        read(f"{site.base}/a.warc.gz")
    assert len(site.gets("/a.warc.gz")) == 1


@pytest.mark.parametrize("fault", [503, 408, "cut", "slow"])
def test_retries_end(site: Site, fault: int | str) -> None:
    site.has_etags = False
    site.faults["/a.warc.gz"] = [fault] * 9
    with pytest.raises(FileError, match="after 3 tries"):
        read(f"{site.base}/a.warc.gz", FAST.model_copy(update={"retries": 2}))
    assert len(site.gets("/a.warc.gz")) == 3


def test_a_drip_meets_the_time_of_the_file(site: Site) -> None:
    site.files["/drip"] = bytes(500)
    site.faults["/drip"] = ["drip"] * 9
    started = time.monotonic()
    with pytest.raises(FileError, match="after 1 s"):
        read(f"{site.base}/drip", FAST.model_copy(update={"file_seconds": 1.0}))
    assert time.monotonic() - started < 3


def test_retry_after_is_waited_for_within_bounds(site: Site) -> None:
    site.headers["Retry-After"] = "100000"
    site.faults["/a.warc.gz"] = [503]
    started = time.monotonic()
    read(f"{site.base}/a.warc.gz", FAST.model_copy(update={"backoff_max_seconds": 0.3}))
    assert 0.29 < time.monotonic() - started < 2


def test_nobody_listens() -> None:
    with pytest.raises(FileError, match=r"refused.* after 2 tries"):
        read("http://127.0.0.1:9/a", FAST.model_copy(update={"retries": 1}))


def test_a_missing_file_over_http_is_told_when_listing(site: Site) -> None:
    with pytest.raises(FileError, match="404"):
        list_files(f"{site.base}/gone", FAST)


def test_the_temporary_file_is_gone(site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with open_file(f"{site.base}/a.warc.gz", FAST):
        assert list(tmp_path.iterdir()) == []
    assert list(tmp_path.iterdir()) == []


def test_the_password_is_sent_and_never_shown(site: Site) -> None:
    url = site.base.replace("http://", "http://user:s3cret@") + "/gone?X-Signature=s1gned"
    with pytest.raises(FileError) as caught:
        read(url)
    assert site.seen[0].authorization == "Basic dXNlcjpzM2NyZXQ="
    for shown in (str(caught.value), repr(caught.value), caught.value.path, repr(caught.value.args)):
        assert "s3cret" not in shown
        assert "s1gned" not in shown
        assert "/gone" in shown
    again = pickle.loads(pickle.dumps(caught.value))  # Spark sends exceptions so
    assert (again.path, again.sentence) == (caught.value.path, caught.value.sentence)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://u:p@h.example/a?X=1#f", "https://...@h.example/a?..."),
        ("s3://key:secret@bucket/a", "s3://...@bucket/a"),
        ("abfss://container@account.dfs.core.windows.net/a", "abfss://container@account.dfs.core.windows.net/a"),
        ("http://u:p@[bad/a?x=1", "http://...@[bad/a?..."),
        ("/data/a?b@c", "/data/a?b@c"),
    ],
)
def test_redacted(url: str, shown: str) -> None:
    assert redacted(url) == shown


@pytest.mark.parametrize("url", ["s3://bucket/a?bogus=s3cret", "ftp://u:s3cret@h/a", "http://[bad/s", "http://h:port/"])
def test_unusable_urls_are_errors_of_ours(url: str) -> None:
    with pytest.raises((FileError, ValueError)) as listed:
        list_files(url, FAST.model_copy(update={"retries": 0}))
    with pytest.raises(FileError) as opened:
        read(url, FAST.model_copy(update={"retries": 0}))
    assert "s3cret" not in f"{listed.value}{opened.value}"


def test_a_local_file_that_cannot_be_opened(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="directory"):
        read(str(tmp_path))
