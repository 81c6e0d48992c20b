"""Reasons that stages give and that no rule of a recipe has: closed lists, each value with its sentence.

`docs/reasons.md` shows them all. Not here: the reasons of `losses` at ingest (`udfs.crawl.losses`), and those of
`screened`, which are the names of the recipe's steps (`conf/recipes`).
"""

from enum import StrEnum


class DuplicateReason(StrEnum):
    """Reasons of `duplicates`."""

    DUPLICATE_URL = "duplicate_url"  # an older version of the same address is kept, whatever its text
    DUPLICATE_TEXT = "duplicate_text"  # an older document has the same text, white space and case aside
    NEAR_DUPLICATE = "near_duplicate"  # a document that is nearly the same is kept, or none of them is by a setting


class Failure(StrEnum):
    """Reasons of any stage that mean "could not decide", not "the rules say no"."""

    FAILED = "failed"  # the stage met an error on this document; `detail` says which
