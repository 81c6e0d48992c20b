"""Results as one HTML page that needs nothing else: no script, no network, tables beside every plot, light and dark."""

from collections.abc import Iterator, Sequence
from html import escape

from jobs.evaluation.about import About, method
from jobs.evaluation.charts import Bar, dot_plot
from jobs.evaluation.intervals import ALL, Result
from jobs.evaluation.table import (
    CRITERION_COLUMNS,
    HEADLINES,
    TITLES,
    Cells,
    cells_of,
    parts_of,
    shown,
    sources_of,
)
from jobs.evaluation.tasks import MISSES, confusion_name
from udfs.models.criteria import CRITERIA, DOMAINS

STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --paper: #fdfdfc; --faint: #60646c; --rule: #d9d9e0; --mark: #0b68cb;
  --shade: 11 104 203; }
@media (prefers-color-scheme: dark) { :root { --ink: #edeef0; --paper: #111113; --faint: #b0b4ba; --rule: #363a3f;
  --mark: #70b8ff; --shade: 112 184 255; } }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--paper); max-width: 76rem;
  margin: 0 auto; padding: 1.5rem 1rem 4rem; }
h1 { font-size: 1.6rem; } h2 { font-size: 1.25rem; margin-top: 3rem; border-top: 1px solid var(--rule);
  padding-top: 1rem; } h3 { font-size: 1rem; margin-top: 2rem; }
.wide { overflow-x: auto; } svg { width: 100%; max-width: 38rem; height: auto; font-size: 12px; }
svg text { fill: var(--ink); } svg .tick { fill: var(--faint); } svg .number { font-variant-numeric: tabular-nums; }
.grid { stroke: var(--rule); } .interval { stroke: var(--mark); stroke-width: 2.5; } .dot { fill: var(--mark); }
table { border-collapse: collapse; font-size: .875rem; font-variant-numeric: tabular-nums; margin: .75rem 0; }
caption { text-align: left; color: var(--faint); padding-bottom: .25rem; position: sticky; left: 0;
  max-width: calc(100vw - 2rem); }
th, td { padding: .2rem .6rem; border-bottom: 1px solid var(--rule); text-align: right; white-space: nowrap; }
th[scope=row], thead th:first-child { text-align: left; }
th[scope=row] { position: sticky; left: 0; background: var(--paper); }
.confusion th, .confusion td { padding: .15rem .35rem; }
.confusion thead th { writing-mode: vertical-rl; text-align: right; }
figure { margin: 1rem 0; } p, dd { max-width: 45rem; } dt { font-weight: 600; }
a:focus-visible, .wide:focus-visible { outline: 2px solid var(--mark); }
"""

MEANINGS = {
    "overall_r, edu_r, …_r": "Pearson's r between what the rater expects and the score given.",
    "…_rho": "Spearman's rho of the same.",
    "exact, within one": "The share of scores that are the one given, or at most one away; _mean is over the criteria.",
    "binary": "The share where both say 3 or more, or both say less.",
    "miss, misjudge": "Of the texts with such a score, the share that was called much better, or worse.",
    "macro_f1": "The mean of F1 over the classes.",
    "auc": "How often a text that people called good has the larger sum of the 14 scores than one they called bad.",
    "document_f1": "F1 of the documents kept, against the rule: edu of 3 or more, or 2 with a format of 4 or more.",
    "line_keep_f1, line_removed_f1": "F1 of the lines that stay, and of those that go; blank lines do not count.",
    "char_f1, char_recall": "F1 of the characters that stay, and the share kept of those that should be.",
    "second rating": "Another rating of the same texts, measured as the rater is: more than that is not to be had.",
    "mean": "The mean of the sources' figures, each counting the same; all pools their rows.",
}


def page(results: Sequence[Result], about: About) -> str:
    """The whole document."""
    body = "\n".join(_body(results, about))
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>Evaluation of {escape(about.rater)} and {escape(about.refiner)}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
{body}
</main>
</body>
</html>
"""


def _body(results: Sequence[Result], about: About) -> Iterator[str]:
    cells = cells_of(results)
    yield f"<h1>Evaluation of {escape(about.rater)} and {escape(about.refiner)}</h1>"
    yield f"<p>{escape(method(about))}</p>"
    for task, headlines in HEADLINES.items():
        if not parts_of(results, task):
            continue
        yield f'<h2 id="{task}">{TITLES[task]}</h2>'
        for part in parts_of(results, task):
            yield from _part(results, cells, part, headlines)
        if task == "ratings":
            yield from _criteria(cells)
        yield from _confusion(cells, task)
    yield '<h2 id="meanings">What the figures are</h2>\n<dl>'
    yield from (f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in MEANINGS.items())
    yield "</dl>"


def _part(results: Sequence[Result], cells: Cells, part: str, headlines: Sequence[str]) -> Iterator[str]:
    """A table of the main figures by source, and a plot of the first of them."""
    sources = sources_of(results, part)
    metrics = [name for name in headlines if any((part, source, name) in cells for source in sources)]
    if not metrics:
        return
    by = part.partition("_by_")[2].replace("_", " ") or "source"
    yield f"<h3>By {escape(by)}</h3>"
    yield _plot(metrics[0], [(source, cells.get((part, source, metrics[0]))) for source in sources])
    rows = [(source, [shown(cells.get((part, source, metric))) for metric in metrics]) for source in sources]
    counts = [max(one.n for one in results if (one.task, one.source) == (part, source)) for source in sources]
    rows = [(source, [*row, f"{count:,}"]) for (source, row), count in zip(rows, counts, strict=True)]
    yield _table(f"Figures with 95 % intervals, by {by}; n is texts or pages", [by, *metrics, "n"], rows)


def _criteria(cells: Cells) -> Iterator[str]:
    if ("ratings", ALL, "overall_r") not in cells:
        return
    yield "<h3>By criterion, all sources</h3>"
    for metric in ("r", "exact"):
        yield _plot(metric, [(name, cells.get(("ratings", ALL, f"{name}_{metric}"))) for name in CRITERIA])
    for caption, columns in (
        ("Agreement by criterion", CRITERION_COLUMNS),
        (
            "Errors by criterion: shares of the texts with the score that each column names",
            [name for name, *_ in MISSES],
        ),
    ):
        rows = [(name, [shown(cells.get(("ratings", ALL, f"{name}_{one}"))) for one in columns]) for name in CRITERIA]
        yield _table(caption, ["criterion", *columns], rows)


def _plot(metric: str, found: Sequence[tuple[str, Result | None]]) -> str:
    bars = [Bar(name, one.value, one.low, one.high) for name, one in found if one and one.value is not None]
    return f"<figure><figcaption>{escape(metric)}</figcaption>{dot_plot(metric, bars)}</figure>" if bars else ""


def _confusion(cells: Cells, task: str) -> Iterator[str]:
    """Rows are what is true; a cell is shaded by its share of the row, and says its count."""
    counts = [[cells.get((task, ALL, confusion_name(row, column))) for column in DOMAINS] for row in DOMAINS]
    if not any(cell for row in counts for cell in row):
        return
    yield "<h3>Confusion of domains</h3>"
    head = "".join(f'<th scope="col">{name}</th>' for name in DOMAINS)
    lines = []
    for name, row in zip(DOMAINS, counts, strict=True):
        numbers = [int(cell.value or 0) if cell else 0 for cell in row]
        total = max(sum(numbers), 1)
        tds = "".join(_cell(number, number / total) for number in numbers)
        lines.append(f'<tr><th scope="row">{name}</th>{tds}</tr>')
    yield (
        '<div class="wide" tabindex="0" role="region" aria-label="Confusion of domains"><table class="confusion">'
        "<caption>Texts of the domain of a row that were called the domain of a column, all sources</caption>"
        f"<thead><tr><td></td>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _cell(number: int, of_row: float) -> str:
    return f'<td style="background: rgb(var(--shade) / {0.55 * of_row:.2f})">{number or ""}</td>'


def _table(caption: str, columns: Sequence[str], rows: Sequence[tuple[str, Sequence[str]]]) -> str:
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{escape(cell)}</td>" for cell in row)}</tr>'
        for name, row in rows
    )
    return (
        f'<div class="wide" tabindex="0" role="region" aria-label="{escape(caption)}"><table><caption>{escape(caption)}'
        f"</caption><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )
