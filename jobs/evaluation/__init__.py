"""Parts of `jobs/evaluate_models.py`: truth, what models say to it, metrics and their intervals, table and page."""
