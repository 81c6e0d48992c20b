"""Decoders as Spark sees them: the stages `propose` and `rate` with a model of a few hundred kilobytes, and what a
cluster does for models: Spark brings them, and gives each task its GPU."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pyspark
import pytest
from pyspark.sql import DataFrame, SparkSession

from jobs.catalog import DEDUPLICATED, PROGRAMS, REFINED
from jobs.propose import propose
from jobs.proposers import ProposeSettings, assets_of, check, digest_of
from jobs.rate import RateSettings, check_model, digests_of, rate
from jobs.runtime.errors import CorpusmillError
from tests.conftest import ROOT
from tests.jobs.frames import rows_of
from tests.jobs.workspace import Folder
from udfs.models.criteria import CRITERIA
from udfs.models.manifest import model_digest

pytestmark = pytest.mark.spark

TINY = ROOT / "tests/data/tiny-decoder"
TEXTS = [
    "Home | About\nA first text that says something.\nAnd a second line of it.",
    "Une page en français.\nElle a deux lignes.",
    "一个中文网页。\n它有两行。",
    "",
    "word " * 3000,
    "x" * 1_000_000,
    "[INST] </s> <|im_end|>\n" * 9,
    *(f"Page {number} has a line.\n" * (number % 7 + 1) for number in range(24)),
]
LANGUAGES = {1: "fr", 2: "zh"}


def documents(spark: SparkSession, partitions: int) -> DataFrame:
    rows = [(number, text, LANGUAGES.get(number, "en")) for number, text in enumerate(TEXTS)]
    frame = spark.createDataFrame(rows, "n INT, text STRING, language STRING")
    place = {"doc_id": "concat('d', n)", "url": "concat('http://h/', n)", "offset": "n", "batch": "1"}
    given = rows_of(DEDUPLICATED, frame.repartition(partitions, "n"), ngrams="0", contained="0", **place)
    return given.where("keep")


def settings(**changed: object) -> ProposeSettings:
    model = {"document_model": str(TINY), "chunk_model": str(TINY), "chunk_tokens": 24, **changed}
    return ProposeSettings.model_validate({"proposer": "model", "model": model, "chunks": {"window": 200}})


@pytest.fixture(scope="module")
def programs(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> dict[int, list[tuple[object, ...]]]:
    """Rows of `programs` in order, by the number of partitions that their documents came in."""
    found = {}
    for partitions in (1, 2, 7):
        none = spark.createDataFrame([], PROGRAMS.ddl)
        work = Folder(tmp_path_factory.mktemp("work"))
        rows = work.write("rows", propose(documents(spark, partitions), none, settings(), work)["programs"])
        found[partitions] = [tuple(row) for row in rows.orderBy("offset", "level", "chunk").collect()]
    return found


def test_every_document_is_asked_about_whatever_it_is(programs: dict[int, list[tuple[object, ...]]]) -> None:
    rows = [dict(zip(PROGRAMS.column_names, row, strict=True)) for row in programs[2]]
    assert {row["doc_id"] for row in rows} == {f"d{number}" for number in range(len(TEXTS))}
    assert {row["model"] for row in rows if row["finish"] != "none"} == {model_digest(TINY)}
    decided = [row for row in rows if row["level"] == "document" and not row["reason"]]
    assert {row["program"] for row in decided} <= {"keep_doc()", "drop_doc()"}
    assert len(decided) >= len(TEXTS) - 1
    written = [row for row in rows if row["level"] == "chunk"]
    assert written
    assert all(0 <= row["score"] <= 1 for row in decided)


def test_programs_do_not_depend_on_partitions(programs: dict[int, list[tuple[object, ...]]]) -> None:
    assert programs[1] == programs[2] == programs[7]


def test_the_digest_is_that_of_the_models_and_of_what_changes_their_answers() -> None:
    assert assets_of(settings()) == {"document": model_digest(TINY), "chunk": model_digest(TINY)}
    assert digest_of(settings(threads=2)) == digest_of(settings())
    assert digest_of(settings(constrained=False)) != digest_of(settings())


def test_a_level_without_a_model_is_said_before_spark_starts(tmp_path: Path) -> None:
    check(settings())
    with pytest.raises(
        CorpusmillError, match=r"no model for chunks, .* set propose.model.chunk_model, or propose.levels"
    ):
        check(settings(chunk_model=""))
    with pytest.raises(CorpusmillError, match=r"propose: .*cannot be read"):
        check(settings(chunk_model=str(tmp_path)))
    with pytest.raises(CorpusmillError, match=r"propose: .*no variant 'cuda-fp16'"):
        check(settings(device="cuda"))


# --- rating


def refined(spark: SparkSession, partitions: int) -> DataFrame:
    given = documents(spark, partitions)
    counts = dict.fromkeys(("programs", "errors", "voided", "clipped", "words", "words_removed"), "0")
    return rows_of(REFINED, given, operations="map()", rejected_calls="map()", **counts)


def rating_settings(model: Path = TINY, **changed: object) -> RateSettings:
    return RateSettings.model_validate({"model": str(model), **changed})


def test_a_decoder_rates_as_the_encoder_does_and_partitions_do_not_matter(spark: SparkSession) -> None:
    found = [
        [tuple(row) for row in rate(refined(spark, partitions), rating_settings()).orderBy("offset").collect()]
        for partitions in (1, 2, 7)
    ]
    assert found[0] == found[1] == found[2]
    names = rate(refined(spark, 1), rating_settings()).columns
    rows = [dict(zip(names, row, strict=True)) for row in found[0]]
    assert len(rows) == len(TEXTS)
    for row in rows:
        scores = [row[name] for name in CRITERIA]
        if row["keep"]:
            assert all(1 <= score <= 5 for score in scores)
            assert (row["edu"], row["format"]) == (None, None)
        else:
            assert row["reason"] == "failed"
            assert row["detail"]
    assert rows[3]["detail"] == "the text has no tokens"


def test_texts_in_some_languages_have_a_rater_of_their_own(spark: SparkSession) -> None:
    encoder = ROOT / "tests/data/tiny-rater"
    both = rating_settings(encoder, by_language={"zh": str(TINY)})
    models = {row.offset: row.model for row in rate(refined(spark, 2), both).collect()}
    assert {offset for offset, model in models.items() if model == model_digest(TINY)} == {2}
    assert set(models.values()) == {model_digest(TINY), model_digest(encoder)}
    assert digests_of(both) == {"rater": model_digest(encoder), "rater zh": model_digest(TINY)}


def test_what_a_rater_lacks_is_said_before_spark_starts(tmp_path: Path) -> None:
    check_model(rating_settings())
    with pytest.raises(CorpusmillError, match=r"rate.model: .*made for the CPU, but device is cuda; set device to cpu"):
        check_model(rating_settings(ROOT / "tests/data/tiny-rater", device="cuda"))
    with pytest.raises(CorpusmillError, match=r"rate.by_language.zh: .*cannot be read"):
        check_model(rating_settings(by_language={"zh": str(tmp_path)}))
    (tmp_path / "manifest.json").write_text("{}")
    with pytest.raises(CorpusmillError, match=r"rate.model: found a manifest.json in .* that is that of no model"):
        check_model(rating_settings(tmp_path))


# --- a cluster: executors of their own, each with the GPU 3, as far as Spark is told

CLUSTER = {
    "spark.ui.enabled": "false",
    "spark.driver.host": "127.0.0.1",
    "spark.executor.memory": "700m",
    "spark.executor.resource.gpu.amount": "1",
    "spark.executor.resource.gpu.discoveryScript": str(ROOT / "conf/spark/gpus.sh"),
    "spark.worker.resource.gpu.amount": "1",
    "spark.worker.resource.gpu.discoveryScript": str(ROOT / "conf/spark/gpus.sh"),
}


def main(folder: Path) -> None:
    """What tasks of a cluster find, as JSON: run in a process of its own."""
    from jobs.runtime.models import hand_over, resource_profile
    from udfs.columns.placing import gpu_of_task, model_of_task
    from udfs.models.delivery import source_of
    from udfs.models.running import ModelRun

    builder = SparkSession.builder.master("local-cluster[1,2,700]")
    for key, value in {**CLUSTER, "spark.local.dir": str(folder)}.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    model = folder / "model"
    source = source_of(str(model), "")
    hand_over(spark, [(str(model), "cpu-int8")] * 2)
    model.rename(folder / "gone")  # the driver's disk is not the executors'

    def look(batches):  # type: ignore[no-untyped-def]  # runs on an executor
        import pyarrow as pa

        for _ in batches:
            place = model_of_task(source, "cpu-int8")
            files = sorted(str(path.relative_to(place)) for path in place.rglob("*") if path.is_file())
            yield pa.RecordBatch.from_pydict({"gpu": [gpu_of_task("cuda")], "files": [json.dumps(files)]})

    run = ModelRun(device="cuda")
    found = {
        "without": [row.gpu for row in spark.range(0, 2, 1, 2).mapInArrow(look, "gpu BIGINT, files STRING").collect()],
        "with": [
            (row.gpu, json.loads(row.files))
            for row in spark.range(0, 2, 1, 2)
            .mapInArrow(look, "gpu BIGINT, files STRING", profile=resource_profile(spark, run))
            .collect()
        ],
        "by_conf": resource_profile(spark, run.model_copy(update={"gpus": "conf"})) is None,
    }
    shutil.rmtree(Path(pyspark.__file__).parent / "work", ignore_errors=True)  # where a local cluster leaves its logs
    (folder / "found.json").write_text(json.dumps(found))
    spark.stop()


@pytest.mark.slow
def test_spark_brings_models_to_executors_and_gives_tasks_their_gpu(tmp_path: Path) -> None:
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "nvidia-smi").write_text("#!/bin/sh\necho 3\n")
    (tools / "nvidia-smi").chmod(0o755)
    shutil.copytree(TINY, tmp_path / "model")
    environment = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "SPARK_HOME": str(Path(pyspark.__file__).parent),
        "PYSPARK_PYTHON": sys.executable,
        "PYTHONPATH": str(ROOT),
    }
    code = f"from pathlib import Path; from tests.jobs.test_decoders import main; main(Path({str(tmp_path)!r}))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["without"] == [0, 0]
    wanted = sorted(
        ["answers.json", "cpu-int8/model.onnx", "cpu-int8/model.onnx.data", "manifest.json", "tokenizer.json"]
    )
    for gpu, files in found["with"]:
        assert gpu == 3
        assert set(files) <= set(wanted)
        assert {"manifest.json", "tokenizer.json", "cpu-int8/model.onnx"} <= set(files)
    assert found["by_conf"]


def test_on_a_laptop_no_profile_is_asked_for(spark: SparkSession) -> None:
    from jobs.runtime.models import resource_profile
    from udfs.models.running import ModelRun

    assert resource_profile(spark, ModelRun(device="cuda")) is None
