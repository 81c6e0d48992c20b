"""corpusmill in a notebook: `import corpusmill; corpusmill.register(spark)` makes its models SQL functions.

Everything else is the command `corpusmill` and the packages `jobs` and `udfs`.
"""

from jobs.functions import register
from udfs import __version__

__all__ = ["__version__", "register"]
