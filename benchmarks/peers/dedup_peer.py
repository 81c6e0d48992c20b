"""The peers of `benchmarks/dedup.py`: datatrove's MinHash signatures, and DCLM's old-both in Python over rbloom.

Runs in the peers' environment (`make peers`). The argument is a JSON file with a list of texts; each line on standard
input names a peer, and one line of JSON says how long it took. rbloom is a Bloom filter in Rust; the n-grams are made
as people make them in Python, with a regular expression for tokens."""

import json
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path

from datatrove.data import Document
from datatrove.pipeline.dedup.minhash import MinhashConfig, MinhashDedupSignature
from rbloom import Bloom

NGRAM, THRESHOLD = 13, 0.8
TOKEN = re.compile(r"\w+|[^\w\s]")


def minhash(texts: list[str]) -> Callable[[], int]:
    """datatrove's defaults: 14 buckets of 8 hashes, words by spaCy, shingles of 5."""
    step = MinhashDedupSignature("unused", config=MinhashConfig(n_grams=5, num_buckets=14, hashes_per_bucket=8))
    documents = [Document(text, str(number)) for number, text in enumerate(texts)]

    def run() -> int:
        return sum(len(step.get_signature(step.get_shingles(document.text))) for document in documents)

    return run


def bloom(texts: list[str]) -> Callable[[], int]:
    """Paragraph by paragraph, then the document, as DCLM's published filter."""

    def run() -> int:
        seen, kept = Bloom(100_000_000, 0.01, hash), 0
        for text in texts:
            all_contained = all_ngrams = 0
            for paragraph in text.split("\n"):
                tokens = TOKEN.findall(paragraph)
                ngrams = [tuple(tokens[at : at + NGRAM]) for at in range(len(tokens) - NGRAM + 1)]
                contained = sum(ngram in seen for ngram in ngrams)
                if not ngrams or contained / len(ngrams) <= THRESHOLD:
                    seen.update(ngrams)
                all_contained, all_ngrams = all_contained + contained, all_ngrams + len(ngrams)
            kept += all_contained <= THRESHOLD * all_ngrams
        return kept

    return run


def main() -> None:
    """Answer each line of standard input with one run."""
    texts = json.loads(Path(sys.argv[1]).read_text())
    peers = {"minhash": minhash(texts), "bloom": bloom(texts)}
    for line in sys.stdin:
        start = time.perf_counter()
        count = peers[line.strip()]()
        print(json.dumps({"seconds": time.perf_counter() - start, "count": count}), flush=True)


if __name__ == "__main__":
    main()
