"""Programs that models write about documents: the language, its executor, and the chunks and prompts it needs."""
