"""Long lists of domains and URLs as sorted 64-bit hashes: 8 bytes an entry, shared by all workers of a machine.

The hashes of a large file are made once on each machine and kept in the temporary folder, in a file named by a digest
of the list's content; every process maps it into its memory. Other strings that have the hash of an entry are taken for
it: among n entries one look-up is wrong with probability n / 2**64, so 10 billion look-ups in 5 million entries give
one false match in 370 such runs. A second check would cost more than it is worth for a rule about domains.
"""

import fcntl
import os
import tempfile
import time
from collections.abc import Iterable, Iterator
from functools import lru_cache
from hashlib import blake2b
from itertools import chain
from pathlib import Path

import numpy as np

from udfs.text.kernels.compiling import is_private
from udfs.text.kernels.list_hashes import Hashes, Utf8, backward, forward, hash_lines, unrepeated
from udfs.text.kernels.sources import source_digest
from udfs.text.lists import HEADER, Source, blocks, entries, is_by_language, list_digest, picked
from udfs.text.measures.urls import listed_address, listed_name

SMALL_BYTES = 1 << 20  # a smaller file is not worth a file of hashes
UNUSED_DAYS = 30  # a file of hashes that nobody has opened for so long goes when another one is made


@lru_cache(maxsize=16)
def domain_hashes(named: Source, faithful: bool) -> Hashes:
    """Sorted hashes of a list of domains; shape (entries,)."""
    return _kept(named, "published" if faithful else "domains")


@lru_cache(maxsize=16)
def address_hashes(named: Source) -> Hashes:
    """Sorted hashes of a list of URLs; shape (entries,)."""
    return _kept(named, "addresses")


def bytes_of(text: str) -> Utf8:
    """A string as look-ups take it."""
    return np.frombuffer(text.encode("utf-8", "surrogatepass"), np.uint8)


def _kept(named: Source, form: str) -> Hashes:
    folder = Path(tempfile.gettempdir()) / f"corpusmill-lists-{os.geteuid()}"
    if not named.file or named.stamp.size_bytes < SMALL_BYTES or not is_private(folder):
        return _made(named, form)
    what = (form, list_digest(named.file), named.categories, source_digest(__name__))
    path = folder / f"{blake2b(repr(what).encode(), digest_size=16).hexdigest()}.hashes"
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # of several processes one makes the file; the lock goes with the process
        if path.exists():
            os.utime(path)
        else:
            _write(path, _made(named, form))
    if not path.stat().st_size:
        return np.empty(0, np.uint64)
    return np.asarray(np.memmap(path, np.uint64, "c"))  # copy on write, of which there is none


def _write(path: Path, hashes: Hashes) -> None:
    """All of the file or none; what nobody has used for long goes."""
    for old in path.parent.glob("*.hashes"):
        if time.time() - old.stat().st_mtime > UNUSED_DAYS * 86400:
            old.unlink(missing_ok=True)
            old.with_suffix(".lock").unlink(missing_ok=True)
    with tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False) as part:
        part.write(hashes.view(np.uint8).data)
        part.flush()
        os.fsync(part.fileno())
    Path(part.name).replace(path)


def _made(named: Source, form: str) -> Hashes:
    """The hashes of a list, sorted and without repeats."""
    if form == "addresses":
        addresses = filter(None, map(listed_address, entries(named, "url")))
        pieces = [np.fromiter((forward(bytes_of(one)) for one in addresses), np.uint64)]
    elif named.file and not is_by_language(named.file):
        pieces = list(_of_file(named, form == "published"))
    else:
        pieces = [_of_names(entries(named), form == "published")]
    hashes = np.concatenate(pieces)
    del pieces
    hashes.sort()
    return hashes[: unrepeated(hashes)]


def _of_file(named: Source, faithful: bool) -> Iterator[Hashes]:
    """Hashes of the domains of a file, a piece of it at a time; lines that are not plain ASCII go through Python."""
    parts = blocks(named.file)
    first = next(parts, b"")
    head, _, rest = first.partition(b"\n")
    is_table = head.rstrip(b"\r") == HEADER.encode()
    wanted = np.array([backward(bytes_of(category)) for category in named.categories], np.uint64)
    for part in chain([rest if is_table else first], parts):
        hashes, odd = hash_lines(
            np.frombuffer(part, np.uint8), faithful, is_table, wanted, backward(bytes_of("domain"))
        )
        yield hashes
        lines = chain.from_iterable(part[start:end].decode().splitlines() for start, end in odd.tolist())
        yield _of_names(picked(lines, is_table, named, "domain"), faithful)


def _of_names(written: Iterable[str], faithful: bool) -> Hashes:
    names = (entry.lower() if faithful else listed_name(entry) for entry in written)
    return np.fromiter((backward(bytes_of(name)) for name in names if name), np.uint64)
