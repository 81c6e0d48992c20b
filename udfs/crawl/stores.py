"""Object stores that pyarrow knows (s3, gs, abfs, hdfs): listing, looking at and opening objects by URL.

Credentials come from where pyarrow finds them, or from the URL. Every function raises OSError or ValueError, as pyarrow
does.
"""

import io
from functools import lru_cache
from typing import Any, BinaryIO, NamedTuple, cast
from urllib.parse import quote, unquote

import pyarrow.fs

from udfs.crawl.globs import EVERYTHING, folders_of, glob_regex, split_glob

BUFFER_BYTES = 8 << 20  # a store answers a request in tens of ms: few and large ones
_HADOOP_SCHEMES = {"s3a": "s3", "s3n": "s3", "gcs": "gs"}  # names that Hadoop uses -> names that pyarrow knows


class StoredObject(NamedTuple):
    """`url` as the store is addressed; `size_bytes` 0 and `modified` "" where there is no such object."""

    url: str
    size_bytes: int
    modified: str


class _Place(NamedTuple):
    """A URL in parts. `path` is decoded and starts with / or is empty; `query` starts with ? or is empty."""

    root: str
    path: str
    query: str

    def url(self, path: str) -> str:
        return self.root + quote(path, safe="/%:@=+,;!$&'()~*[]") + self.query


def list_objects(url: str) -> list[StoredObject]:
    """The object at `url`, or those below it, or those that match its glob; in no order, empty where there are none."""
    place = _place(url)
    store, prefix = _store(place.root, place.query)
    info = store.get_file_info(prefix + place.path) if place.path.strip("/") else None
    if info is not None and info.type == pyarrow.fs.FileType.File:
        return [_stored(url, info)]
    is_folder = info is None or info.type == pyarrow.fs.FileType.Directory
    base, glob = (place.path.rstrip("/"), EVERYTHING) if is_folder else split_glob(place.path)
    matches = glob_regex(glob).fullmatch
    selector = pyarrow.fs.FileSelector(prefix + base, allow_not_found=True, recursive=folders_of(glob) > 0)
    start = len(prefix + base) + 1
    return [
        _stored(place.url(f"{base}/{info.path[start:]}"), info)
        for info in store.get_file_info(selector)
        if info.type == pyarrow.fs.FileType.File and matches(info.path[start:])
    ]


def look_at(urls: list[str]) -> list[StoredObject]:
    """Each URL's object; one request for many where the store allows it."""
    found: dict[str, StoredObject] = {}
    places = {url: _place(url) for url in urls}
    for root, query in {(place.root, place.query) for place in places.values()}:
        store, prefix = _store(root, query)
        here = [url for url, place in places.items() if (place.root, place.query) == (root, query)]
        infos = store.get_file_info([prefix + places[url].path for url in here])
        found.update({url: _stored(url, info) for url, info in zip(here, infos, strict=True)})
    return [found[url] for url in urls]


def open_object(url: str) -> BinaryIO:
    """A seekable, buffered stream over the object."""
    place = _place(url)
    store, prefix = _store(place.root, place.query)
    # A buffer over random access, not an input stream: Parquet has to seek.
    return cast(BinaryIO, io.BufferedReader(store.open_input_file(prefix + place.path), BUFFER_BYTES))


def _place(url: str) -> _Place:
    scheme, _, rest = url.partition("://")
    scheme = _HADOOP_SCHEMES.get(scheme.lower(), scheme.lower())
    before, mark, query = rest.rpartition("?")
    if not mark or "=" not in query or "/" in query.partition("=")[0]:  # that ? is a wildcard
        before, query = rest, ""
    authority, slash, path = before.partition("/")
    return _Place(f"{scheme}://{authority}", unquote(slash + path), f"?{query}" if query else "")


@lru_cache(maxsize=64)  # making one may ask the store for its region
def _store(root: str, query: str) -> tuple[Any, str]:
    """pyarrow's file system, and what stands before a URL's path in it (the bucket)."""
    store, prefix = pyarrow.fs.FileSystem.from_uri(f"{root}/{query}")
    return store, prefix.rstrip("/")


def _stored(url: str, info: Any) -> StoredObject:
    modified = "" if info.mtime_ns is None else str(info.mtime_ns)
    return StoredObject(url, info.size or 0, modified)
