"""Qwen2's tokenizer, made of the published ranks of its byte pairs. Not a test module."""

import base64
from functools import cache
from pathlib import Path
from typing import Any

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

PIECE = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
SPECIAL = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")  # 151643 and on


@cache
def qwen_tokenizer(ranks_file: Path) -> Any:
    """The tokenizer, with special tokens off in texts, as `udfs.models.tokens.load_tokenizer` leaves one."""
    lines = ranks_file.read_bytes().split(b"\n")
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines if line)}
    letters = byte_letters()
    written = {token: "".join(letters[byte] for byte in token) for token in ranks}
    # A token is made of two others; of several pairs the one whose parts have the lower ranks comes first.
    merges = [
        (written[left], written[right])
        for token in ranks
        for _, _, left, right in sorted(
            (ranks[token[:cut]], ranks[token[cut:]], token[:cut], token[cut:])
            for cut in range(1, len(token))
            if token[:cut] in ranks and token[cut:] in ranks
        )
    ]
    tokenizer = Tokenizer(models.BPE({written[token]: rank for token, rank in ranks.items()}, merges))
    tokenizer.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(PIECE), "isolated")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    tokenizer.encode_special_tokens = True
    return tokenizer


def byte_letters() -> dict[int, str]:
    """The printable character that stands for each byte in vocabularies of byte pairs, as GPT-2 has them."""
    plain = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    found = {byte: chr(byte) for byte in plain}
    others = (byte for byte in range(256) if byte not in found)
    return found | {byte: chr(0x100 + number) for number, byte in enumerate(others)}
