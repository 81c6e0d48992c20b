"""The pipeline on one page: from crawl files to an annotated corpus.

    input files -> [ingest]      -> documents, files, losses   pages' main text; what files held; what was lost, why
                -> [screen]      -> screened                   signals, edits, and a verdict with its reason
                -> [dedup_exact] -> duplicates                 of each URL and each text the oldest, over all crawls
                -> [sign]        -> signatures                 MinHash: what a text is compared by
                -> [dedup_minhash] -> duplicates, bands        of near-duplicates one is kept, over all crawls
                -> [dedup_substring] -> repeats                passages that occur twice, word for word (off by default)
                -> [dedup_bloom] -> deduplicated, bloom_shards  texts without paragraphs that were seen before
                -> [propose]     -> programs, losses           what is written about texts: by rules, a model, or before
                -> [execute]     -> refined                    texts after their programs
                -> [rate]        -> ratings                    14 criteria, domain, edu, format, by an ONNX model
                -> [publish]     -> corpus                     partitioned by domain and quality

Work goes batch by batch; `progress` notes each commit. `jobs/catalog/` describes the tables, `jobs/runtime/` is the
machinery. Run it as `corpusmill run`, `python -m jobs.pipeline run`, or
`spark-submit --py-files dist/corpusmill-*.zip jobs/pipeline.py run`.
"""

from typing import Self

from pydantic import Field, model_validator

from jobs import dedup_bloom as bloom
from jobs import dedup_minhash as near_duplicates
from jobs import proposers
from jobs import publish as publishing
from jobs.audit import AuditSettings
from jobs.dedup_bloom import DedupBloomSettings, dedup_bloom
from jobs.dedup_exact import DedupExactSettings, dedup_exact
from jobs.dedup_minhash import dedup_minhash
from jobs.dedup_substring import dedup_substring
from jobs.execute import execute
from jobs.ingest import WRITES, IngestSettings, ingest
from jobs.minhash.settings import DedupMinhashSettings
from jobs.propose import propose
from jobs.proposers import ProposeSettings
from jobs.publish import PublishSettings, publish
from jobs.rate import RateSettings, digests_of, models_of, rate
from jobs.reporting.settings import ReportSettings
from jobs.runtime.commit import RunSettings
from jobs.runtime.session import SparkSettings
from jobs.runtime.stage import Stage, is_enabled, nothing
from jobs.screen import assets_of, screen
from jobs.sign import SignSettings, sign
from udfs.dedup.substrings import SubstringSettings
from udfs.programs.refining import ExecuteSettings
from udfs.settings import Section
from udfs.text.screening import ScreenSettings

STAGES = (
    Stage(
        "ingest",
        reads=("batches",),
        writes=WRITES,
        transform=ingest,
        rules=("jobs.ingest", "udfs.crawl.pages"),
        unkeyed=("input", "manifest", "common_crawl", "batches", "pages.download"),
        needs_workspace=True,
    ),
    Stage(
        "screen",
        reads=("documents",),
        writes=("screened",),
        transform=screen,
        rules=("jobs.screen", "udfs.text.screener"),
        assets=assets_of,
        unkeyed=("recipe", "source", "lists", "mode"),  # the rules are what they made
    ),
    Stage(
        "dedup_exact",
        reads=("screened",),
        history=("duplicates",),
        writes=("duplicates",),
        transform=dedup_exact,
        rules=("jobs.dedup_exact", "udfs.crawl.urls"),
        session_conf=nothing,
    ),
    Stage(
        "sign",
        reads=("screened", "duplicates"),
        writes=("signatures",),
        transform=sign,
        rules=("jobs.sign", "udfs.dedup.signer"),
        is_on=is_enabled,
    ),
    Stage(
        "dedup_minhash",
        reads=("signatures", "duplicates"),
        history=("signatures", "bands", "duplicates"),
        writes=("duplicates", "bands"),
        transform=dedup_minhash,
        rules=(
            "jobs.dedup_minhash",
            "jobs.minhash.buckets",
            "jobs.minhash.keepers",
            "jobs.minhash.one_task",
            "jobs.minhash.rounds",
            "jobs.components",
            "udfs.columns.linking",
            "udfs.columns.stored_rows",
            "udfs.dedup.similarity",
        ),
        unkeyed=("alarms", "components", "verify.one_task_keys"),
        session_conf=near_duplicates.session_conf,
        is_on=is_enabled,
        needs_workspace=True,
    ),
    Stage(
        "dedup_substring",
        reads=("screened", "duplicates"),
        writes=("repeats",),
        transform=dedup_substring,
        rules=("jobs.dedup_substring", "udfs.dedup.kernels.windows"),
        session_conf=nothing,
        is_on=is_enabled,
    ),
    Stage(
        "dedup_bloom",
        reads=("screened", "repeats", "duplicates"),
        history=("bloom_shards",),
        writes=("deduplicated", "bloom_shards"),
        transform=dedup_bloom,
        rules=("jobs.dedup_bloom", "udfs.dedup.deduper", "udfs.dedup.bloom_global"),
        assets=bloom.assets_of,
        unkeyed=("memory_bytes", "prime"),
        needs_workspace=True,
    ),
    Stage(
        "propose",
        reads=("deduplicated",),
        remembers=("programs",),
        writes=("programs", "losses"),
        transform=propose,
        rules=(
            "jobs.propose",
            "jobs.recorded_programs",
            "udfs.programs.asking",
            "udfs.programs.line_rules",
            "udfs.programs.recorded",
            "udfs.programs.refiners",
            "udfs.programs.tagging.proposing",
        ),
        assets=proposers.assets_of,
        models=proposers.models_of,
        unkeyed=proposers.UNKEYED,
        is_on=proposers.is_on,
        needs_workspace=True,
    ),
    Stage(
        "execute",
        reads=("programs", "deduplicated"),
        writes=("refined",),
        transform=execute,
        rules=("jobs.execute", "udfs.programs.refining"),
    ),
    Stage(
        "rate",
        reads=("refined",),
        writes=("ratings",),
        transform=rate,
        rules=("jobs.rate", "udfs.models.raters"),
        assets=digests_of,
        models=models_of,
        unkeyed=("model", "by_language", "threads", "gpus", "cache"),
    ),
    Stage(
        "publish",
        reads=("refined", "ratings"),
        writes=("corpus",),
        transform=publish,
        rules=("jobs.publish",),
        session_conf=publishing.session_conf,
    ),
)


class Settings(Section):
    """Everything that can be set, a section for each stage and each part of the machinery. `conf/local.yaml` shows
    every key."""

    lake: str = Field("lake", description="folder or URI of the tables")
    metastore_schema: str = Field(
        "", description="catalog.schema of a metastore to register the tables in, instead of `lake`"
    )
    spark: SparkSettings = SparkSettings()
    run: RunSettings = RunSettings()
    ingest: IngestSettings = IngestSettings()
    screen: ScreenSettings = ScreenSettings()
    dedup_exact: DedupExactSettings = DedupExactSettings()
    sign: SignSettings = SignSettings()
    dedup_minhash: DedupMinhashSettings = DedupMinhashSettings()
    dedup_substring: SubstringSettings = SubstringSettings()
    dedup_bloom: DedupBloomSettings = DedupBloomSettings()
    propose: ProposeSettings = ProposeSettings()
    execute: ExecuteSettings = ExecuteSettings()
    rate: RateSettings = RateSettings()
    publish: PublishSettings = PublishSettings()
    audit: AuditSettings = AuditSettings()
    report: ReportSettings = ReportSettings()

    @model_validator(mode="after")
    def _dedup_minhash_has_what_it_compares(self) -> Self:
        if self.dedup_minhash.enabled and not self.sign.enabled:
            raise ValueError(
                "found dedup_minhash.enabled without sign.enabled, expected signatures to compare; set both or neither"
            )
        if self.dedup_minhash.verify.by == "shingles" and not self.sign.keep_shingles:
            raise ValueError(
                "found dedup_minhash.verify.by: shingles without sign.keep_shingles, expected shingles to compare; set "
                "sign.keep_shingles: true"
            )
        return self


if __name__ == "__main__":
    from jobs.runtime.cli import main

    main()
