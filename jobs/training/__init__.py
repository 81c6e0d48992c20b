"""Parts of `jobs/train_rater.py`: the rated texts, the encoder, the heads, manifest and card."""
