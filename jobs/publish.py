"""Publish: texts and ratings -> `corpus`, partitioned by domain and quality, in files of a size that training jobs
like."""

from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from jobs.catalog import CORPUS, POSITION
from jobs.runtime.stage import NOT_COMPILED
from udfs.settings import Section


class PublishSettings(Section):
    """The shape of the published table's files."""

    file_bytes: int = Field(
        256 << 20,
        ge=1 << 10,
        description="size of a file to aim at; what is left of a partition is one smaller file",
    )


def session_conf(settings: PublishSettings) -> dict[str, str]:
    """What Spark has to know to cut files to size: the REBALANCE hint splits and joins shuffle partitions around the
    advisory size."""
    return {
        **NOT_COMPILED,
        "spark.sql.adaptive.advisoryPartitionSizeInBytes": str(settings.file_bytes),
        "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    }


def publish(refined: DataFrame, ratings: DataFrame, settings: PublishSettings) -> DataFrame:
    """Texts of `refined` that were rated -> rows of `corpus`."""
    rated = ratings.where("keep").drop("keep", "reason", "detail", "expected", "model")
    texts = refined.where("keep").select(*POSITION, "language", "text")
    return (
        rated.join(texts, list(POSITION))
        .withColumn("quality", F.col("overall_score"))
        .select(*CORPUS.column_names)
        .hint("rebalance", "domain", "quality")
    )


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("publish")
