"""Everything that runs on an executor. A module is a noun; only `udfs/columns/` knows Spark."""

__version__ = "0.1.0"
