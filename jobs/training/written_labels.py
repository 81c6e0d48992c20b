"""The folder of labels: tables for training and measuring, what is still to be asked, and a report of what came of it.

labels.parquet                           every labelled text once, with its part in `split`
train.parquet valid.parquet test.parquet   the parts; train is balanced where the settings say so
failed.parquet                           requests without an answer, with the last failure
requests.jsonl                           requests that have rounds left, to be answered by whatever means
report.json                              counts
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from udfs.teaching.exchanges import to_request
from udfs.teaching.labels import Labels
from udfs.teaching.ledger import Ledger
from udfs.teaching.requests import PROMPT_VERSIONS, Task
from udfs.teaching.splits import SplitSettings
from udfs.teaching.texts import Text

REPORT_FILE = "report.json"
PARTS = ("train", "valid", "test")


def write_labels(
    out: Path, texts: Sequence[Text], ledger: Ledger, labels: Labels, tasks: tuple[Task, ...], splits: SplitSettings
) -> None:
    """Write the folder `out`; files that are there are replaced. Raises OSError."""
    out.mkdir(parents=True, exist_ok=True)
    held_out = {part: labels.all.filter(pc.equal(labels.all["split"], part)) for part in PARTS[1:]}
    tables = {"labels": labels.all, "failed": labels.failed, "train": labels.train} | held_out
    for name, table in tables.items():
        _replace(out / f"{name}.parquet", table)
    with (out / "requests.jsonl").open("wb") as file:
        file.writelines(to_request(row) for row in ledger.open(texts))
    report = _report(texts, ledger, labels, tasks) | {"splits": splits.model_dump()}
    (out / REPORT_FILE).write_text(json.dumps(report, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def _replace(path: Path, table: pa.Table) -> None:
    """A file that is whole or the one that was there."""
    new = path.with_suffix(".new")
    pq.write_table(table, new, compression="zstd")
    new.replace(path)


def _report(texts: Sequence[Text], ledger: Ledger, labels: Labels, tasks: tuple[Task, ...]) -> dict[str, Any]:
    rows = labels.all.select(["source", "split", "keep", "licence"]).to_pylist()
    parts: dict[str, Counter[str]] = {source: Counter() for source in sorted({row["source"] for row in rows})}
    for row in rows:
        parts[row["source"]][row["split"]] += 1
    rounds = Counter(one.value for said in ledger.failures.values() for one in said)
    return {
        "texts": len(texts),
        "labelled": len(rows),
        "kept": sum(bool(row["keep"]) for row in rows),
        "parts": {source: {part: counts[part] for part in PARTS} for source, counts in parts.items()},
        "train_rows": labels.train.num_rows,
        "licences": dict(Counter(row["licence"] for row in rows).most_common()),
        "failed_rounds": dict(sorted(rounds.items())),
        "unanswered": {failure.value: count for failure, count in sorted(ledger.unanswered().items())},
        "other_rows": ledger.strays,
        "prompts": {task: PROMPT_VERSIONS[task] for task in tasks},
    }
