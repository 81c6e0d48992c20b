"""Execute: texts and the programs about them -> texts after their programs, as edits (ProX).

Reading and executing programs are pure functions (`udfs/programs/`), so another mode, guard or threshold costs no
inference. The rows of `refined` carry the text on, so the stage runs also where there are no programs.
"""

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from jobs.catalog import BATON_NAMES, POSITION, REFINED
from udfs.columns.refining import execute_programs
from udfs.programs.refining import ExecuteSettings

CARRIED = (*BATON_NAMES, "language")


def execute(programs: DataFrame, deduplicated: DataFrame, settings: ExecuteSettings) -> DataFrame:
    """Texts that `deduplicated` keeps, and the programs about them -> rows of `refined`, one for one."""
    written = programs.where("program != ''").groupBy(*POSITION).agg(F.array_sort(F.collect_list(_written())))
    texts = deduplicated.where("keep").select(*CARRIED, "text")
    return (
        texts.join(written.toDF(*POSITION, "written"), list(POSITION), "left")
        .select(*CARRIED, "written", "text")
        .mapInArrow(execute_programs(settings, CARRIED, REFINED.schema), REFINED.schema)
    )


def _written() -> Column:
    """A program as the executor takes it; those of the document come after those of its chunks, which are in order."""
    return F.struct("level", "chunk", "first_line", "last_line", "program", "score", "start", "end")


if __name__ == "__main__":
    from jobs.runtime.cli import main_of_stage

    main_of_stage("execute")
