"""Writes `programs.jsonl`: the programs that a perfect refiner would have written about the sample.

    make demo LAKE=/tmp/lake && python sample/make_programs.py /tmp/lake

Their line numbers are those of the texts in the lake's table `deduplicated`, so this is run again when extraction,
screening or dedup change these. What belongs to a text is said by its source in pages/ (see
`udfs/programs/labels.py`), never by a reader.
"""

import argparse
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path

FOLDER = Path(__file__).parent
sys.path[:0] = [str(FOLDER.parent), str(FOLDER)]  # run by path, from any folder

from deltalake import DeltaTable  # noqa: E402 - after the path
from page_source import Page, read_pages  # noqa: E402

from udfs.programs.labels import document_program, keep_labels, whole_program  # noqa: E402


def gold_text(page: Page) -> str:
    """What a person would keep of the page: its title and its prose, without the marks of the small Markdown."""
    prose = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", page.prose)
    return page.title + "\n" + re.sub(r"^(?:## |- |\| |```)|\|", "", prose, flags=re.MULTILINE)


def to_programs(text: str, page: Page) -> Iterator[dict[str, object]]:
    """The rows of a page: one about the document, one about its lines."""
    keep = keep_labels(text.split("\n"), gold_text(page))
    yield {"url": page.url, "level": "document", "program": document_program(keep), "score": 1.0}
    if any(keep):
        yield {"url": page.url, "level": "chunk", "program": whole_program(keep)}


def main() -> None:
    """Read the lake and write the file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("lake", help="a lake that the demo made")
    parser.add_argument("--out", type=Path, default=FOLDER / "programs.jsonl")
    options = parser.parse_args()
    pages = {page.url: page for page in read_pages()}
    rows = DeltaTable(f"{options.lake}/deduplicated").to_pyarrow_table(columns=["url", "keep", "text"]).to_pylist()
    texts = {row["url"]: row["text"] for row in rows if row["keep"]}
    found = [one for url in sorted(texts) if url in pages for one in to_programs(texts[url], pages[url])]
    options.out.write_text("".join(json.dumps(one) + "\n" for one in found), encoding="utf-8")
    print(f"{len(found)} programs about {len(texts)} pages in {options.out}")


if __name__ == "__main__":
    main()
