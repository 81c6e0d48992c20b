"""The peer of `benchmarks/programs.py`: the published executor of ProX, from a checkout of GAIR-NLP/ProX.

Needs nothing but Python. The arguments are the checkout and a JSON file with rows [text, document's program, chunks'
program] (null where there is none); for every line on standard input all programs are executed, and one line of JSON
says how long it took and what the digest of the texts is."""

import hashlib
import importlib.util
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

Executor = Callable[[str, str], str]


def executor_of(file: Path) -> Executor:
    """`execute_meta_operations` of one of the published files, which import nothing."""
    spec = importlib.util.spec_from_file_location(file.stem, file)
    if spec is None or spec.loader is None or not file.is_file():
        raise SystemExit(f"found no {file}, expected a checkout of GAIR-NLP/ProX (b3fcbb2).")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.execute_meta_operations  # type: ignore[no-any-return]


def main() -> None:
    """Answer each line of standard input with one run."""
    folder, given = map(Path, sys.argv[1:])
    of_document, of_chunks = executor_of(folder / "utils/doc_utils.py"), executor_of(folder / "utils/chunk_utils.py")
    rows = json.loads(given.read_text())
    for _ in sys.stdin:
        start = time.perf_counter()
        texts = []
        for text, document, chunks in rows:
            left = text if document is None else of_document(text, document)
            texts.append(of_chunks(left, chunks) if left and chunks is not None else left)
        seconds = time.perf_counter() - start
        digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
        print(json.dumps({"seconds": seconds, "digest": digest}), flush=True)


if __name__ == "__main__":
    main()
