"""Judging: a person says keep or drop of documents near a threshold, and how far rules and models agree with that."""
