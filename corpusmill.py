"""corpusmill in a notebook. `import corpusmill`, then

`corpusmill.open_lake("s3://bucket/lake", spark)` makes the tables of a lake and the views over them known to SQL, and
`corpusmill.register(spark)` makes its models SQL functions. Everything else is the command `corpusmill` and the
packages `jobs` and `udfs`.
"""

from jobs.functions import register
from jobs.notebooks.opening import OpenLake, open_lake
from udfs import __version__

__all__ = ["OpenLake", "__version__", "open_lake", "register"]
