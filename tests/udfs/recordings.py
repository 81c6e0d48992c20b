"""What published code decided about the texts of ../shared/data (see `expected/` in its README)."""

import hashlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import zstandard

DATA = Path("../shared/data")
DCLM = DATA / "expected/dclm_recipe_steps6_26.jsonl.zst"
DATATROVE = DATA / "expected/datatrove_0.10.1.jsonl.zst"


def dclm() -> Iterator[tuple[dict[str, Any], str]]:
    """What DCLM's mappers said of each text: `id, rejected_step, rejected_by, text, lang`, and the text."""
    texts: dict[str, str] = {}
    for path in DATA.glob("*/*.parquet"):
        if {"id", "text"} <= set(pq.read_schema(path).names):
            table = pq.read_table(path, columns=["id", "text"]).to_pydict()
            texts |= {f"{path.parent.name}/{one}": text for one, text in zip(table["id"], table["text"], strict=True)}
    for row in _lines(DCLM):
        text = row["input"] if row["input"] is not None else texts[row["id"]]
        assert hashlib.sha256(text.encode()).hexdigest() == row["input_sha256"]
        yield row, text


def datatrove(every: int = 1) -> Iterator[tuple[dict[str, Any], str]]:
    """What datatrove's filters said of every so manieth text, by family: `[keep, reason]`, for C4 also the SHA-256 of
    the text it leaves; and the text."""
    texts = {row["id"]: text for row, text in dclm()}
    for number, row in enumerate(_lines(DATATROVE)):
        if number % every == 0:
            yield row, texts[row["id"]]


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), encoding="utf-8"):
            yield json.loads(line)
