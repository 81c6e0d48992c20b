"""Speed of executing programs on one core, against the published executor of ProX, and of making prompts.

    python benchmarks/programs.py [--quick] [--prox FOLDER] [--tokenizer FILE] [--json FILE]

FOLDER is a checkout of GAIR-NLP/ProX (b3fcbb2), which is no part of this project; without it our own `compat` mode
stands in, under that name. Pages are made up: twenty lines with a menu, paragraphs and a footer, 2.2 KB. Programs are
such as the refiners write: one for the document, which drops every tenth, and for the others one for their lines, which
keeps all of them in a seventh and has three or four calls in the rest, in a fifth fenced, in a third with other names
of arguments or none, in an eighth with a mistake or an output cut off. The peers read the same calls in the published
spelling, without fences. Both sides of a row take turns, and the best run of each counts. Rows:

execute   programs parsed and executed in strict mode
compat    our `compat` mode, whose texts must be those of the published executor (with --prox)
chunks    chunks of 1,500 tokens and their prompts, against the tokenizer on its own, each text once (with a tokenizer:
          Llama 2's of `../shared/data` where it is there)
"""

import argparse
import hashlib
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))  # run by path, from any folder, with or without the project installed
os.environ["TOKENIZERS_PARALLELISM"] = "false"  # one core on both sides

from timing import best_of_turns, seconds_of  # noqa: E402 - this folder is on the path of its scripts

from udfs.models.tokens import load_tokenizer  # noqa: E402 - after the path
from udfs.programs import compat  # noqa: E402
from udfs.programs.chunks import ChunkSettings, chunks, token_costs  # noqa: E402
from udfs.programs.effects import ExecutionSettings, Part  # noqa: E402
from udfs.programs.execution import execute  # noqa: E402
from udfs.programs.parsing import parse  # noqa: E402
from udfs.programs.prompts import Prompter, PromptSettings  # noqa: E402
from udfs.programs.proposer import chunk_requests  # noqa: E402

TOKENIZER = ROOT.parent / "shared/data/tokenizers/llama2/tokenizer.json"
PUBLISHED_FILE = "utils/chunk_utils.py"
LINES = 20
COMPAT = "our compat mode"
PUBLISHED = "ProX b3fcbb2, published executor"


class Page(NamedTuple):
    """A page and its programs, None where there is none; `published` is that of the chunk in ProX's own spelling."""

    text: str
    document: str | None
    chunk: str | None
    published: str | None


# --- pages and programs


def pages(count: int) -> list[Page]:
    """The same pages on every run."""
    draw = random.Random(0)
    letters = "etaoinshrdlucmfwypvbgk"
    words = ["".join(draw.choices(letters, k=draw.choice((2, 3, 4, 5, 5, 6, 7, 9)))) for _ in range(5000)]
    return [page(draw, words) for _ in range(count)]


def page(draw: random.Random, words: list[str]) -> Page:
    """One page: four lines of menu, paragraphs, three lines of footer; every third with an address in a paragraph."""
    menu = [" | ".join(some(draw, words, 4)).title() for _ in range(4)]
    body = [" ".join(some(draw, words, draw.choice((3, 20, 30, 45)))).capitalize() + "." for _ in range(LINES - 7)]
    footer = ["Share this: Mail Print", "Read more", f"Copyright 2024 {draw.choice(words)} - All rights reserved"]
    url = f"https://www.{draw.choice(words)}.example/{draw.choice(words)}?id={draw.randrange(10**6)}"
    if draw.random() < 1 / 3:
        body[5] = f"{body[5]} {url}"
    text = "\n".join([*menu, *body, *footer])
    if draw.random() < 0.1:
        return Page(text, "drop_doc()", None, None)
    if draw.random() < 0.15:
        return Page(text, "keep_doc()", draw.choice(("untouch_doc()", "keep_chunk()")), "keep_chunk()")
    return Page(text, "keep_doc()", *chunk_program(draw, words, body, url))


def some(draw: random.Random, words: list[str], count: int) -> list[str]:
    """Words by Zipf's law, the first ones often."""
    return [words[int(len(words) ** draw.random()) - 1] for _ in range(count)]


def chunk_program(draw: random.Random, words: list[str], body: list[str], url: str) -> tuple[str, str]:
    """A program in the spelling of one model or another, and the same calls in ProX's."""
    line = draw.randrange(4, LINES - 3)
    ranges = [(0, draw.choice((2, 3))), (line, line), (LINES - 3, LINES - 1)][: draw.choice((1, 2, 3, 3))]
    sources = [" ".join(draw.choice(body).rstrip(".").split(" ")[:3])] * (draw.random() < 0.6)
    sources += [url.partition("?")[0]] * (url in body[5])  # ProX cannot have the `=` in a string
    chance = draw.random()
    if chance < 0.04:
        ranges.append((LINES + 5, LINES + 9))
    elif chance < 0.08:
        sources.append(f"{draw.choice(words)} {draw.choice(words)} nowhere")
    shape = draw.choice(["start={}, end={}"] * 4 + ["line_start={}, line_end={}", "{}, {}"])
    normalize = draw.choice(['normalize(source_str="{}", target_str="")'] * 3 + ["normalize('{}')"])
    calls = [f"remove_lines({shape.format(*one)})" for one in ranges] + [normalize.format(one) for one in sources]
    published = [f"remove_lines(start={first}, end={last})" for first, last in ranges]
    published += [f'normalize(source_str="{source}", target_str="")' for source in sources]
    if 0.08 <= chance < 0.12:  # cut off, as at the limit of tokens
        calls, published = ([*one, "remove_lines(start=17, e"] for one in (calls, published))
    elif draw.random() < 0.2:
        calls = ["Here is the program:"] * (chance > 0.9) + ["```python", "# menu and footer", *calls, "```"]
    return "\n".join(calls), "\n".join(published)


# --- rows


def strict_run(given: list[Page]) -> None:
    """Parse and execute all programs."""
    settings = ExecutionSettings()
    for one in given:
        parts = [Part(parse(one.document))] if one.document is not None else []
        if one.chunk is not None:
            parts.append(Part(parse(one.chunk), "chunk", 0, LINES - 1))
        execute(one.text, parts, settings)


def compat_run(given: list[Page]) -> list[str]:
    """The texts that our compat mode leaves."""
    settings = compat.CompatSettings()
    texts = []
    for one in given:
        left = "" if one.document is not None and compat.drops(one.document) else one.text
        kept = left and one.published is not None
        texts.append(compat.execute(left, one.published, settings).text if kept and one.published else left)
    return texts


def execution_rows(given: list[Page], prox: Path | None, rounds: int) -> Iterator[dict[str, Any]]:
    """Rows `execute` and, beside the published executor, `compat`."""
    strict, ours = (lambda: seconds_of(lambda: strict_run(given))), lambda: seconds_of(lambda: compat_run(given))
    if prox is None:
        yield row("execute", len(given), *best_of_turns((strict, ours), rounds), COMPAT)
        return
    with tempfile.TemporaryDirectory() as name:
        rows = Path(name, "pages.json")
        rows.write_text(json.dumps([(one.text, one.document, one.published) for one in given]))
        command = [sys.executable, str(ROOT / "benchmarks/peers/prox_peer.py"), str(prox), str(rows)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as peer:
            published = asked(peer)
            digest = hashlib.sha256("\0".join(compat_run(given)).encode()).hexdigest()
            if published()["digest"] != digest:
                raise SystemExit("compat mode and the published executor leave different texts.")
            for named, side in (("execute", strict), ("compat", ours)):
                sides = side, lambda: float(published()["seconds"])
                yield row(named, len(given), *best_of_turns(sides, rounds), PUBLISHED)
            peer.communicate()


def asked(peer: "subprocess.Popen[str]") -> Callable[[], dict[str, Any]]:
    """A function that has the peer make one run."""
    stdin, stdout = peer.stdin, peer.stdout
    assert stdin
    assert stdout

    def run() -> dict[str, Any]:
        stdin.write("run\n")
        stdin.flush()
        answer = stdout.readline()
        if not answer:
            raise SystemExit("the published executor did not answer.")
        return dict(json.loads(answer))

    return run


def chunk_row(given: list[Page], file: Path, rounds: int) -> dict[str, Any]:
    """Row `chunks`."""
    tokenizer = load_tokenizer(file)
    prompter, settings = Prompter(tokenizer, PromptSettings()), ChunkSettings()
    texts = [one.text for one in given]

    def ours() -> None:
        for text in texts:
            chunk_requests("", text, chunks(text, token_costs(tokenizer), settings), prompter)

    def alone() -> None:
        for text in texts:
            tokenizer.encode(text, add_special_tokens=False)

    sides = (lambda: seconds_of(ours)), lambda: seconds_of(alone)
    return row("chunks", len(texts), *best_of_turns(sides, rounds), "the tokenizer on its own")


def row(name: str, count: int, ours: float, peer: float, peer_name: str) -> dict[str, Any]:
    """One line of the table, from the seconds of both sides."""
    speeds = {"ours": round(count / ours, 1), "peer": round(count / peer, 1)}
    named = {"name": name, "unit": "documents/s/core", **speeds, "peer_name": peer_name}
    return {**named, "ratio": round(peer / ours, 3)}


def main() -> None:
    """Print the table, and write it as JSON where asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer pages and rounds, under a minute")
    parser.add_argument("--prox", type=Path, metavar="FOLDER", help="a checkout of GAIR-NLP/ProX")
    parser.add_argument("--tokenizer", type=Path, metavar="FILE", help="tokenizer.json for the row chunks")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows here")
    options = parser.parse_args()
    if options.prox and not (options.prox / PUBLISHED_FILE).is_file():
        raise SystemExit(f"found no {PUBLISHED_FILE} in {options.prox}, expected a checkout of GAIR-NLP/ProX.")
    given = pages(2000 if options.quick else 10_000)
    rounds = 4 if options.quick else 8
    size = sum(len(one.text) for one in given) / len(given)
    calls = sum((one.published or "").count("(") for one in given) / sum(one.chunk is not None for one in given)
    print(f"{len(given):,} pages of {LINES} lines, {size:,.0f} characters, {calls:.1f} calls on lines on average")
    rows = list(execution_rows(given, options.prox, rounds))
    tokenizer = options.tokenizer or (TOKENIZER if TOKENIZER.is_file() else None)
    if tokenizer:
        rows.append(chunk_row(given[: len(given) // 10], tokenizer, rounds))
    print(f"{'row':<10}{'unit':<18}{'ours':>9}{'peer':>9}{'ratio':>8}  peer")
    for one in rows:
        numbers = f"{one['ours']:>9,.0f}{one['peer']:>9,.0f}{one['ratio']:>8.2f}"
        print(f"{one['name']:<10}{one['unit']:<18}{numbers}  {one['peer_name']}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
