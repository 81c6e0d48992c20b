"""Tables of what is there more than once, and of what later batches are compared with."""

from jobs.catalog.columns import BATCH, BATON, DOC_ID, EDITS, FILE, ID, KEEP, OFFSET, POSITION, TEXT
from jobs.runtime.table import Column, Range, Table, optional

DUPLICATES = Table(
    "duplicates",
    "A document's place among its duplicates: of each URL and of each text the oldest document is kept.",
    (
        Column("stage", "STRING", "the stage that decided"),
        *BATON,
        KEEP,
        optional("reason", "STRING", "duplicate_url, duplicate_text or near_duplicate; null where kept"),
        optional("method", "STRING", "how the duplicate was found: url, exact, minhash; null where kept"),
        Column("cluster", "STRING", "doc_id that names the cluster"),
        optional(
            "keeper",
            "STRING",
            "doc_id of the document that is kept in its place; its own where kept, null where none is",
        ),
        Column("similarity", "DOUBLE", "1 for exact methods, else the Jaccard similarity to the keeper"),
        optional("id", "BIGINT", "the document in eight bytes, where signatures name it so: xxhash64(file, offset)"),
        optional("keeper_id", "BIGINT", "the same of its keeper, or of the document that the cluster is named after"),
        optional("url_key", "BINARY", "128-bit hash of the normalised URL; null without a URL"),
        optional("text_key", "BINARY", "128-bit hash of the text with white space and case folded"),
    ),
    key=("stage", *POSITION),
    partitioned_by=("batch", "stage"),
    ranges=(Range("similarity", 0, 1),),
)

SIGNATURES = Table(
    "signatures",
    "A document's MinHash signature, by which near-duplicates are found; computed once.",
    (
        ID,
        BATCH,
        Column("chars", "INT", "length of the text in code points"),
        Column("shingles", "INT", "number of shingles of the text"),
        optional("band_keys", "ARRAY<BIGINT>", "hash of each band of the signature; null without a signature"),
        optional(
            "signature",
            "BINARY",
            "low 16 bits of the minimum of each permutation, little-endian; null where the text is too short",
        ),
        optional("shingle_hashes", "BINARY", "distinct hashes, sorted, 32 bits little-endian; null unless asked for"),
    ),
    key=("id",),
)

BANDS = Table(
    "bands",
    "A representative of a bucket (documents with one band key): what later documents of the bucket are compared with.",
    (
        Column("key", "BIGINT", "the band key"),
        ID,
        BATCH,
        Column("representative", "INT", "its place among the representatives of the bucket, from 1"),
    ),
    key=("key", "representative"),
)

REPEATS = Table(
    "repeats",
    "A document with passages that occurred before, word for word.",
    (
        DOC_ID,
        BATCH,
        FILE,
        OFFSET,
        Column("edits", EDITS, "the passages: code-point offsets in the text of `screened`, sorted, not overlapping"),
    ),
    key=POSITION,
)

DEDUPLICATED = Table(
    "deduplicated",
    "A document after dedup of its paragraphs: what was not said before.",
    (
        *BATON,
        KEEP,
        optional("reason", "STRING", "why it was rejected; null where kept"),
        Column("language", "STRING", "ISO 639 code of the most probable language"),
        Column("ngrams", "BIGINT", "n-grams of the text"),
        Column("contained", "BIGINT", "n-grams that the filter held already"),
        Column("edits", EDITS, "cuts: code-point offsets in the text of `screened`, sorted, not overlapping"),
        optional("text", TEXT, "the text after the edits; null where rejected"),
    ),
    key=POSITION,
)

BLOOM_SHARDS = Table(
    "bloom_shards",
    "What a batch added to the Bloom filter of a shard; the filter is the union over all batches.",
    (
        Column("shard", "INT", "number of the shard, from 0"),
        Column("part", "INT", "number of the piece of the filter, from 0; pieces without new bits are left out"),
        BATCH,
        Column("ngrams", "BIGINT", "n-grams that the batch put into the shard"),
        Column("bits", "BINARY", "the bits of the piece that are set since this batch, compressed (zstd)"),
    ),
    key=("shard", "part", "batch"),
)
