"""Keys and signatures by which documents are compared."""
