"""A small model that says of every line of a text whether it stays: what it is shown, and how it is asked."""
