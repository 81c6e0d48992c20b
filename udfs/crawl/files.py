"""Input files, wherever they lie: listing them and opening one.

A place is a local path (also `file:` and `dbfs:` URLs, and Databricks' /Volumes and /dbfs, which are plain paths), an
http(s) URL, or a URL of an object store that pyarrow knows (s3, gs, abfs, hdfs). What is in a file is not looked at
here.
"""

import gzip
import hashlib
import io
import os
import re
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast
from urllib.parse import quote, unquote, urljoin

from udfs.crawl import stores
from udfs.crawl.download import DownloadSettings, FileError, download, head, redacted
from udfs.crawl.globs import EVERYTHING, folders_of, glob_regex, split_glob

__all__ = [
    "DownloadSettings",
    "FileError",
    "InputFile",
    "described",
    "list_files",
    "open_file",
    "read_manifest",
    "redacted",
]

MANIFEST_BYTES = 1 << 28  # once decompressed; the 90,000 paths of a crawl have 12 MB
_DIGEST_BYTES = 64 << 10
_DEFAULTS = DownloadSettings()


class InputFile(NamedTuple):
    """A file to read. `path` is absolute and may hold credentials: show `redacted(path)`.

    `etag` tells one content from another: the store's own where it has one, else its modification time; for a local
    file a digest of its size and its first and last 64 KiB, which touching or copying the file does not change.
    `size_bytes` is 0 and `etag` empty where they are not known.
    """

    path: str
    size_bytes: int
    etag: str


def list_files(pattern: str, settings: DownloadSettings = _DEFAULTS) -> list[InputFile]:
    """The files that `pattern` names, sorted by path: one file, a glob (`*`, `?`, `[a-z]` inside a name, `**` for any
    folders) or a folder with all that is below it. Names that start with `.` or `_` are left out unless spelled out.

    Raises ValueError where nothing matches, FileError where the server or store does not answer.
    """
    if _is_http(pattern):
        return [InputFile(pattern, *head(pattern, settings))]
    found = _list_stored(pattern) if _is_stored(pattern) else _list_local(pattern)
    if not found:
        raise ValueError(
            f"found no file that matches {redacted(pattern)}, expected a file, a folder or a glob of files; "
            "check the path, quote a glob in the shell, and write folder/** for all that is below folders"
        )
    return sorted(found)


def read_manifest(path: str, settings: DownloadSettings = _DEFAULTS) -> list[InputFile]:
    """The files that the text file at `path` (plain or gzip) names, one path or URL a line, in its order, each once.

    Blank lines and lines that start with # are skipped; a relative path is relative to the manifest. A local file or
    object that is not there is listed with size 0 (opening it tells); http(s) URLs are not asked for, so their sizes
    are 0. Raises FileError for a manifest that cannot be read, ValueError for one without a path.
    """
    lines = (line.strip() for line in read_lines(path, settings))
    names = [line for line in lines if line and not line.startswith("#")]
    if not names:
        raise ValueError(f"found no path in {redacted(path)}, expected one path or URL a line; add some")
    return described(dict.fromkeys(_beside(path, name) for name in names))


def read_lines(path: str, settings: DownloadSettings) -> list[str]:
    """The lines of a small UTF-8 text file, gzip or plain by its content. Raises FileError."""
    with open_file(path, settings) as stream:
        try:
            content = stream.read(MANIFEST_BYTES)
            if content[:2] == b"\x1f\x8b":
                with gzip.open(io.BytesIO(content)) as unzipped:
                    content = unzipped.read(MANIFEST_BYTES)
            if len(content) == MANIFEST_BYTES:
                raise FileError(path, f"the list of paths has {MANIFEST_BYTES} bytes or more; split it")
            return content.decode("utf-8-sig").splitlines()
        except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
            raise FileError(path, f"not a readable list of paths ({error})") from None


@contextmanager
def open_file(path: str, settings: DownloadSettings) -> Iterator[BinaryIO]:
    """The file at `path` as a seekable binary stream. Raises FileError.

    An http(s) file is downloaded to a temporary file that has no name, so that not even a killed process leaves it
    behind; an object is read from its store, with the retries of pyarrow. A store that breaks off later raises OSError
    from the stream.
    """
    if _is_http(path):
        with tempfile.TemporaryFile() as target:
            download(path, target, settings)
            target.seek(0)
            yield cast(BinaryIO, target)
        return
    try:
        stream = stores.open_object(path) if _is_stored(path) else Path(_local_path(path)).open("rb")  # noqa: SIM115  closed below
    except (OSError, ValueError) as error:  # pyarrow's ArrowInvalid is a ValueError
        raise FileError(path, f"the file cannot be opened ({_cause(error)})") from None
    with stream:
        yield stream


def described(paths: Iterable[str]) -> list[InputFile]:
    """Each path or URL with its size and etag; 0 and "" for http(s), which is not asked, and for what is not there."""
    ordered = [path if _is_url(path) else _local_path(path) for path in paths]
    stored = [path for path in ordered if _is_stored(path)]
    try:
        known = {found.url: InputFile(*found) for found in stores.look_at(stored)}
    except (OSError, ValueError):  # opening them tells
        known = {}
    return [known.get(path, InputFile(path, 0, "")) if _is_url(path) else _local_file(path) for path in ordered]


def _list_stored(url: str) -> list[InputFile]:
    try:
        return [InputFile(*found) for found in stores.list_objects(url)]
    except OSError as error:
        raise FileError(url, f"the store cannot be listed ({_cause(error)})") from None
    except ValueError as error:
        raise ValueError(
            f"found {redacted(url)}, expected a URL that pyarrow can read ({_cause(error)}); correct it"
        ) from None


def _beside(manifest: str, name: str) -> str:
    """Where the manifest's line `name` points to."""
    if _is_url(name):
        return name
    if _is_http(manifest):
        return urljoin(manifest, quote(name))
    if _is_url(manifest):
        folder, _, query = manifest.partition("?")
        return (
            f"{folder.rpartition('/')[0]}/{quote(name)}{'?' if query else ''}{query}"  # the query tells how to connect
        )
    return str(Path(_local_path(manifest)).parent / _plain(name))


def _cause(error: Exception) -> str:
    """The error in words, without the path, which may hold credentials and is named beside it."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return re.sub(r"\w+://\S+", lambda found: redacted(found[0]), str(error)) or type(error).__name__


def _is_http(path: str) -> bool:
    return path.lower().startswith(("http://", "https://"))


def _is_url(path: str) -> bool:
    return re.match(r"\w+://", path) is not None and not path.startswith(("file://", "dbfs://"))


def _is_stored(path: str) -> bool:
    return _is_url(path) and not _is_http(path)


def _plain(path: str) -> str:
    if path.startswith("dbfs:/"):
        return "/dbfs/" + path.removeprefix("dbfs:").lstrip("/")
    if not path.startswith("file:"):
        return path
    plain = re.sub(r"^file:(//(localhost)?(?=/))?", "", path)
    return plain if Path(plain).exists() else unquote(plain)


def _local_path(path: str) -> str:
    """Absolute, without `..`; links stay as they are."""
    return os.path.normpath(Path.cwd() / Path(_plain(path)).expanduser())


def _list_local(pattern: str) -> list[InputFile]:
    path = _local_path(pattern)
    if Path(path).is_file():
        return [_local_file(path)]
    base, glob = (path, EVERYTHING) if Path(path).is_dir() else split_glob(path)
    matches = glob_regex(glob).fullmatch
    return [
        _local_file(f"{base.rstrip('/')}/{name}") for name in _below(base or "/", folders_of(glob)) if matches(name)
    ]


def _below(base: str, depth: int) -> Iterator[str]:
    """Relative paths of the regular files under `base`, at most `depth` folders down; follows links, not in circles."""
    lines: dict[str, tuple[str, ...]] = {}  # a folder -> where it and the folders above it really are
    for folder, folders, names in os.walk(base, followlinks=True):
        above, real = lines.get(str(Path(folder).parent), ()), os.path.realpath(folder)
        lines[folder] = (*above, real)
        if real in above or len(above) >= depth:
            folders.clear()
        if real not in above:
            yield from (os.path.relpath(f"{folder}/{name}", base) for name in names if Path(folder, name).is_file())


def _local_file(path: str) -> InputFile:
    try:
        path.encode()
    except UnicodeEncodeError:  # no table could hold it
        raise ValueError(f"found the file {path!a}, expected a name in UTF-8; rename the file") from None
    try:
        with Path(path).open("rb") as stream:
            size = os.fstat(stream.fileno()).st_size
            digest = hashlib.blake2b(f"{size}\n".encode() + stream.read(_DIGEST_BYTES), digest_size=16)
            stream.seek(max(size - _DIGEST_BYTES, 0))
            digest.update(stream.read(_DIGEST_BYTES))
    except OSError:  # opening it to read it tells why
        return InputFile(path, 0, "")
    return InputFile(path, size, digest.hexdigest())
