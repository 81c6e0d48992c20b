"""Tables of judgements on documents: screening, ratings, and the corpus that comes of them."""

from jobs.catalog.columns import BATON, EDITS, KEEP, POSITION, TEXT
from jobs.runtime.table import Column, Table, optional
from udfs.models.criteria import CRITERIA, DOMAINS

SCREENED = Table(
    "screened",
    "A document, measured by the screening rules.",
    (
        *BATON,
        KEEP,
        optional("reason", "STRING", "the rule that rejected it; null where kept"),
        Column("language", "STRING", "ISO 639 code of the most probable language; empty where there are no letters"),
        Column("language_score", "DOUBLE", "its probability"),
        Column("signals", "MAP<STRING, DOUBLE>", "what each rule measured, by rule; 0 for an edit that left no text"),
        Column(
            "edits", EDITS, "cuts and replacements: code-point offsets in the text as received, sorted, not overlapping"
        ),
        optional("detail", "STRING", "what went wrong, where the document failed"),
        optional("text", TEXT, "the text after the edits; null where rejected"),
    ),
    key=POSITION,
)

_SCORES = tuple(Column(name, "INT", f"{name.replace('_', ' ')}, 1 (very poor) to 5 (very good)") for name in CRITERIA)
_RATED = (
    Column("domain", "STRING", f"topic of the text, one of {', '.join(DOMAINS)}"),
    Column("domain_probability", "DOUBLE", "probability of the domain, by the rater"),
    optional("edu", "INT", "educational value, 0 to 5; null from a rater that does not say"),
    optional("format", "INT", "how clean the extracted text is, 0 to 5; null from a rater that does not say"),
    Column("confidence", "DOUBLE", "the rater's confidence in its scores, 0 to 1"),
    Column("tokens", "BIGINT", "tokens of the whole text, by the rater's tokenizer"),
    *_SCORES,
)
_RANGES = (
    *((f"{name}_range", f"{name} BETWEEN 1 AND 5") for name in CRITERIA),
    ("edu_range", "edu IS NULL OR edu BETWEEN 0 AND 5"),
    ("format_range", "format IS NULL OR format BETWEEN 0 AND 5"),
    ("domain_known", f"domain IN ({', '.join(repr(name) for name in DOMAINS)})"),
)
# A document that could not be rated has no scores, and Delta takes a check that is null for a broken one.
_RANGES_WHERE_RATED = tuple((name, f"NOT keep OR ({check})") for name, check in _RANGES)

RATINGS = Table(
    "ratings",
    "A document's ratings on 14 criteria and its domain, by a model.",
    (
        *BATON,
        KEEP,
        optional("reason", "STRING", "failed where the model could not rate it; null where rated"),
        *(column._replace(required=False) for column in _RATED),
        optional("expected", "ARRAY<FLOAT>", "expected value of each of the 14 scores, before rounding"),
        Column("model", "STRING", "digest of the model that rated it: SHA-256 of its manifest.json"),
        optional("detail", "STRING", "what went wrong, where the document failed"),
    ),
    key=POSITION,
    checks=_RANGES_WHERE_RATED,
)

CORPUS = Table(
    "corpus",
    "The published documents: text with its ratings, partitioned by domain and quality.",
    (
        *BATON,
        Column("language", "STRING", "ISO 639 code of the most probable language"),
        *_RATED,
        Column("quality", "INT", "overall score, 1 to 5"),
        Column("text", TEXT, "the text"),
    ),
    key=("doc_id",),
    partitioned_by=("domain", "quality"),
    checks=(*_RANGES, ("quality_range", "quality BETWEEN 1 AND 5")),
)
