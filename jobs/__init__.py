"""What runs on the driver. A module is a verb; start reading at `jobs/pipeline.py`."""
