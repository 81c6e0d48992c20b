"""Made-up documents and samples for the tests of `corpusmill judge`. Not a test module."""

import json

from jobs.judging.samples import Drawn, Sample
from jobs.judging.thresholds import Threshold

THRESHOLD = Threshold("screen.word_count", "at_least", 50.0, "documents that word_count measured")
SIDES = {"keep": {"documents": 300, "farthest": 12.0}, "drop": {"documents": 100, "farthest": 9.0}}
DESIGN = json.dumps({**THRESHOLD._asdict(), "sides": SIDES, "seed": 0})


def drawn(offset: int, text: str = "A river.\nA tale.", side: str = "keep", **more: object) -> Drawn:
    told = {"url": f"http://river.test/{offset}", "title": "The river", "text": text, "chars": len(text)}
    place = {"doc_id": f"{offset:032x}", "batch": 3, "file": "/crawl/a.warc.gz", "offset": offset}
    weighed = {"side": side, "signal": 51.0, "side_documents": SIDES[side]["documents"]}
    return Drawn(**{**place, **weighed, **told, **more})


def sample(*documents: Drawn) -> Sample:
    return Sample("5a3b1e", DESIGN, documents or tuple(drawn(offset) for offset in range(3)))
