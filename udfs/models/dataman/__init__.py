"""DataMan's raters (arXiv 2502.19363): decoders that answer a request with a domain's letter and 14 scores."""
