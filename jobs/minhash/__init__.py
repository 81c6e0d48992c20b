"""The parts of `jobs/dedup_minhash.py`: buckets, pairs, keepers and alarms."""
