"""What reasons mean, in the sentences of docs/reasons.md. A step of a recipe has none here: its numbers say it."""

LOSSES = {
    "unreadable_file": "the file cannot be opened, or nothing in it is of its format",
    "truncated_file": "the file ends inside a record or a compressed block",
    "bad_compression": "a compressed block is damaged; reading goes on at the next one",
    "bad_record": "bytes that are no record were skipped, or a record's header cannot be read",
    "bad_http": "the HTTP head of a response cannot be read",
    "bad_encoding": "the content or transfer encoding of a body cannot be undone",
    "too_large": "a page is larger than the limit, as stored or once decompressed",
    "too_slow": "extracting the page took longer than the limit",
    "extraction_failed": "the extractor failed, or its process died",
    "no_text": "the page was read, and has no text",
    "bad_row": "a line is no JSON object, or a row has no text where the field map expects it",
    "failed": "the stage met an error on this document; `detail` says which",
}
DUPLICATES = {
    "duplicate_url": "an older version of the same address is kept, whatever its text",
    "duplicate_text": "an older document has the same text, white space and case aside",
    "near_duplicate": "a document that is nearly the same is kept, or none of them is by a setting",
}
DEDUPLICATED = {
    "seen_document": "too many of its n-grams, or its whole text, came in earlier documents",
    "seen_paragraphs": "what came in earlier text was cut, and no text is left",
    "no_text": "the text that the stage received is blank",
}
EDITS = {
    "seen_document": "the whole text of a document that is dropped",
    "seen_paragraph": "a paragraph with its newline",
    "seen_substring": "a passage",
    "trailing_space": "white space at the end of what is left",
    "repeated_substring": "a passage that stands, word for word, in an earlier document or earlier in this one",
}
REFINED = {
    "drop_document": "the document's own program says so",
    "no_decision": "the document's own program has no call that counts, and the settings want one",
    "little_left": "the programs leave too small a share of its words",
    "too_short": "the programs leave too few words",
}
BY_STAGE = {
    "ingest": LOSSES,
    "dedup_exact": DUPLICATES,
    "dedup_minhash": DUPLICATES,
    "dedup_bloom": DEDUPLICATED,
    "execute": REFINED,
}


def meaning(stage: str, reason: str) -> str:
    """The sentence of a reason of a stage; empty where it has none, as a step of a recipe."""
    if reason == "failed":
        return LOSSES[reason]
    return BY_STAGE.get(stage, {}).get(reason, "")
