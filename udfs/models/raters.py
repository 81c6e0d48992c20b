"""Raters behind one seam, whatever model is in the folder: an encoder with heads, or a DataMan decoder."""

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from pathlib import Path
from typing import TypeVar

from udfs.models.dataman.rating import RATING_FORMATS, load_dataman_rater
from udfs.models.decoder_manifest import load_decoder_manifest, verify_decoder
from udfs.models.delivery import is_url, read_manifest_bytes
from udfs.models.manifest import ModelError, load_manifest, verify_files
from udfs.models.rater import Rating, load_rater
from udfs.models.running import ModelRun, variant_of

K = TypeVar("K", bound=Hashable)
RateTexts = Callable[[list[str], Sequence[str | None]], list[Rating | str]]


def routed(
    texts: Sequence[str],
    languages: Sequence[str | None],
    choose: Callable[[str | None], K],
    open_one: Callable[[K], RateTexts],
) -> list[tuple[K, Rating | str]]:
    """(its rater, what that says of it) for each text: `choose` names the rater of a language, `open_one` gives it.
    Each rater is given its texts together, in order."""
    rows_of: dict[K, list[int]] = defaultdict(list)
    for row, language in enumerate(languages):
        rows_of[choose(language)].append(row)
    found: dict[int, tuple[K, Rating | str]] = {}
    for name, rows in rows_of.items():
        ratings = open_one(name)([texts[row] for row in rows], [languages[row] for row in rows])
        found |= zip(rows, ((name, one) for one in ratings), strict=True)
    return [found[row] for row in range(len(texts))]


def kind_of(location: str) -> str:
    """`rater` (an encoder), `decoder` or `refiner` (a line tagger), as the manifest of a folder or URL says. Raises
    ModelError."""
    content = read_manifest_bytes(location)
    try:
        kind = json.loads(content)["kind"]
    except (ValueError, TypeError, KeyError):
        kind = None
    if kind not in {"rater", "decoder", "refiner"}:
        raise ModelError(
            f"found a manifest.json in {location} that is that of no model, expected one of the kind rater, decoder or "
            "refiner; name the folder of a model."
        )
    return str(kind)


def variant_in(location: str, run: ModelRun) -> str:
    """The folder with the graph that `run` uses; empty where the graph lies beside the manifest. Raises ModelError."""
    if kind_of(location) == "decoder":
        return variant_of(run.device)
    if run.device != "cpu":
        raise ModelError(
            f"{location} is made for the CPU, but device is {run.device}; set device to cpu, or name a decoder that "
            "was exported with cuda-fp16."
        )
    return ""


def check_rater(location: str, run: ModelRun) -> None:
    """Raises ModelError where a place holds no rater that can run as is wanted, or a file of a local folder is not the
    one its manifest describes."""
    variant = variant_in(location, run)
    if is_url(location):
        return  # the executors check what they copy
    if not variant:
        verify_files(location, load_manifest(location))
        return
    manifest = load_decoder_manifest(location)
    if manifest.format not in RATING_FORMATS:
        raise ModelError(
            f"{location} holds a model for {manifest.format}, expected one for dataman; name the folder of a rater."
        )
    verify_decoder(location, manifest, variant)


def open_rater(folder: str | Path, run: ModelRun, gpu: int = 0) -> RateTexts:
    """The rater of a folder, checked and ready; it is given texts and their languages (ISO codes, None where not
    known). Raises ModelError."""
    variant = variant_in(str(folder), run)
    if variant:
        return load_dataman_rater(folder, variant, run.threads, gpu=gpu)
    rate = load_rater(folder, run.threads)
    return lambda texts, _: rate(texts)
