"""Compiled twins of what `udfs.dedup` defines in plain Python, over Arrow's buffers; tests hold the two equal."""
