"""The parts of `jobs/dedup_minhash.py`: one task for a small batch, rounds of joins for others, and alarms."""
