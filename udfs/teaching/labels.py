"""Labels as a table: texts with what the teacher said of them, in the columns that training and evaluation take.

`id, source, lang, text, domain` (a letter), 14 criteria, `edu`, `format`, `second` (an independent second rating, or
null), `licence, round` are those of any file of ratings; `url, model, keep` (ProX's rule on edu and format) and `split`
come behind them.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import pyarrow as pa

from udfs.models.criteria import CRITERIA
from udfs.teaching.answers import Failure, Rated
from udfs.teaching.keeping import is_kept
from udfs.teaching.ledger import Answered, Ledger
from udfs.teaching.requests import Task
from udfs.teaching.splits import Row, SplitSettings, balanced, parts_of
from udfs.teaching.texts import Text

UNSTATED = "unstated"
"""The licence of texts that state none: training leaves them out."""

_ROUND_MAX = 127
_SECOND = pa.struct(
    [("domain", pa.string()), ("scores", pa.list_(pa.int8())), ("edu", pa.int8()), ("format", pa.int8())]
)
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("id", "source", "lang", "text", "domain")),
        *((name, pa.int8()) for name in (*CRITERIA, "edu", "format")),
        ("second", _SECOND),
        ("licence", pa.string()),
        ("round", pa.int8()),
        ("url", pa.string()),
        ("model", pa.string()),
        ("keep", pa.bool_()),
        ("split", pa.string()),
    ]
)
FAILED = pa.schema([("id", pa.string()), ("task", pa.string()), ("rounds", pa.int64()), ("failure", pa.string())])


class Labels(NamedTuple):
    """`all` rows once, in the order of their texts; `train` those of that part, balanced; `failed` requests that have
    no answer."""

    all: pa.Table
    train: pa.Table
    failed: pa.Table


def labels_of(
    texts: Sequence[Text], ledger: Ledger, second: Ledger | None, tasks: tuple[Task, ...], splits: SplitSettings
) -> Labels:
    """The texts with an answer to every task. Columns of tasks that nobody was asked are null; without `rating` there
    is no balance."""
    rows = [row for text in texts if (row := _row(text, ledger, second, tasks)) is not None]
    dealt = [Row(row["id"], row["source"], row["url"] or "", row["overall_score"] or 0) for row in rows]
    for row, part in zip(rows, parts_of(dealt, splits), strict=True):
        row["split"] = part
    places = [place for place, row in enumerate(rows) if row["split"] == "train"]
    if "rating" in tasks:
        places += [places[copy] for copy in balanced([dealt[place] for place in places], splits)]
    table = pa.Table.from_pylist(rows, schema=SCHEMA)
    return Labels(table, table.take(pa.array(places, pa.int64())), _failed(texts, ledger, tasks))


def _row(text: Text, ledger: Ledger, second: Ledger | None, tasks: tuple[Task, ...]) -> dict[str, Any] | None:
    answers = _answers(text.id, ledger, tasks)
    if answers is None:
        return None
    row: dict[str, Any] = {"id": text.id, "source": text.source, "lang": text.lang or None, "text": text.text}
    row |= {name: None for name in SCHEMA.names if name not in row}
    said = _said(answers)
    row |= {"domain": said["domain"], "edu": said["edu"], "format": said["format"]}
    row |= dict(zip(CRITERIA, said["scores"], strict=True)) if said["scores"] else {}
    others = _answers(text.id, second, tasks) if second is not None else None
    row["second"] = _said(others) if others else None
    row |= {"licence": text.licence or UNSTATED, "url": text.url or None}
    row["round"] = min(max(answer.round for answer in answers.values()), _ROUND_MAX)
    row["model"] = ", ".join(dict.fromkeys(answer.model for answer in answers.values() if answer.model)) or None
    if said["edu"] is not None and said["format"] is not None:
        row["keep"] = is_kept(said["edu"], said["format"])
    return row


def _answers(name: str, ledger: Ledger, tasks: tuple[Task, ...]) -> dict[Task, Answered] | None:
    """The answer to each task; None where one is missing."""
    found = {task: ledger.answers[name, task] for task in tasks if (name, task) in ledger.answers}
    return found if len(found) == len(tasks) else None


def _said(answers: dict[Task, Answered]) -> dict[str, Any]:
    """The fields of `second`, None where nobody was asked."""
    values = {task: answer.value for task, answer in answers.items()}
    rating = values.get("rating")
    rated = rating if isinstance(rating, Rated) else None
    return {
        "domain": rated.domain if rated else None,
        "scores": list(rated.scores) if rated else None,
        "edu": values.get("edu"),
        "format": values.get("format"),
    }


def _failed(texts: Sequence[Text], ledger: Ledger, tasks: tuple[Task, ...]) -> pa.Table:
    rows: list[dict[str, Any]] = []
    for text in texts:
        for task in tasks:
            said: list[Failure] = ledger.failures.get((text.id, task), [])
            if (text.id, task) not in ledger.answers:
                last = said[-1].value if said else None  # None: not asked yet
                rows.append({"id": text.id, "task": task, "rounds": len(said), "failure": last})
    return pa.Table.from_pylist(rows, schema=FAILED)
