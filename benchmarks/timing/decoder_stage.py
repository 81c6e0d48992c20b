"""A refiner inside Spark, from table to table, and the same refiner in a plain loop: the row `stage` of decoders.py.

Both are given the same made-up texts, a chunk each, and read prompts and write answers with the same settings; both
begin with texts and end with programs."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

from timing import seconds_of
from timing.stage_on_spark import on_spark

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
    from jobs.proposers import ProposeSettings, sources_of
    from jobs.runtime.session import SparkSettings, open_session
    from udfs.columns.refining import ask_refiners

    texts = made_up(count)
    chosen = {"chunk_model": str(model), "threads": threads, "constrained": False, "chunk_tokens": ANSWER_TOKENS}
    settings = ProposeSettings.model_validate({"proposer": "model", "levels": "chunk", "model": chosen})
    spark = open_session(SparkSettings(master="local[1]", log_file=str(folder / "spark.log"), arrow_rows=10_000))
    ask = ask_refiners(sources_of(settings.model), settings.model, settings)
    stage = on_spark(spark, "propose", settings, texts, folder / "lake")
    return lambda: seconds_of(stage), lambda: seconds_of(lambda: ask(texts)), spark
