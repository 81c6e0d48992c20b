"""The numbers of a report, read from its HTML, and the same by independent queries: DuckDB over the Delta tables as
another library reads them. None of the SQL is that of the report; fates are found by joins, not by unions.

Not a test module.
"""

from collections.abc import Iterator, Mapping
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import duckdb
from deltalake import DeltaTable

from jobs.catalog import TABLES
from udfs.models.criteria import CRITERIA

Key = tuple[str, str, str]  # name of the table or figure, what names the row, column
VOID = {"meta", "br"}


class Numbers(HTMLParser):
    """All numbers that say what they are: `found` by key; `loose` are texts with digits that stand elsewhere."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: dict[Key, float] = {}
        self.shown: list[tuple[str, float]] = []
        self.loose: list[str] = []
        self._open: list[tuple[str, Mapping[str, str | None]]] = []
        self._heads: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "tr":
            self._heads = []
        if tag == "th" and given.get("scope") == "row":
            self._heads.append("")
        lake = next((open_["data-lake"] + ":" for _, open_ in self._open if open_.get("data-lake")), "")
        if tag == "data":
            self._note((lake + given["data-name"], given.get("data-key") or "", given["data-column"]), given["value"])
        if "data-value" in given:
            table = next(open_["data-name"] for name, open_ in reversed(self._open) if name == "table")
            self._note((lake + table, " / ".join(self._heads), given["data-column"]), given["data-value"])
        if tag not in VOID:
            self._open.append((tag, given))

    def _note(self, key: Any, value: str | None) -> None:
        assert self.found.setdefault(key, float(value or "nan")) == float(value or "nan"), f"two values of {key}"

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID and tag not in {"rect", "line"}:
            self._open.pop()

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Elements without an end have no numbers."""

    def handle_data(self, data: str) -> None:
        tag, given = self._open[-1] if self._open else ("", {})
        if self._heads and any(name == "th" for name, _ in self._open):
            self._heads[-1] += data
        exact = given.get("value") if tag == "data" else given.get("data-value")
        if exact is not None:
            self.shown.append((data, float(exact)))
        elif any(c.isdigit() for c in data) and not self._is_no_number():
            self.loose.append(data)

    def _is_no_number(self) -> bool:
        """Addresses, texts, names, pictures (which say what their tables say), queries and settings."""
        tags = {name for name, _ in self._open}
        classes = " ".join(given.get("class") or "" for _, given in self._open).split()
        return bool(tags & {"bdi", "code", "pre", "svg", "style", "title", "th"}) or bool(
            {"excerpt", "url", "tag"} & set(classes)
        )


FATE = """
WITH one AS (
    SELECT strlen(d.text) AS bytes, strlen(c.text) AS bytes_left, c.tokens, d.host, s.language,
        CASE WHEN c.file IS NOT NULL THEN 'publish' WHEN r.file IS NOT NULL THEN 'rate'
            WHEN e.file IS NOT NULL THEN 'execute' WHEN b.file IS NOT NULL THEN 'dedup_bloom'
            WHEN n.file IS NOT NULL THEN 'dedup_minhash' WHEN x.file IS NOT NULL THEN 'dedup_exact'
            WHEN s.file IS NOT NULL THEN 'screen' ELSE 'ingest' END AS stage,
        CASE WHEN c.file IS NOT NULL THEN 'published'
            ELSE coalesce(r.reason, e.reason, b.reason, n.reason, x.reason, s.reason, 'waiting') END AS reason
    FROM documents d
    LEFT JOIN screened s ON s.file = d.file AND s."offset" = d."offset"
    LEFT JOIN duplicates x ON x.stage = 'dedup_exact' AND x.file = d.file AND x."offset" = d."offset"
    LEFT JOIN duplicates n ON n.stage = 'dedup_minhash' AND n.file = d.file AND n."offset" = d."offset"
    LEFT JOIN deduplicated b ON b.file = d.file AND b."offset" = d."offset"
    LEFT JOIN refined e ON e.file = d.file AND e."offset" = d."offset"
    LEFT JOIN ratings r ON r.file = d.file AND r."offset" = d."offset"
    LEFT JOIN corpus c ON c.file = d.file AND c."offset" = d."offset"
)
"""
_SIZE = "CASE WHEN {0} < 1024 THEN {0} || ' B' ELSE ({0} // 1024) || ' KiB' END"
_CLASS = "len(format('{:b}', bytes::BIGINT)) - 1"
_UP_TO = """
    CASE WHEN n = 2 THEN '2' WHEN n = 3 THEN '3' WHEN n <= 5 THEN '4 to 5' WHEN n <= 10 THEN '6 to 10'
        WHEN n <= 100 THEN '11 to 100' WHEN n <= 1000 THEN '101 to 1,000' ELSE 'more than 1,000' END
"""
_CLUSTERS = "SELECT stage, cluster, count(*) AS n, count(*) FILTER (keep) AS kept FROM duplicates GROUP BY ALL"
_HOST = """
    SELECT coalesce(host, 'no address'), count(*) AS "pages",
        count(*) FILTER (stage = 'screen' AND reason <> 'waiting') AS "screened out",
        count(*) FILTER (stage IN ('dedup_exact', 'dedup_minhash') AND reason <> 'waiting') AS "duplicates",
        count(*) FILTER (stage IN ('dedup_bloom', 'execute', 'rate') OR reason = 'waiting') AS "other losses",
        count(*) FILTER (stage = 'publish') AS "published", coalesce(sum(tokens), 0) AS "tokens"
    FROM one GROUP BY host
"""

# By the name of the table: how many columns name a row, and a query whose other columns are those of the report.
ORACLES: dict[str, tuple[int, str]] = {
    "fates": (
        2,
        FATE
        + """, whole AS (SELECT count(*) AS pages, sum(tokens) / sum(bytes_left) AS a_byte FROM one)
        SELECT stage, reason, count(*) AS "documents", count(*) / max(pages) AS "share",
            sum(bytes) AS "bytes as extracted", sum(bytes_left) AS "bytes published",
            CASE WHEN stage = 'publish' THEN sum(tokens) ELSE round_even(sum(bytes) * max(a_byte), 0) END AS "tokens"
        FROM one, whole GROUP BY stage, reason""",
    ),
    "languages": (
        1,
        FATE
        + """SELECT CASE WHEN language = '' THEN 'not identified' ELSE language END, count(*) AS "pages",
            count(*) / sum(count(*)) OVER () AS "share of pages", count(*) FILTER (stage = 'publish') AS "published",
            coalesce(sum(tokens), 0) AS "tokens"
        FROM one WHERE language IS NOT NULL GROUP BY ALL""",
    ),
    "domains": (
        1,
        "SELECT domain, "
        + ", ".join(f'count(*) FILTER (quality = {score}) AS "{score}"' for score in range(1, 6))
        + ', count(*) AS "documents", sum(tokens) AS "tokens" FROM corpus GROUP BY domain',
    ),
    "scores": (
        1,
        " UNION ALL ".join(
            f"SELECT '{name}', "
            + ", ".join(f'count(*) FILTER ({name} = {score}) AS "{score}"' for score in range(1, 6))
            + f', avg({name}) AS "mean" FROM ratings WHERE keep'
            for name in CRITERIA
        ),
    ),
    "lengths": (
        1,
        FATE
        + f""", sizes AS (
            SELECT {_CLASS} AS size, 1 AS before, 0 AS after FROM one
            UNION ALL SELECT {_CLASS.replace("bytes", "bytes_left")}, 0, 1 FROM one WHERE bytes_left IS NOT NULL
        ),
        every AS (SELECT unnest(generate_series(min(size), max(size))) AS size FROM sizes),
        ends AS (SELECT size, (2 ** size)::BIGINT AS low, (2 ** (size + 1))::BIGINT AS high FROM every)
        SELECT {_SIZE.format("low")} || ' to ' || {_SIZE.format("high")},
            coalesce(sum(before), 0) AS "as extracted", coalesce(sum(after), 0) AS "published"
        FROM ends LEFT JOIN sizes USING (size) GROUP BY size, low, high""",
    ),
    "hosts_giving": (
        1,
        FATE
        + _HOST
        + "HAVING count(c) > 0".replace("count(c)", "count(tokens)")
        + " ORDER BY 6 DESC, 7 DESC, host LIMIT 10",
    ),
    "hosts_losing": (
        1,
        FATE + _HOST + "HAVING count(*) > count(tokens) ORDER BY count(*) - count(tokens) DESC, 2 DESC, host LIMIT 10",
    ),
    "cluster_sizes": (
        2,
        f"""SELECT stage, {_UP_TO}, count(*) AS "clusters", sum(n) AS "documents", sum(kept) AS "kept"
        FROM ({_CLUSTERS}) WHERE n > 1 GROUP BY ALL""",
    ),
    "largest_clusters": (
        2,
        f"""SELECT stage, cluster, n AS "documents", kept AS "kept" FROM ({_CLUSTERS}) WHERE n > 1
        QUALIFY row_number() OVER (PARTITION BY stage ORDER BY n DESC, cluster) <= 5""",
    ),
    "pair": (
        0,
        "SELECT min(similarity) AS similarity FROM duplicates WHERE NOT keep AND reason <> 'duplicate_url'",
    ),
    "operations": (
        1,
        'SELECT o.key, sum(o.value) AS "calls", count(*) AS "documents" FROM '
        "(SELECT unnest(map_entries(operations)) AS o FROM refined) GROUP BY ALL",
    ),
    "rejected_calls": (
        1,
        'SELECT o.key, sum(o.value) AS "calls", count(*) AS "documents" FROM '
        "(SELECT unnest(map_entries(rejected_calls)) AS o FROM refined) GROUP BY ALL",
    ),
    "programs": (
        1,
        """SELECT unnest(['documents', 'documents with programs', 'documents changed', 'documents dropped', 'programs',
            'programs voided', 'words', 'words removed']), unnest([count(*), count(*) FILTER (programs > 0),
            count(*) FILTER (keep AND len(edits) > 0), count(*) FILTER (NOT keep), sum(programs), sum(voided),
            sum(words), sum(words_removed)]) AS "number" FROM refined""",
    ),
    "losses": (
        2,
        "SELECT stage, reason, count(*) AS losses, count(DISTINCT file) AS files FROM losses GROUP BY ALL",
    ),
    "stages": (
        1,
        """SELECT stage, count(*) AS "batches", sum(rows_in) AS "documents in", sum(rows_kept) AS "kept",
            sum(rows_rejected) AS "rejected", sum(rows_failed) AS "lost", sum(seconds) AS "seconds",
            sum(rows_in) / sum(seconds) AS "documents/s"
        FROM progress GROUP BY stage HAVING count(*) FILTER (len(element_at(parts, 'switch')) > 0) = 0""",
    ),
    "examples": (
        3,
        """WITH gone AS (
            SELECT 'screen' AS stage, reason, doc_id, file, "offset", element_at(signals, reason)[1] AS measured
            FROM screened WHERE NOT keep
            UNION ALL SELECT stage, reason, doc_id, file, "offset", similarity FROM duplicates WHERE NOT keep
            UNION ALL SELECT 'dedup_bloom', reason, doc_id, file, "offset", contained / ngrams
            FROM deduplicated WHERE NOT keep
            UNION ALL SELECT 'execute', reason, doc_id, file, "offset", words - words_removed
            FROM refined WHERE NOT keep
        )
        SELECT stage, reason, row_number() OVER (PARTITION BY stage, reason ORDER BY doc_id, file, "offset") AS place,
            measured AS "measured"
        FROM gone QUALIFY place <= 3""",
    ),
    "totals": (
        0,
        FATE
        + """SELECT count(*) AS "pages", count(*) FILTER (stage = 'publish') AS "published",
            count(*) FILTER (stage = 'publish') / count(*) AS "published share", sum(tokens) AS "tokens",
            sum(bytes_left) AS "published bytes", count(DISTINCT language) FILTER (stage = 'publish') AS "languages",
            (SELECT count(*) FROM files) AS "files", (SELECT sum(bytes) FROM files) AS "stored bytes",
            (SELECT count(*) FROM losses) AS "lost", (SELECT sum(seconds) FROM progress) AS "seconds",
            avg(bytes) AS "bytes a page", avg(bytes_left) AS "bytes a document"
        FROM one""",
    ),
}


def expected_numbers(lake: Path) -> dict[Key, float]:
    """The numbers that a report of the lake must have, by independent queries."""
    connection = duckdb.connect()
    for name in TABLES:
        folder = lake / name
        if (folder / "_delta_log").is_dir():
            connection.register(name, DeltaTable(str(folder)).to_pyarrow_table())
    found: dict[Key, float] = {}
    for name, (keys, query) in ORACLES.items():
        found |= dict(_numbers(connection, name, keys, query))
    versions = {name: DeltaTable(str(lake / name)).version() for name in TABLES if (lake / name).is_dir()}
    return found | {("versions", name, "version"): float(version) for name, version in versions.items()}


def _numbers(connection: Any, name: str, keys: int, query: str) -> Iterator[tuple[Key, float]]:
    done = connection.execute(query)
    columns = [column[0] for column in done.description]
    for row in done.fetchall():
        key = " / ".join(str(value) for value in row[:keys])
        for column, value in zip(columns[keys:], row[keys:], strict=True):
            if value is not None:
                yield (name, key, column), float(value)
