"""The Spark surface: functions for `mapInArrow` and pandas UDFs, each one Arrow crossing of a stage.

The one package here that knows Spark or pandas, a module for each kind of stage. Each function takes plain, frozen
settings, so that what travels in a closure is small and has no handle in it; models are loaded inside, once for each
worker. Rows leave in batches bounded in bytes.
"""
