"""A refiner inside Spark, from table to table, and the same refiner in a plain loop: the row `stage` of decoders.py.

Both are given the same made-up texts, a chunk each, and read prompts and write answers with the same settings; both
begin with texts and end with programs. The stage also starts a task, reads and writes Delta tables, counts and notes
its commit."""

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from timing import seconds_of

WORDS = (
    *["the", "river", "rose", "on", "monday", "and", "nobody", "was", "hurt"],
    *["home", "about", "contact", "near", "the", "old", "mill"],
)
WORDS_OF_A_TEXT = (60, 330)  # 100 to 550 tokens with their numbers
ANSWER_TOKENS = 16  # random weights say no stop token, so every answer has as many


def made_up(count: int) -> list[str]:
    """Texts of lines of ten words."""
    draw = random.Random(4)
    texts = []
    for _ in range(count):
        words = draw.choices(WORDS, k=draw.randint(*WORDS_OF_A_TEXT))
        texts.append("\n".join(" ".join(words[start : start + 10]) for start in range(0, len(words), 10)))
    return texts


def sides(model: Path, threads: int, count: int, folder: Path) -> tuple[Callable[[], float], Callable[[], float], Any]:
    """Functions that give the seconds of the stage and of the loop, and the session to stop."""
    from jobs.proposers import ProposeSettings
    from jobs.runtime.session import SparkSettings, open_session
    from udfs.columns.refining import ask_refiners

    texts = made_up(count)
    chosen = {"chunk_model": str(model), "threads": threads, "constrained": False, "chunk_tokens": ANSWER_TOKENS}
    settings = ProposeSettings.model_validate({"proposer": "model", "levels": "chunk", "model": chosen})
    spark = open_session(SparkSettings(master="local[1]", log_file=str(folder / "spark.log"), arrow_rows=10_000))
    from jobs.proposers import sources_of

    ask = ask_refiners(sources_of(settings.model), settings.model, settings)
    stage = _stage(spark, texts, folder / "lake", settings)
    return lambda: seconds_of(stage), lambda: seconds_of(lambda: ask(texts)), spark


def _stage(spark: Any, texts: list[str], folder: Path, settings: Any) -> Callable[[], Any]:
    """The stage on one batch of the texts, through the runner; each time another batch, for answers are remembered."""
    from itertools import count

    from jobs.pipeline import STAGES
    from jobs.runtime.commit import RunSettings
    from jobs.runtime.console import Console
    from jobs.runtime.lake import Lake
    from jobs.runtime.progress import Batch, Pending
    from jobs.runtime.run import do

    lake, numbers = Lake(spark, str(folder)), count(1)
    stage = next(stage for stage in STAGES if stage.name == "propose")
    for number in range(1, 8):
        _write_texts(lake, [f"{text}\n{number}" for text in texts], number)

    def run() -> None:
        batch = Batch(next(numbers), "bench", ())
        work = Pending(stage, batch, stage.parts(settings), (), {"deduplicated": ("dedup_bloom",)}, is_first=True)
        do(lake, work, settings, RunSettings(), len(texts), "bench", Console(io.StringIO()))

    return run


def _write_texts(lake: Any, texts: list[str], batch: int) -> None:
    from jobs.catalog import DEDUPLICATED

    frame = lake.spark.createDataFrame(list(enumerate(texts)), "offset BIGINT, text STRING")
    given = {
        "doc_id": "md5(text)",
        "batch": str(batch),
        "crawl": "'bench'",
        "file": "'bench'",
        "keep": "true",
        "language": "'en'",
        "ngrams": "0",
        "contained": "0",
        "edits": "array()",
        "offset": "offset",
        "text": "text",
    }
    columns = (f"CAST({given.get(c.name, 'NULL')} AS {c.type}) AS {c.name}" for c in DEDUPLICATED.columns)
    lake.replace("deduplicated", frame.coalesce(1).selectExpr(*columns), batch=batch)
