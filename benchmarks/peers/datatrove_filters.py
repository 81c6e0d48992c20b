"""The peer of `benchmarks/screen.py`: datatrove's Gopher quality, Gopher repetition, C4 and FineWeb filters.

Runs in the peers' environment (`make peers`). The argument is a JSON file with a list of texts; for every line on
standard input all four filters see every text, and one line of JSON says how long it took and how many each kept."""

import json
import sys
import time
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.filters import (
    C4QualityFilter,
    FineWebQualityFilter,
    GopherQualityFilter,
    GopherRepetitionFilter,
)

FILTERS = (GopherQualityFilter(), GopherRepetitionFilter(), C4QualityFilter(), FineWebQualityFilter())


def kept(judge: object, text: str) -> bool:
    """Whether one filter keeps the text; it sees a document of its own, because C4 changes the text."""
    verdict = judge.filter(Document(text, "x"))  # type: ignore[attr-defined]
    return bool(verdict[0] if isinstance(verdict, tuple) else verdict)


def main() -> None:
    """Answer each line of standard input with one run."""
    texts = json.loads(Path(sys.argv[1]).read_text())
    for _ in sys.stdin:
        start = time.perf_counter()
        counts = [sum(kept(judge, text) for text in texts) for judge in FILTERS]
        print(json.dumps({"seconds": time.perf_counter() - start, "kept": counts}), flush=True)


if __name__ == "__main__":
    main()
