"""Review: documents with their programs, for a person at a terminal."""
