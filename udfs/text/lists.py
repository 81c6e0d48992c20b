"""Lists that a recipe's rules name: domains, URLs, words. Finding, reading, checking and fingerprinting them.

A list is a file that every worker can read, or the entries themselves. Files may be compressed (gzip, zstandard) and
are, by what they open with: lines of text, an entry each; the table of UT1's blocklists (tab-separated, header `entry
category kind`); or an object of JSON, language -> words (LDNOOBW's lists by language). Empty lines are no entries.
Not here: what an entry means, which the measures define, and the compiled form of long lists (`udfs.text.kernels.
lists`)."""

import gzip
import io
import json
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import IO, Any, NamedTuple

import zstandard

HEADER = "entry\tcategory\tkind"
GZIP, ZSTANDARD, BYTE_ORDER_MARK = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf"
UNREADABLE = (OSError, EOFError, zlib.error, zstandard.ZstdError, UnicodeDecodeError)
_BLOCK_BYTES = 1 << 22
_LOOK_AGAIN_SECONDS = 5.0


class Stamp(NamedTuple):
    """What tells that a file was written anew."""

    modified_ns: int
    size_bytes: int


class Source(NamedTuple):
    """Where a rule's entries come from; hashable, so that what is made of the entries can be kept under it."""

    file: str
    stamp: Stamp
    words: tuple[str, ...]
    categories: tuple[str, ...]

    def __str__(self) -> str:
        """As a message names it."""
        return f"list {self.file!r}" if self.file else "list of words"


_STAMPS: dict[str, tuple[float, Stamp]] = {}
_NO_FILE = Stamp(0, 0)


def source(file: str, words: Sequence[str], categories: Sequence[str] = ()) -> Source:
    """The entries that a rule's arguments name. Raises ValueError unless there is a file or words, and not both."""
    if bool(file) == bool(words):
        found = "both file and words" if file else "neither file nor words"
        raise ValueError(f"found {found}, expected one of them; name a list's file, or write its entries as words")
    return Source(file, _stamp(file) if file else _NO_FILE, tuple(words), tuple(categories))


def _stamp(file: str) -> Stamp:
    """When the file was written; looked at every few seconds, since a worker lives longer than a list may stay."""
    now = monotonic()
    looked, stamp = _STAMPS.get(file, (-_LOOK_AGAIN_SECONDS, _NO_FILE))
    if now - looked >= _LOOK_AGAIN_SECONDS:
        try:
            status = Path(file).stat()
        except (OSError, ValueError) as error:
            raise _unreadable(file, error) from error
        stamp = Stamp(status.st_mtime_ns, status.st_size)
        _STAMPS[file] = now, stamp
    return stamp


def check(arguments: Mapping[str, Any]) -> None:
    """Raise ValueError, one sentence, unless the list that a measure's `arguments` name can be read and has entries.

    For the driver, when settings are read: for every measure with a parameter `file`. Reads the start of the file; all
    of it where `categories` are named or it is JSON.
    """
    named = source(arguments.get("file", ""), arguments.get("words", ()), arguments.get("categories", ()))
    language = arguments.get("language", "page")
    if named.file and is_by_language(named.file):
        languages = by_language(named)
        if language != "page" and not words_of(named, language):
            raise ValueError(_unknown(f"language {language!r}", named, language, languages))
        return
    if next(entries(named), None) is None and not named.categories:
        raise ValueError(f"found no entry in the {named}, expected one a line; fill it or leave the rule out")
    if named.categories:
        _check_categories(named)


def _check_categories(named: Source) -> None:
    rows = (line.split("\t") for block in blocks(named.file) for line in _text(named.file, block).splitlines())
    known = {row[1] for row in rows if len(row) > 1} - {HEADER.split("\t")[1]}
    for category in named.categories:
        if category not in known:
            raise ValueError(_unknown(f"category {category!r}", named, category, known))


def list_digest(file: str) -> str:
    """Digest of a list's content, 32 hex digits: a stage whose lists have another one is done again.

    Raises ValueError where the file cannot be read."""
    digest = blake2b(digest_size=16)
    try:
        with Path(file).open("rb") as stream:
            while block := stream.read(_BLOCK_BYTES):
                digest.update(block)
    except (OSError, ValueError) as error:
        raise _unreadable(file, error) from error
    return digest.hexdigest()


def entries(named: Source, kind: str = "") -> Iterator[str]:
    """The entries as they are written; of a table those of the source's categories (none stands for all) and of `kind`
    ("domain", "url", "" for both), of JSON those of all languages. Of a category that the table does not have there are
    none, which `check` says. Raises ValueError where the file cannot be read."""
    if not named.file:
        return filter(None, named.words)
    if is_by_language(named.file):
        return filter(None, chain.from_iterable(by_language(named).values()))
    lines = (line for block in blocks(named.file) for line in _text(named.file, block).splitlines())
    first = next(lines, "")
    if first == HEADER:
        return picked(lines, True, named, kind)
    if named.categories:
        raise ValueError(f"found categories for the {named}, which has none; leave them out")
    return picked(chain([first], lines), False, named, kind)


def picked(lines: Iterable[str], is_table: bool, named: Source, kind: str) -> Iterator[str]:
    """Of the lines of a list, without a table's header, the entries that are meant."""
    if not is_table:
        yield from filter(None, lines)
        return
    wanted = frozenset(named.categories)
    for line in lines:
        entry, category, its_kind = [*line.split("\t"), "", ""][:3]
        if entry and (not wanted or category in wanted) and kind in {"", its_kind}:
            yield entry


def blocks(file: str) -> Iterator[bytes]:
    """The file decompressed, in pieces of some megabytes that end where a line ends. Raises ValueError."""
    rest = b""
    try:
        with _opened(file) as stream:
            while block := stream.read(_BLOCK_BYTES):
                body, newline, tail = (rest + block).rpartition(b"\n")
                if newline:
                    yield body + newline
                rest = tail
    except UNREADABLE as error:
        raise _unreadable(file, error) from error
    if rest:
        yield rest


def _opened(file: str) -> IO[bytes]:
    stream = Path(file).open("rb")  # noqa: SIM115  the caller closes what is returned, and that closes it
    head = stream.read(4)
    stream.seek(len(BYTE_ORDER_MARK) if head.startswith(BYTE_ORDER_MARK) else 0)
    if head.startswith(GZIP):
        return io.BufferedReader(gzip.GzipFile(fileobj=stream))
    if head == ZSTANDARD:
        return io.BufferedReader(zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True))
    return stream


def _text(file: str, block: bytes) -> str:
    try:
        return block.decode()
    except UnicodeDecodeError as error:
        raise _unreadable(file, error) from error


def is_by_language(file: str) -> bool:
    """Whether the file is an object of JSON; decided by its name."""
    return file.endswith((".json", ".json.gz", ".json.zst"))


@lru_cache(maxsize=16)
def by_language(named: Source) -> Mapping[str, tuple[str, ...]]:
    """Words by language of a JSON file. Raises ValueError where it is none."""
    try:
        found = json.loads(b"".join(blocks(named.file)))
    except ValueError as error:
        raise ValueError(f"found no JSON in the {named} ({error}), expected language -> words") from error
    if not isinstance(found, dict) or not all(_is_words(words) for words in found.values()):
        raise ValueError(f"found other JSON in the {named}, expected an object of lists: language -> words")
    return {language: tuple(words) for language, words in found.items()}


@lru_cache(maxsize=512)
def words_of(named: Source, language: str) -> tuple[str, ...]:
    """The words of a language and of its varieties in a JSON file: of `fr` those of `fr` and of `fr-CA...`."""
    languages = by_language(named).items()
    return tuple(word for key, words in languages if language in {key, key.split("-")[0]} for word in words)


def _is_words(words: object) -> bool:
    return isinstance(words, list) and all(isinstance(word, str) for word in words)


def _unknown(what: str, named: Source, name: str, known: Iterable[str]) -> str:
    nearest = get_close_matches(name, known, n=1, cutoff=0.0)
    meant = f"did you mean {nearest[0]!r}? " if nearest else ""
    return f"found {what}, which the {named} does not have; {meant}Known: {', '.join(sorted(known))}"


def _unreadable(file: str, error: Exception) -> ValueError:
    return ValueError(
        f"found no list that can be read at {file!r} ({error}), expected a file that the driver and every worker can "
        "read; give its path on a disk that they share, or put a copy in the same place on each machine"
    )
