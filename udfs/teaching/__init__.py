"""Labels by a large language model: what it is asked about a text, what its answers say, and tables made of them."""
