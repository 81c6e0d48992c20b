"""English words and sentences as datatrove counts them, compiled; `udfs.text.english` defines them."""
