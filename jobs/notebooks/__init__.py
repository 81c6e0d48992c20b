"""What the notebooks in notebooks/ need: they call these functions and SQL, and hold no logic of their own.

`opening.py` opens a lake; `tour.py`, `programs.py`, `dedup.py` and `thresholds.py` each belong to a notebook;
`shown.py` has plots and texts. Numbers are made in Spark; what comes to the notebook are a few rows.
"""
