"""Ingest: crawl files -> documents, with every loss as a row.

Reads the files of a batch, one task a file, and makes a document of each page that has text. Formats, field maps,
extraction and limits are settings of `udfs/crawl/pages.py`; which files are the input is said here.
"""

from pydantic import Field
from pyspark.sql import DataFrame
from pyspark.sql.types import StructField, StructType

from jobs.catalog import TABLES
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.progress import BatchSettings
from jobs.runtime.stage import Workspace
from jobs.runtime.table import Rows
from udfs.columns.crawl import read_files
from udfs.crawl.common_crawl import CrawlSettings, sample_crawl
from udfs.crawl.files import FileError, InputFile, list_files, read_manifest, redacted
from udfs.crawl.pages import PageSettings
from udfs.settings import Section

WRITES = ("documents", "files", "losses")


class IngestSettings(Section):
    """What is read, and how."""

    input: tuple[str, ...] = Field((), description="files, globs or folders to read; archives, JSONL or Parquet")
    manifest: tuple[str, ...] = Field((), description="text files with one path or URL a line, to read these")
    common_crawl: tuple[CrawlSettings, ...] = Field((), description="crawls of Common Crawl to sample files from")
    batches: BatchSettings = BatchSettings()
    pages: PageSettings = PageSettings()


def find_input(settings: IngestSettings) -> list[InputFile]:
    """The input files that the settings name, each once, by path. Raises CorpusmillError where a name leads to
    nothing."""
    download = settings.pages.download
    try:
        found = [file for pattern in settings.input for file in list_files(pattern, download)]
        found += [file for manifest in settings.manifest for file in read_manifest(manifest, download)]
        found += [file for crawl in settings.common_crawl for file in sample_crawl(crawl, download)]
    except (ValueError, FileError) as error:
        raise CorpusmillError(str(error)) from None
    secret = next((file.path for file in found if redacted(file.path) != file.path), None)
    if secret:
        raise CorpusmillError(
            f"found credentials in {redacted(secret)}, expected none, because paths are stored in the tables; "
            "use s3:// and the like with the machine's own credentials, or download the files first."
        )
    return sorted({file.path: file for file in found}.values())


def ingest(files: DataFrame, settings: IngestSettings, work: Workspace) -> dict[str, Rows]:
    """Files of a batch (batch, crawl, path, bytes), one in each partition -> rows of each table of WRITES."""
    schema = StructType([StructField(name, TABLES[name].schema) for name in WRITES])
    wanted = files.select("path", "bytes", "crawl", "batch")
    return work.fill("pages", wanted, read_files(settings.pages, schema), schema)


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("ingest")
