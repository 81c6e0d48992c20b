"""Speed of screening on one core, against datatrove's filters, against plain Python, and inside Spark.

    make peers && python benchmarks/screen.py [--quick] [--json FILE]

The texts are main contents and visible texts of the pages of `../shared/data/main_content`, cut so that their mean is
3.9 KB of UTF-8. Both sides of a row see the same texts, in turns, and the best run of each counts, because another
program's work can only make a run slower. Compiling and loading are not counted (a warm-up run is made first). Rows:

four_families   Gopher quality, Gopher repetition, C4 and FineWeb as datatrove 0.10.1 publishes them, all signals of
                every text (`after_rejection: measure`), against datatrove's four filters, which each stop at their
                first reason; the peer runs in an environment of its own
dclm_recipe     the recipe of DCLM-Baseline, URL removal and language included, against the same recipe run by its
                definition in plain Python
stage           the `screen` stage on Spark with one core, from a Delta table to a Delta table, default rules and the
                DCLM recipe, against the compiled recipe on its own

Then the cost by length of the text, from 4 KB to 10 MB, which should be level in ns a byte.
"""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed

import pyarrow as pa  # noqa: E402 - after the path
import pyarrow.parquet as pq  # noqa: E402
from resiliparse.extract.html2text import extract_plain_text  # noqa: E402

from udfs.text.screener import Screener  # noqa: E402
from udfs.text.screening import ScreenSettings, screen  # noqa: E402

PAGES = ROOT.parent / "shared/data/main_content"
PEER = ROOT / ".venv-peers/bin/python"
RECIPES = ROOT / "conf/recipes"
MEAN_BYTES = 3900


def texts_of_pages(count: int) -> list[str]:
    """Texts of real pages, main content and visible text in turns, long ones cut at a line, 3.9 KB on average."""
    texts: list[str] = []
    total = 0
    for source in sorted(PAGES.glob("*.parquet")):
        for number, html in enumerate(pq.read_table(source, columns=["html"])["html"].to_pylist()):
            text = extract_plain_text(html, main_content=number % 3 > 0).encode("utf-8", "replace").decode()
            room = MEAN_BYTES * (len(texts) + 1) - total
            if len(text.encode()) > 2 * MEAN_BYTES + max(room, 0):
                text = text[: max(text.rfind("\n", 0, 2 * MEAN_BYTES), MEAN_BYTES)]
            if len(text) > 200 and total + len(text.encode()) <= MEAN_BYTES * (len(texts) + 1) + 4 * MEAN_BYTES:
                texts.append(text)
                total += len(text.encode())
            if len(texts) == count:
                return texts
    return texts


def best_of_turns(sides: tuple[Callable[[], float], Callable[[], float]], rounds: int) -> tuple[float, float]:
    """Best seconds of each side, after one run of each that does not count."""
    sides[0](), sides[1]()
    runs: tuple[list[float], list[float]] = ([], [])
    for number in range(rounds):
        for side in (0, 1) if number % 2 else (1, 0):
            runs[side].append(sides[side]())
    return min(runs[0]), min(runs[1])


def seconds_of(work: Callable[[], Any]) -> float:
    """Wall time of `work`."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def compiled_run(settings: ScreenSettings, texts: list[str]) -> Callable[[], float]:
    """A run of the compiled recipe over Arrow columns, 512 rows at a time as in the stage."""
    screener = Screener(settings)
    array = pa.array(texts, pa.large_string())
    parts = [array.slice(start, 512) for start in range(0, len(array), 512)]
    return lambda: seconds_of(lambda: [screener.columns(part, [""] * len(part)) for part in parts])


def four_families(texts: list[str], folder: Path, rounds: int) -> dict[str, Any]:
    """Our fused families against datatrove's filters."""
    if not PEER.exists():
        raise SystemExit(f"found no {PEER}, expected the peers' environment: run make peers.")
    given = folder / "texts.json"
    given.write_text(json.dumps(texts))
    command = [str(PEER), str(ROOT / "benchmarks/peers/datatrove_filters.py"), str(given)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        stdin, stdout = peer.stdin, peer.stdout
        assert stdin
        assert stdout

        def datatrove() -> float:
            stdin.write("run\n")
            stdin.flush()
            return float(json.loads(stdout.readline())["seconds"])

        settings = recipe("datatrove_families", after_rejection="measure")
        ours, theirs = best_of_turns((compiled_run(settings, texts), datatrove), rounds)
        stdin.close()
    return row("four_families", texts, ours, theirs, "datatrove 0.10.1, four filters")


def dclm_recipe(texts: list[str], rounds: int) -> dict[str, Any]:
    """The whole DCLM recipe, compiled against its definition."""
    settings = recipe("dclm_baseline", languages=("en",))
    plain = texts[: max(len(texts) // 8, 1)]  # it is slow
    scale = len(texts) / len(plain)
    sides = (
        compiled_run(settings, texts),
        lambda: scale * seconds_of(lambda: [screen(text, settings) for text in plain]),
    )
    return row("dclm_recipe", texts, *best_of_turns(sides, rounds), "the same recipe in plain Python")


def recipe(name: str, **changes: Any) -> ScreenSettings:
    """Settings with a recipe of conf/recipes."""
    return ScreenSettings.model_validate({"recipe": str(RECIPES / f"{name}.yaml"), **changes})


def row(name: str, texts: list[str], ours: float, peer: float, peer_name: str) -> dict[str, Any]:
    """One line of the table."""
    speed = {"ours": round(len(texts) / ours, 1), "peer": round(len(texts) / peer, 1)}
    megabytes = sum(len(text.encode()) for text in texts) / 1e6
    extra = {"megabytes_per_second": round(megabytes / ours, 2)}
    return {
        "name": name,
        "unit": "documents/s/core",
        **speed,
        "peer_name": peer_name,
        "ratio": round(peer / ours, 3),
        **extra,
    }


def by_length(settings: ScreenSettings, text: str, sizes: tuple[int, ...]) -> Iterator[tuple[int, float]]:
    """ns a byte for texts of growing length, made of one real text repeated with other words."""
    screener = Screener(settings)
    for size in sizes:
        pieces, total = [], 0
        while total < size:
            piece = f"Part {len(pieces)}.\n{text}\n"
            pieces.append(piece.replace(" the ", f" the{len(pieces)} "))
            total += len(pieces[-1].encode())
        array = pa.array(["".join(pieces)], pa.large_string())
        runs = max(1, 2_000_000 // size)
        best = min(seconds_of(lambda: [screener.columns(array, [""]) for _ in range(runs)]) for _ in range(3))
        yield total, best / runs / total * 1e9


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer texts and rounds: under a minute, less certain")
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    options = parser.parse_args()
    if not PAGES.is_dir():
        raise SystemExit(f"found no {PAGES}, expected the folder of real pages; it is not part of the repository.")
    count, rounds = (200, 2) if options.quick else (1000, 4)
    texts = texts_of_pages(count)
    print(f"{len(texts):,} texts, {sum(len(text.encode()) for text in texts) / len(texts):,.0f} bytes on average")
    with tempfile.TemporaryDirectory() as name:
        found = [four_families(texts, Path(name), rounds), dclm_recipe(texts, rounds)]
        found += stage_rows(texts * (5 if options.quick else 20), Path(name), rounds)
    print(f"{'row':<16}{'unit':<18}{'ours':>9}{'peer':>9}{'ratio':>8}{'MB/s':>7}  peer")
    for one in found:
        numbers = f"{one['ours']:>9,.0f}{one['peer']:>9,.0f}{one['ratio']:>8.2f}{one['megabytes_per_second']:>7.1f}"
        print(f"{one['name']:<16}{one['unit']:<18}{numbers}  {one['peer_name']}")
    sizes = (4_000, 40_000, 400_000, 4_000_000) if options.quick else (4_000, 40_000, 400_000, 4_000_000, 10_000_000)
    for families in ("datatrove_families", "dclm_baseline"):
        settings = recipe(families, after_rejection="measure")
        costs = ", ".join(f"{size / 1e3:,.0f} KB {cost:,.1f}" for size, cost in by_length(settings, texts[0], sizes))
        print(f"ns a byte by length of the text, {families}: {costs}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


def stage_rows(texts: list[str], folder: Path, rounds: int) -> Iterator[dict[str, Any]]:
    """The stage from table to table on Spark with one core, against the compiled recipe on its own."""
    from jobs.runtime.session import SparkSettings, open_session

    spark = open_session(SparkSettings(master="local[1]", log_file=str(folder / "spark.log")))
    for name, settings in (
        ("stage", recipe("datatrove_families", after_rejection="measure")),
        ("stage_dclm", recipe("dclm_baseline", languages=("en",))),
    ):
        run = stage_run(spark, texts, folder / name, settings)
        yield row(name, texts, *best_of_turns((run, compiled_run(settings, texts)), rounds), "the recipe on its own")
    spark.stop()


def stage_run(spark: Any, texts: list[str], folder: Path, settings: ScreenSettings) -> Callable[[], float]:
    """A function that screens a batch of the texts, and gives the seconds of the stage with its commit."""
    import io

    from jobs.pipeline import STAGES
    from jobs.runtime.commit import RunSettings
    from jobs.runtime.console import Console
    from jobs.runtime.lake import Lake
    from jobs.runtime.progress import Batch, Pending
    from jobs.runtime.run import do

    lake = Lake(spark, str(folder))
    write_documents(lake, texts)
    stage = next(stage for stage in STAGES if stage.name == "screen")
    work = Pending(stage, Batch(1, "bench", ()), stage.parts(settings, {"documents": "bench"}), ())
    console = Console(io.StringIO())
    limits = RunSettings()
    return lambda: seconds_of(lambda: do(lake, work, settings, limits, len(texts), "bench", console))


def write_documents(lake: Any, texts: list[str]) -> None:
    """The texts as batch 1 of `documents`."""
    from pyspark.sql import functions as F

    from jobs.catalog import DOCUMENTS

    rows = lake.spark.createDataFrame(list(enumerate(texts)), "offset BIGINT, text STRING")
    given = {
        "doc_id": F.md5(F.col("offset").cast("string")),
        "batch": F.lit(1),
        "crawl": F.lit("bench"),
        "url": F.concat(F.lit("http://bench.example/"), F.col("offset")),
        "file": F.lit("bench"),
        "chars": F.length("text"),
        "headers": F.create_map().cast("map<string,string>"),
    }
    columns = [
        given.get(column.name, F.col(column.name) if column.name in rows.columns else F.lit(None)).cast(column.type)
        for column in DOCUMENTS.columns
    ]
    named = [column.alias(declared.name) for column, declared in zip(columns, DOCUMENTS.columns, strict=True)]
    lake.replace("documents", rows.select(*named), batch=1)


if __name__ == "__main__":
    main()
