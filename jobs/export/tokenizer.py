"""`tokenizer.json` for a model folder: the checkpoint's own, or one made from its SentencePiece model and held against
that.

Special tokens are never read out of a text here, as at run time (`udfs.models.tokens.load_tokenizer`).
"""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from jobs.export.checkpoint import Checkpoint
from jobs.export.refusal import Refused
from jobs.export.sentencepiece_model import convert, load_pieces
from udfs.models.decoder_manifest import Format
from udfs.models.manifest import TOKENIZER_FILE
from udfs.models.tokens import load_tokenizer

SENTENCEPIECE_FILE = "tokenizer.model"
_SETTINGS_FILE = "tokenizer_config.json"
_SOURCES = (TOKENIZER_FILE, SENTENCEPIECE_FILE, _SETTINGS_FILE, "special_tokens_map.json", "added_tokens.json")
_ALSO_STOP = {"dataman": ("<|endoftext|>", "<|im_end|>")}  # both, whatever config.json says

HARD_TEXTS = (
    "",
    " ",
    "a",
    "  two blanks in front, two at the end  ",
    "tab\tand\nlines\n\n\nand\r\nmore\r",
    "[INST] <<SYS>>\nsystem\n<</SYS>>\n\n[doc]\n[000]line\n[1000] line\n[/doc] [/INST]",
    "</s><s><unk><pad><|im_end|><|endoftext|>",
    "remove_lines(start=0, end=12)\nnormalize(source_str=\"http://a.b/c?x=1&y=2\", target_str='')",
    "▁ and ▁▁ as plain characters, <0x0A> too",
    "naïve café — “quotes” … ½ ﬁ ﬃ Å Å ǅ ß İ",
    "中文网页，没有空格。日本語のテキスト。한국어 문장",
    "العربية עברית हिन्दी ไทยไม่มีวรรค",
    "👩‍👩‍👧‍👦 🏳️‍🌈 🇩🇪 👍🏽",
    "\x00\x01\x7f\u200b\u200d\u2028\u2029\ufeff\ufffd\U0010ffff",
    "e\u0301 a\u0308\u0323 \u1112\u1161\u11ab",
    "1234567890 3.14159 1e-10 0x7fff 12:34:56 1,000,000",
    "=" * 300 + " " * 50 + "\n" * 20,
    "aAbB" * 100,
)
_MADE_UP_TEXTS = 300
_SIGNS = "ab cd\n\t.,:;()[]<>=\"'/\\_-09AZé中あ한ظ\u0301👍▁\u00a0\u3000"


class Tokenizing(NamedTuple):
    """What the manifest says of the tokenizer."""

    begin: tuple[int, ...]
    stop: tuple[int, ...]
    pad: int


def write_tokenizer(checkpoint: Checkpoint, target: Path) -> None:
    """Write `tokenizer.json` to `target`. Raises Refused where the checkpoint has no tokenizer that gives one."""
    source = checkpoint.folder / TOKENIZER_FILE
    pieces = checkpoint.folder / SENTENCEPIECE_FILE
    if source.exists():
        target.write_bytes(source.read_bytes())
    elif pieces.exists():
        convert(pieces, target, adds_begin=_setting(checkpoint.folder, "add_bos_token", default=True))
    else:
        raise Refused(
            f"{checkpoint.folder} has no tokenizer; expected {TOKENIZER_FILE} or {SENTENCEPIECE_FILE}, "
            "so copy it there from where the checkpoint comes from."
        )
    tokenizer = load_tokenizer(target)
    if pieces.exists():
        _refuse_difference(tokenizer, pieces)
    size = tokenizer.get_vocab_size(with_added_tokens=True)
    highest = max(tokenizer.get_vocab(with_added_tokens=True).values(), default=0)
    if highest >= checkpoint.vocabulary:
        raise Refused(
            f"the tokenizer of {checkpoint.folder} has {size:,} tokens up to {highest:,}, but the model knows "
            f"{checkpoint.config['vocab_size']:,}; restore the tokenizer that the checkpoint was trained with."
        )


def files_of_tokenizer(folder: Path) -> list[Path]:
    """The files of the checkpoint that say how it tokenises."""
    return [folder / name for name in _SOURCES if (folder / name).exists()]


def _refuse_difference(tokenizer: Any, pieces: Path) -> None:
    """Hold the tokenizer against SentencePiece itself. Raises Refused at the first text that they cut differently."""
    expected = load_pieces(pieces)
    for text in hard_texts():
        found = tokenizer.encode(text, add_special_tokens=False).ids
        if found != (wanted := expected.encode(text)):
            raise Refused(
                f"the tokenizer.json of {pieces.parent} cuts {text[:40]!r} into {found[:8]}, but {pieces.name} into "
                f"{wanted[:8]}; restore the tokenizer.json that belongs to it, or take it away to have one made."
            )


def hard_texts() -> list[str]:
    """Texts on which tokenizers are known to differ, and made-up ones."""
    chance = random.Random(7)  # noqa: S311 - reproducible texts, no secret
    made_up = ["".join(chance.choices(_SIGNS, k=chance.randrange(1, 80))) for _ in range(_MADE_UP_TEXTS)]
    return [*HARD_TEXTS, *made_up]


def tokens_of(checkpoint: Checkpoint, tokenizer_file: Path, format_: Format) -> Tokenizing:
    """The ids that begin a text, end an answer and fill a row up. Raises Refused where nothing ends an answer."""
    tokenizer = load_tokenizer(tokenizer_file)
    bare = tokenizer.encode("a", add_special_tokens=False).ids
    framed = tokenizer.encode("a", add_special_tokens=True).ids
    begin = framed[: len(framed) - len(bare)] if framed[len(framed) - len(bare) :] == bare else []
    if not begin and _setting(checkpoint.folder, "add_bos_token", default=False):
        begin = _ids(checkpoint, "bos_token_id")
    stop = {*_ids(checkpoint, "eos_token_id")}
    stop |= {found for name in _ALSO_STOP.get(format_, ()) if (found := tokenizer.token_to_id(name)) is not None}
    if not stop or max(stop) >= checkpoint.vocabulary:
        raise Refused(
            f"{checkpoint.folder} names {sorted(stop) or 'no token'} as the end of an answer, expected eos_token_id "
            "in config.json to name a token of its vocabulary; correct it."
        )
    pad = next((one for one in _ids(checkpoint, "pad_token_id") if one < checkpoint.vocabulary), 0)
    return Tokenizing(tuple(begin), tuple(sorted(stop)), pad)


def _ids(checkpoint: Checkpoint, key: str) -> list[int]:
    """Token ids that config.json and generation_config.json give for a key, in order."""
    found: list[int] = []
    for told in (checkpoint.config.get(key), checkpoint.generation.get(key)):
        values: Sequence[Any] = told if isinstance(told, list) else [told]
        found += [value for value in values if isinstance(value, int) and value >= 0 and value not in found]
    return found


def _setting(folder: Path, key: str, *, default: bool) -> bool:
    try:
        found = json.loads((folder / _SETTINGS_FILE).read_bytes()).get(key, default)
    except (OSError, ValueError, AttributeError):
        return default
    return found is True
