"""The pipeline on one page: from crawl files to an annotated corpus.

    input files -> [ingest]      -> documents, files, losses   pages' main text; what files held; what was lost, why
                -> [screen]      -> screened                   signals, edits, and a verdict with its reason
                -> [dedup_exact] -> duplicates                 of each URL and each text the oldest, over all crawls
                -> [rate]        -> ratings                    14 criteria, domain, edu, format, by an ONNX model
                -> [publish]     -> corpus                     partitioned by domain and quality

Work goes batch by batch; `progress` notes each commit. `jobs/catalog.py` describes the tables, `jobs/runtime/` is the
machinery. Run it as `corpusmill run`, `python -m jobs.pipeline run`, or
`spark-submit --py-files dist/corpusmill-*.zip jobs/pipeline.py run`.
"""

from pydantic import Field

from jobs import publish as publishing
from jobs.dedup_exact import DedupExactSettings, dedup_exact
from jobs.ingest import WRITES, IngestSettings, ingest
from jobs.publish import PublishSettings, publish
from jobs.rate import RateSettings, model_of, rate
from jobs.runtime.commit import RunSettings
from jobs.runtime.session import SparkSettings
from jobs.runtime.stage import Stage
from jobs.screen import assets_of, screen
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
    ),
    Stage(
        "rate",
        reads=("screened", "duplicates"),
        writes=("ratings",),
        transform=rate,
        rules=("jobs.rate", "udfs.models.rater"),
        assets=model_of,
        unkeyed=("model", "threads"),
    ),
    Stage(
        "publish",
        reads=("screened", "ratings"),
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
    rate: RateSettings = RateSettings()
    publish: PublishSettings = PublishSettings()


if __name__ == "__main__":
    from jobs.runtime.cli import main

    main()
