"""English words and sentences as datatrove counts them: the tokens and sentences of spaCy's blank English pipeline."""
