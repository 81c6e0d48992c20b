"""Settings of `dedup_minhash`."""

from typing import Literal

from pydantic import Field

from jobs.components import ComponentsSettings
from udfs.settings import Section


class VerifySettings(Section):
    """When two documents of a bucket are similar."""

    by: Literal["signatures", "shingles", "nothing"] = Field(
        "signatures",
        description="the estimate from their signatures; the exact Jaccard similarity of their shingles (needs "
        "sign.keep_shingles); or nothing: a shared band is enough",
    )
    similarity: float = Field(0.7, ge=0, le=1, description="at least this similar")
    representatives: int = Field(
        4, ge=1, le=100, description="documents of a bucket that others are compared with, one after another"
    )

    one_task_keys: int = Field(
        3_000_000,
        ge=0,
        description="a batch with at most so many band keys, a few hundred thousand documents, is linked and placed by "
        "one task, with 150 bytes of memory for each, which saves a small batch many small jobs",
    )

    @property
    def at_least(self) -> float:
        """The similarity from which two documents are linked."""
        return 0.0 if self.by == "nothing" else self.similarity


class AlarmSettings(Section):
    """What stops the stage before it commits, with the evidence."""

    cluster_documents: int = Field(100_000, ge=2, description="more documents of the batch than this in one cluster")
    source: Literal["host", "crawl", "file"] = Field("host", description="what a source is")
    source_loss_ratio: float = Field(0.95, ge=0, le=1, description="a source that loses more than this share")
    source_documents: int = Field(1000, ge=1, description="sources with fewer documents in the batch raise no alarm")


class DedupMinhashSettings(Section):
    """Which near-duplicates are found, and which of them is kept."""

    enabled: bool = Field(True, description="false keeps near-duplicates")
    verify: VerifySettings = VerifySettings()
    keep: Literal["oldest", "newest", "longest", "first", "none"] = Field(
        "oldest",
        description="which of a cluster's documents in a batch is kept: by date, by length, by place in the input, or "
        "none; a document of an earlier batch always wins",
    )
    prefer: tuple[str, ...] = Field((), description="crawls whose documents are kept before others', best first")
    alarms: AlarmSettings = AlarmSettings()
    components: ComponentsSettings = ComponentsSettings()
