"""Parts of `tests.make_trained_decoder`: examples, tokenizer, training and measures of the trained tiny decoder."""
