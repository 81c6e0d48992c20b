"""What judgements come to, as text: for each sample and person a table of how far each decider agrees with them."""

import json
import textwrap
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from jobs.judging.agreement import Agreement, Figure, Opinion, agreement, weights_of
from jobs.judging.deciders import Place, Said, Words, deciders, limit_of
from jobs.judging.samples import DROP, KEEP, SIDES, SKIP
from jobs.judging.thresholds import PLACE, Threshold
from jobs.runtime.console import as_table, duration, printable
from jobs.runtime.lake import Lake

Row = Mapping[str, Any]
_COLUMNS = ("says keep or drop", "documents", "agree", "kappa", "keeps too much", "drops too much", "AUC")


def report(lake: Lake) -> str:
    """The agreement over all judgements of a lake."""
    rows = [row.asDict() for row in lake.read("judgements").collect()]
    if not rows:
        return "Nothing is judged yet: corpusmill judge --rule NAME (or --score, --stage execute) shows documents."
    parts = []
    for group in _groups(rows):
        places = sorted({_place(row) for row in group})
        parts.append(told(group, deciders(lake, places, limit_of(group[0]["design"]))))
    return "\n\n".join([*parts, _NOTE])


_NOTE = """agree: share of documents on which both say the same; kappa: 0 as good as chance, 1 always; AUC: how often
what the person keeps has the larger score than what they drop. Shares are of the documents near the threshold that the
sample was drawn from, each judged one weighted by how many it stands for; they say nothing about the rest of the lake.
In brackets 95 %: Wilson's interval with the effective number of documents; of kappa and AUC a bootstrap."""


def _place(row: Row) -> Place:
    return tuple(row[name] for name in PLACE)


def _groups(rows: Sequence[Row]) -> Iterator[list[Row]]:
    """The judgements of a sample by a person, the latest of each document; in the order in which they began."""
    latest: dict[tuple[str, str], dict[Place, Row]] = defaultdict(dict)
    for row in sorted(rows, key=lambda row: (row["judged_at"].timestamp(), row["judgement"])):
        latest[row["sample"], row["judge"]][_place(row)] = row
    for group in latest.values():
        yield list(group.values())


def told(rows: Sequence[Row], said: Mapping[Place, Words]) -> str:
    """A table about one person's judgements of one sample."""
    decided = [row for row in rows if row["verdict"] != SKIP]
    if not decided:
        return f"{_heading(rows)}\nNothing is decided yet."
    return f"{_heading(rows)}\n{_table(decided, said)}"


def _threshold(rows: Sequence[Row]) -> Threshold:
    design = json.loads(rows[0]["design"])
    return Threshold(**{name: design[name] for name in Threshold._fields})


def _heading(rows: Sequence[Row]) -> str:
    design, threshold = json.loads(rows[0]["design"]), _threshold(rows)
    verdicts = [row["verdict"] for row in rows]
    plural = "" if len(rows) == 1 else "s"
    counts = ", ".join(f"{verdicts.count(verdict):,} {verdict}" for verdict in (KEEP, DROP, SKIP))
    seconds = sorted(row["seconds"] for row in rows)[len(rows) // 2]
    near = "; ".join(
        f"{design['sides'][side]['documents']:,} on the {side} side, up to {design['sides'][side]['farthest']:.4g} away"
        for side in SIDES
    )
    who = f"{threshold}, judged by {rows[0]['judge']}: {len(rows):,} document{plural} ({counts})"
    drawn = f"Drawn from {threshold.about}, the nearest to the limit: {near}; sample {rows[0]['sample']}."
    return "\n".join(textwrap.wrap(printable(f"{who}, {duration(seconds)} each (median). {drawn}"), 120))


def _table(rows: Sequence[Row], said: Mapping[Place, Words]) -> str:
    weights = weights_of([row["side"] for row in rows], [row["side_documents"] for row in rows])
    threshold = _threshold(rows)
    said, own = _with_threshold(rows, said, threshold), threshold.name
    lines: list[tuple[str, int, str, str, str, str, str]] = []
    unanimous: dict[tuple[bool, tuple[int, ...]], list[str]] = defaultdict(list)
    agreements = {}
    for name, covered in _covered(rows, said, own).items():
        opinions = [_opinion(rows[place], said[_place(rows[place])][name]) for place in covered]
        agreements[name] = found = agreement(opinions, [weights[place] for place in covered])
        keeps = {one.decider for one in opinions}
        if len(keeps) == 1 and not _is_own(name, own) and found.auc.value is None:
            unanimous[keeps.pop(), tuple(covered)].append(name)
        else:
            lines.append(_line(name, found))
    alike = [_alike(keep, names, agreements[names[0]]) for (keep, _), names in unanimous.items()]
    missing = sum(set(said[_place(row)]) <= {str(threshold)} for row in rows)
    note = [f"{missing:,} judged documents are in no table now, and left out."] if missing else []
    return "\n".join([as_table(_COLUMNS, lines), *alike, *note])


def _with_threshold(rows: Sequence[Row], said: Mapping[Place, Words], threshold: Threshold) -> dict[Place, Words]:
    """The threshold that was asked for is a decider too: what the sides say, with the signal as the score. The stage
    that has the same limit would say it again."""
    sign = 1 if threshold.bound in {"at_least", "above"} else -1
    sides = {_place(row): Said(row["side"] == KEEP, sign * row["signal"]) for row in rows}
    words = {place: dict(said.get(place, {})) for place in sides}
    if all(
        threshold.name not in words[place] or words[place][threshold.name].keeps == sides[place].keeps
        for place in sides
    ):
        for one in words.values():
            one.pop(threshold.name, None)
    return {place: {str(threshold): sides[place], **words[place]} for place in sides}


def _covered(rows: Sequence[Row], said: Mapping[Place, Words], own: str) -> dict[str, list[int]]:
    """Which judged documents each decider has a word on, that of the threshold first."""
    found: dict[str, list[int]] = defaultdict(list)
    for place, row in enumerate(rows):
        for name in said.get(_place(row), {}):
            found[name].append(place)
    return dict(sorted(found.items(), key=lambda one: not _is_own(one[0], own)))


def _opinion(row: Row, word: Said) -> Opinion:
    return Opinion(row["side"], row["verdict"] == KEEP, word.keeps, word.score)


def _alike(keep: bool, names: Sequence[str], found: Agreement) -> str:
    said = f"Always {KEEP if keep else DROP}, of {found.documents:,} documents, so agree {_percent(found.agree)}: "
    return "\n".join(textwrap.wrap(printable(said + ", ".join(names)), 120, subsequent_indent="  "))


def _is_own(name: str, threshold: str) -> bool:
    return name == threshold or name.startswith(f"{threshold} ")


def _line(name: str, found: Agreement) -> tuple[str, int, str, str, str, str, str]:
    return (
        name,
        found.documents,
        _percent(found.agree),
        _number(found.kappa),
        _percent(found.too_lenient),
        _percent(found.too_strict),
        _number(found.auc),
    )


def _percent(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-" if figure.value is None else f"{figure.value:.0%}"
    return f"{figure.value:.0%} ({figure.low:.0%} to {figure.high:.0%})"


def _number(figure: Figure) -> str:
    if figure.value is None or figure.low is None or figure.high is None:
        return "-" if figure.value is None else f"{figure.value:.2f}"
    return f"{figure.value:.2f} ({figure.low:.2f} to {figure.high:.2f})"
