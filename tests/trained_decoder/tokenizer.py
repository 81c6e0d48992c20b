"""The tokenizer of the trained tiny decoder: byte-level BPE with the special tokens of both formats.

Digits, square brackets and newlines stand alone, so that a line's number is the same tokens in a prompt and in an
answer, and lines end at tokens.
"""

from collections.abc import Iterable
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

VOCABULARY = 4096  # its embedding is kept as float32 in the graph and is half of the file
BOS, EOS, TURN, TURN_END, PAD = "<s>", "</s>", "<|im_start|>", "<|im_end|>", "<|endoftext|>"
NEWLINE = "Ċ"  # as byte-level BPE writes it
SPECIAL = (PAD, BOS, EOS, TURN, TURN_END)

_PIECE = r"\n|[0-9]|[\[\]]| ?\p{L}+| ?[^\s\p{L}\p{N}\[\]]+|\p{N}|[^\S\n]+(?=\S)|[^\S\n]+"


def train_tokenizer(texts: Iterable[str], path: Path) -> Tokenizer:
    """Learn VOCABULARY tokens from `texts` and write `tokenizer.json`; the same texts give the same file."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(_PIECE), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=list(SPECIAL),
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    tokenizer.save(str(path), pretty=False)
    return tokenizer
