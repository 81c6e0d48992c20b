"""Tables of programs: what was written about a document, and what became of it."""

from jobs.catalog.columns import BATCH, BATON, DOC_ID, EDITS, FILE, KEEP, OFFSET, POSITION, TEXT
from jobs.runtime.table import Column, Table, optional

PROGRAMS = Table(
    "programs",
    "A program that was written about a document or a chunk of one. Each document has at least one row.",
    (
        DOC_ID,
        BATCH,
        optional("url", "STRING", "address as crawled"),
        FILE,
        OFFSET,
        Column("level", "STRING", "what the program is about: document or chunk"),
        Column("chunk", "INT", "place of the chunk in the document, from 0; 0 for a document"),
        Column("first_line", "INT", "first line of the chunk; lines of the document are counted from 0"),
        Column("last_line", "INT", "last line of the chunk; 2147483647: to the end of the document"),
        Column("start", "INT", "code point of the text where the chunk begins"),
        Column("end", "INT", "and where it ends; 2147483647: to the end of the document"),
        Column("program", "STRING", "the program as it was written; empty where there is none"),
        Column("model", "STRING", "what wrote it: as the server or the recorded row names it, or version of the rules"),
        Column("prompt", "STRING", "version of the prompt; empty where there was none"),
        Column(
            "finish",
            "STRING",
            "why the program ends there: stop, length, recorded, rules, or what a server says; none, long_line or "
            "many_chunks where nobody was asked; error",
        ),
        optional("score", "DOUBLE", "0 to 1, how sure the proposer was; null where it does not say"),
        Column("proposer", "STRING", "digest of all that a program depends on but the text: model, prompt, chunks"),
        optional("text_key", "BINARY", "128-bit hash of the document's text, where a model was asked"),
        optional("reason", "STRING", "failed where there should be a program and is none; else null"),
        optional("detail", "STRING", "what went wrong, where it failed"),
    ),
    key=(*POSITION, "level", "chunk"),
)

REFINED = Table(
    "refined",
    "A document after its programs were executed.",
    (
        *BATON,
        KEEP,
        optional("reason", "STRING", "why it was rejected; null where kept"),
        Column("language", "STRING", "ISO 639 code of the most probable language"),
        Column("programs", "INT", "programs that were executed"),
        Column("operations", "MAP<STRING, INT>", "calls that count, by name"),
        Column("rejected_calls", "MAP<STRING, INT>", "calls that do not count, by the reason"),
        Column("errors", "INT", "rejected calls that speak against their program"),
        Column("voided", "INT", "programs with too many errors, of which no call counts"),
        Column("clipped", "INT", "ranges of lines that went beyond their chunk, and were cut to it"),
        Column("words", "BIGINT", "words of the text as received; a character of a script without spaces is one"),
        Column("words_removed", "BIGINT", "words that the edits take out"),
        Column("edits", EDITS, "cuts and replacements: code-point offsets in the text of `deduplicated`, sorted"),
        optional("text", TEXT, "the text after the edits; null where rejected"),
    ),
    key=POSITION,
)
