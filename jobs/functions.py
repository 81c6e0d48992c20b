"""Models as SQL functions, for questions that are asked by hand: `corpusmill.register(spark)`, then
`SELECT cm_domain(text), count(*) FROM documents GROUP BY ALL`.

cm_rate      a struct: domain, the 14 scores, edu, format, confidence, tokens; `error` where a text cannot be rated
cm_domain    its domain
cm_quality   its overall score, 1 to 5
cm_programs  what the proposer writes about it
cm_refine    what its programs leave of it; null where they drop it
"""

from collections.abc import Mapping

from pyspark.sql import SparkSession

from jobs import proposers
from jobs.proposers import ProposeSettings, proposing
from jobs.rate import RateSettings, check_model, raters_of
from jobs.rate import models_of as models_of_raters
from jobs.runtime.errors import CorpusmillError
from jobs.runtime.models import hand_over
from udfs.columns.functions import programs_function, rate_function, rating_field, refine_function
from udfs.programs.refining import ExecuteSettings

MODELS = ("rate", "document", "chunk")


def register(
    spark: SparkSession, models: Mapping[str, str] | None = None, *, device: str = "cpu", threads: int = 1
) -> tuple[str, ...]:
    """Make the functions known to SQL in this session; their names.

    models: folders or URLs: `rate` (a rater; the shipped one if not given), `document` and `chunk` (refiners; rules
    about lines write the programs if neither is given). device, threads: how models run on an executor.
    Raises CorpusmillError for a name or a model that is none.
    """
    given = dict(models or {})
    for name in given:
        if name not in MODELS:
            raise CorpusmillError(f"models: found {name!r}, expected {', '.join(MODELS)}; correct the name.")
    run = {"device": device, "threads": threads}
    rating = RateSettings.model_validate({"model": given["rate"], **run} if "rate" in given else run)
    check_model(rating)
    asking = _asking(given, run)
    proposers.check(asking)
    hand_over(spark, [*models_of_raters(rating), *proposers.models_of(asking)])
    raters, asked = raters_of(rating), proposing(asking).open
    functions = {
        "cm_rate": rate_function(raters),
        "cm_domain": rating_field(raters, "domain"),
        "cm_quality": rating_field(raters, "overall_score"),
        "cm_programs": programs_function(asked),
        "cm_refine": refine_function(asked, ExecuteSettings()),
    }
    for name, function in functions.items():
        spark.udf.register(name, function)
    return tuple(functions)


def _asking(given: Mapping[str, str], run: Mapping[str, object]) -> ProposeSettings:
    refiners = {f"{level}_model": given[level] for level in ("document", "chunk") if level in given}
    if not refiners:
        return ProposeSettings(proposer="rules")
    levels = "both" if len(refiners) == 2 else next(level for level in ("document", "chunk") if level in given)
    return ProposeSettings.model_validate({"proposer": "model", "levels": levels, "model": {**refiners, **run}})
