"""The folder of a model on this machine: where it lies already, or a copy of it that was checked, file by file.

A model is named by a place and the digest of its manifest, which every executor holds what it finds against: it never
runs another model than the driver saw. Places are local folders, folders in an object store, and what the driver handed
to Spark. Nothing is ever put into a closure.
"""

import fcntl
import hashlib
import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from udfs.crawl.download import DownloadSettings, FileError
from udfs.crawl.files import open_file, redacted
from udfs.models.manifest import MANIFEST_FILE, ModelError, file_sha256, manifest_bytes

_PIECE_BYTES = 1 << 20
_URL = re.compile(r"\w+://")


class ModelSource(NamedTuple):
    """A model, wherever it lies."""

    location: str  # a local folder, or the URL of a folder (s3, gs, abfs, hdfs, http)
    digest: str  # SHA-256 of its manifest.json
    cache: str  # local folder that copies go to


def is_url(location: str) -> bool:
    """Whether a model lies in a store, not on a disk."""
    return _URL.match(location) is not None


def read_manifest_bytes(location: str) -> bytes:
    """`manifest.json` of a folder or of a URL. Raises ModelError."""
    if not is_url(location):
        return manifest_bytes(location)
    try:
        with open_file(_inside(location, MANIFEST_FILE), DownloadSettings()) as stream:
            return stream.read()
    except (FileError, OSError) as error:
        raise ModelError(
            f"{redacted(location)}/{MANIFEST_FILE} cannot be read ({error}); name a model folder with a "
            f"{MANIFEST_FILE} in it."
        ) from None


def source_of(location: str, cache: str) -> ModelSource:
    """The model at a place, as it is now; only its manifest is read. Raises ModelError."""
    return ModelSource(location, hashlib.sha256(read_manifest_bytes(location)).hexdigest(), cache)


def archive_name(digest: str) -> str:
    """What Spark calls the archive of a model that the driver hands over, and the folder that it unpacks it to."""
    return f"corpusmill-model-{digest[:32]}"


def files_of(location: str, variant: str) -> Mapping[str, str]:
    """Digests of the files that a run needs, by name: the manifest, what lies beside it, and the folder `variant`.
    Raises ModelError."""
    content = read_manifest_bytes(location)
    try:
        files = {str(name): str(fact["sha256"]) for name, fact in json.loads(content)["files"].items()}
    except (ValueError, TypeError, KeyError, AttributeError):
        raise ModelError(
            f"{redacted(location)}/{MANIFEST_FILE} names no files; restore it or make the model anew."
        ) from None
    for name in files:
        if Path(name).is_absolute() or ".." in Path(name).parts:
            raise ModelError(
                f"{redacted(location)}/{MANIFEST_FILE} names {name!r}, which lies outside of the folder; make the "
                "model anew."
            )
    return {MANIFEST_FILE: hashlib.sha256(content).hexdigest()} | {
        name: sha256 for name, sha256 in files.items() if "/" not in name or name.startswith(f"{variant}/")
    }


def local_folder(source: ModelSource, variant: str = "", handed_over: Path | None = None) -> Path:
    """A folder on this machine with the files of the model that `files_of` names.

    `handed_over` is the folder into which Spark unpacked what the driver gave it. Raises ModelError where there is no
    model with that digest, or a file that was copied is not what the manifest says.
    """
    if is_url(source.location):
        return _copied(source, variant)
    for folder in (handed_over, Path(source.location)):
        if folder is not None and _digest(folder) == source.digest:
            return folder
    raise ModelError(
        f"{source.location} on this machine is {_what_is_there(Path(source.location))}; copy the same folder to every "
        "machine, name a URL that all of them can read, or set spark.hand_over_models: true."
    )


def _what_is_there(folder: Path) -> str:
    return "another model than the driver's" if _digest(folder) else "no model"


def _digest(folder: Path) -> str:
    try:
        return hashlib.sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest()
    except OSError:
        return ""


def _copied(source: ModelSource, variant: str) -> Path:
    folder = Path(source.cache) / source.digest
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _alone(folder):
            for name, sha256 in _wanted(source, variant).items():
                _copy(source.location, name, folder / name, sha256)
    except OSError as error:
        raise ModelError(
            f"{redacted(source.location)} cannot be copied to {source.cache} ({error.strerror or error}); free space "
            "there, or name another folder in the setting cache."
        ) from None
    return folder


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One worker of a machine copies, the others wait for what it copied."""
    with folder.with_suffix(".lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _wanted(source: ModelSource, variant: str) -> Mapping[str, str]:
    files = files_of(source.location, variant)
    if files[MANIFEST_FILE] != source.digest:
        raise ModelError(
            f"{redacted(source.location)} is another model than when the run began; run again, so that all of it is "
            "done by one model."
        )
    return files


def _copy(location: str, name: str, target: Path, sha256: str) -> None:
    """A file under its name only once it is whole and right, so that a killed copy leaves none."""
    if target.is_file() and file_sha256(target) == sha256:
        return
    target.parent.mkdir(exist_ok=True)
    handle, path = tempfile.mkstemp(dir=target.parent)
    try:
        with os.fdopen(handle, "wb") as copy:
            found = _write(_inside(location, name), copy.write)
        if found != sha256:
            raise ModelError(
                f"{redacted(location)}/{name} has the SHA-256 {found}, but the manifest expects {sha256}; upload the "
                "model again."
            )
        Path(path).replace(target)
    finally:
        Path(path).unlink(missing_ok=True)


def _write(url: str, write: Callable[[bytes], object]) -> str:
    """Write the file at `url` piece by piece; its SHA-256."""
    digest = hashlib.sha256()
    try:
        with open_file(url, DownloadSettings()) as stream:
            while piece := stream.read(_PIECE_BYTES):
                digest.update(piece)
                write(piece)
    except FileError as error:
        raise ModelError(f"a file of the model cannot be read ({error}); upload the model again.") from None
    return digest.hexdigest()


def _inside(location: str, name: str) -> str:
    """The URL of a file in a folder; what follows the question mark says how to connect."""
    folder, mark, query = location.partition("?")
    return f"{folder.rstrip('/')}/{name}{mark}{query}"
