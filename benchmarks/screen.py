"""Speed of screening on one core, against datatrove's filters, against plain Python, and inside Spark.

    make peers && python benchmarks/screen.py [--quick] [--json FILE]

The texts are main contents and visible texts of the pages of `../shared/data/main_content`, long ones cut so that the
mean is 3.9 KB of UTF-8. Both sides of a row see the same texts, in turns, and the best run of each counts, because
another program's work can only make a run slower. Compiling and loading are not counted (a warm-up run comes first).
Rows:

four_families   Gopher quality, Gopher repetition, FineWeb and C4 as datatrove 0.10.1 publishes them, all signals of
                every text (`after_rejection: measure`), against datatrove's four filters, each of which stops at its
                first reason; the peer runs in an environment of its own
dclm_recipe     the recipe of DCLM-Baseline with URL rules, URL removal and language, against the same recipe run by its
                definition in plain Python
stage           the `screen` stage on Spark with one task at a time, from a Delta table to a Delta table with its
                commit, against the compiled recipe on its own; stage_dclm the same with the DCLM recipe. The texts
                twenty times over, 42,000: a production batch has half a million, and the commit, some two seconds,
                is the same for any number. (--quick has few, so the commit is most of it.)

Then the cost by length of the text, from 4 KB to 10 MB, which should be level in ns a byte.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed

import pyarrow as pa  # noqa: E402 - after the path
import pyarrow.parquet as pq  # noqa: E402
from resiliparse.extract.html2text import extract_plain_text  # noqa: E402
from timing import best_of_turns, seconds_of  # noqa: E402 - this folder is on the path of its scripts

from udfs.text.recipes import read  # noqa: E402
from udfs.text.screener import Screener  # noqa: E402
from udfs.text.screening import ScreenSettings, screen  # noqa: E402

DATA = ROOT.parent / "shared/data"
PAGES = DATA / "main_content"
PEER = ROOT / ".venv-peers/bin/python"
MEAN_BYTES = 3900


class Text(NamedTuple):
    """A page's text and URL."""

    text: str
    url: str


def texts_of_pages(count: int) -> list[Text]:
    """Texts of real pages, main contents first and then visible texts, 3.9 KB on average."""
    found: list[Text] = []
    total = 0
    for main_content in (True, False):
        for source in sorted(PAGES.glob("*.parquet")):
            for page in pq.read_table(source, columns=["html", "url"]).to_pylist():
                whole = extract_plain_text(page["html"], main_content=main_content).encode("utf-8", "replace").decode()
                room = MEAN_BYTES * (len(found) + 1) - total  # what brings the mean to where it should be
                text = _beginning(whole, max(2 * MEAN_BYTES, min(room, 20 * MEAN_BYTES)))
                if len(text) > 200 and total + len(text.encode()) <= MEAN_BYTES * (len(found) + 4):
                    found.append(Text(text, page["url"] or ""))
                    total += len(text.encode())
                if len(found) == count:
                    return found
    return found


def _beginning(text: str, most_chars: int) -> str:
    """Whole lines of the text, where they are not too long."""
    return text if len(text) <= most_chars else text[: max(text.rfind("\n", 0, most_chars), most_chars // 2)]


def compiled_run(settings: ScreenSettings, texts: list[Text]) -> Callable[[], float]:
    """A run of the compiled recipe over Arrow columns, 512 rows at a time as in the stage."""
    screener = Screener(settings)
    parts = [
        (pa.array([one.text for one in part], pa.large_string()), [one.url for one in part])
        for part in (texts[start : start + 512] for start in range(0, len(texts), 512))
    ]
    return lambda: seconds_of(lambda: [screener.columns(*part) for part in parts])


def datatrove_families() -> ScreenSettings:
    """The four families in one recipe; C4, which edits, last, so that all see the text as it came."""
    rules: dict[str, Any] = {}
    for family in ("gopher", "gopher_repetition", "fineweb", "c4"):
        rules |= {f"{family}: {name}": step for name, step in read(family).steps.items()}
    return ScreenSettings.model_validate({"rules": rules, "after_rejection": "measure", "language": {"of": "asked"}})


def dclm_baseline(**changes: Any) -> ScreenSettings:
    """The recipe of DCLM-Baseline, with the public list of UT1 in place of DCLM's own list of domains."""
    steps = read("dclm_baseline").steps
    blocked = {"file": str(DATA / "lists/ut1_blocklist.tsv.zst"), "categories": ["adult", "phishing", "gambling"]}
    steps["url_substring_filter"] = {**steps["url_substring_filter"], "arguments": blocked}
    return ScreenSettings.model_validate({"rules": steps, "lists": str(DATA / "dclm/banlists"), **changes})


def four_families(texts: list[Text], folder: Path, rounds: int) -> dict[str, Any]:
    """Our fused families against datatrove's filters."""
    if not PEER.exists():
        raise SystemExit(f"found no {PEER}, expected the peers' environment: run make peers.")
    given = folder / "texts.json"
    given.write_text(json.dumps([one.text for one in texts]))
    command = [str(PEER), str(ROOT / "benchmarks/peers/datatrove_filters.py"), str(given)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
        stdin, stdout = peer.stdin, peer.stdout
        assert stdin
        assert stdout

        def datatrove() -> float:
            stdin.write("run\n")
            stdin.flush()
            return float(json.loads(stdout.readline())["seconds"])

        seconds = best_of_turns((compiled_run(datatrove_families(), texts), datatrove), rounds)
        stdin.close()
    return row("four_families", texts, *seconds, "datatrove 0.10.1, four filters")


def dclm_recipe(texts: list[Text], rounds: int) -> dict[str, Any]:
    """The whole DCLM recipe, compiled against its definition."""
    settings = dclm_baseline()
    plain = texts[:: max(len(texts) // 200, 1)]  # it is slow
    scale = sum(map(size_of, texts)) / sum(map(size_of, plain))

    def definition() -> float:
        return scale * seconds_of(lambda: [screen(one.text, settings, one.url) for one in plain])

    seconds = best_of_turns((compiled_run(settings, texts), definition), rounds)
    return row("dclm_recipe", texts, *seconds, "the same recipe in plain Python")


def size_of(one: Text) -> int:
    """Bytes of a text."""
    return len(one.text.encode())


def row(name: str, texts: list[Text], ours: float, peer: float, peer_name: str) -> dict[str, Any]:
    """One line of the table, from the seconds of both sides."""
    speeds = {"ours": round(len(texts) / ours, 1), "peer": round(len(texts) / peer, 1)}
    megabytes = round(sum(map(size_of, texts)) / 1e6 / ours, 2)
    named = {"name": name, "unit": "documents/s/core", **speeds, "peer_name": peer_name}
    return {**named, "ratio": round(peer / ours, 3), "megabytes_per_second": megabytes}


def by_length(settings: ScreenSettings, texts: list[Text], sizes: tuple[int, ...]) -> Iterator[tuple[int, float]]:
    """Bytes and ns a byte of texts of growing length, made of real ones joined."""
    screener = Screener(settings)
    whole = "\n".join(one.text for one in texts).encode()
    for size in sizes:
        text = (whole * (size // len(whole) + 1))[:size].decode("utf-8", "ignore")
        array = pa.array([text], pa.large_string())
        runs = max(1, 2_000_000 // size)
        seconds = [repeated(screener, array, runs) for _ in range(3)]
        yield size, min(seconds) / runs / size * 1e9


def repeated(screener: Screener, texts: pa.Array, runs: int) -> float:
    """Seconds of so many runs."""
    return seconds_of(lambda: [screener.columns(texts, [""]) for _ in range(runs)])


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer texts and rounds: under a minute, less certain")
    parser.add_argument("--json", type=Path, help="file to write the rows to")
    options = parser.parse_args()
    if not PAGES.is_dir():
        raise SystemExit(f"found no {PAGES}, expected the folder of real pages; it is not part of the repository.")
    count, rounds = (400, 2) if options.quick else (4000, 4)
    texts = texts_of_pages(count)
    print(f"{len(texts):,} texts, {sum(map(size_of, texts)) / len(texts):,.0f} bytes on average")
    with tempfile.TemporaryDirectory() as name:
        found = [four_families(texts[:: 4 if options.quick else 8], Path(name), rounds), dclm_recipe(texts, rounds)]
        found += stage_rows(texts * (2 if options.quick else 20), Path(name), 2)
    print(f"{'row':<16}{'unit':<18}{'ours':>9}{'peer':>9}{'ratio':>8}{'MB/s':>7}  peer")
    for one in found:
        numbers = f"{one['ours']:>9,.0f}{one['peer']:>9,.0f}{one['ratio']:>8.2f}{one['megabytes_per_second']:>7.1f}"
        print(f"{one['name']:<16}{one['unit']:<18}{numbers}  {one['peer_name']}")
    sizes = (4_000, 40_000, 400_000, 4_000_000) if options.quick else (4_000, 40_000, 400_000, 4_000_000, 10_000_000)
    for name, settings in (("four families", datatrove_families()), ("DCLM", dclm_baseline(after_rejection="measure"))):
        costs = ", ".join(f"{size / 1e3:,.0f} KB {cost:,.1f}" for size, cost in by_length(settings, texts, sizes))
        print(f"ns a byte by length of the text, {name}: {costs}")
    if options.json:
        options.json.write_text(json.dumps(found, indent=2) + "\n")


def stage_rows(texts: list[Text], folder: Path, rounds: int) -> Iterator[dict[str, Any]]:
    """The stage from table to table on Spark with one core, against the compiled recipe on its own."""
    from jobs.runtime.session import SparkSettings, open_session

    spark = open_session(SparkSettings(master="local[1]", log_file=str(folder / "spark.log")))
    for name, settings in (("stage", datatrove_families()), ("stage_dclm", dclm_baseline())):
        run = stage_run(spark, texts, folder / name, settings)
        yield row(name, texts, *best_of_turns((run, compiled_run(settings, texts)), rounds), "the recipe on its own")
    spark.stop()


def stage_run(spark: Any, texts: list[Text], folder: Path, settings: ScreenSettings) -> Callable[[], float]:
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
    work = Pending(stage, Batch(1, "bench", ()), stage.parts(settings), (), {"documents": ("ingest",)})
    console = Console(io.StringIO())
    limits = RunSettings()
    return lambda: seconds_of(lambda: do(lake, work, settings, limits, len(texts), "bench", console))


def write_documents(lake: Any, texts: list[Text]) -> None:
    """The texts as batch 1 of `documents`."""
    from pyspark.sql import functions as F

    from jobs.catalog import DOCUMENTS

    given_rows = [(number, one.url, one.text) for number, one in enumerate(texts)]
    rows = lake.spark.createDataFrame(given_rows, "offset BIGINT, url STRING, text STRING")
    given = {
        "doc_id": F.md5(F.col("offset").cast("string")),
        "batch": F.lit(1),
        "crawl": F.lit("bench"),
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
