"""Reading crawls: files, records, HTML, charsets, URLs."""
