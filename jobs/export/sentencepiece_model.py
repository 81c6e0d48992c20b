"""A SentencePiece model of the BPE kind as `tokenizer.json`.

transformers 5 loses the scores of the pieces on the way, so that runs of blanks come out otherwise than SentencePiece
cuts them, and it puts no blank before a text that begins with one. A page's indented lines are full of such places.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jobs.export.refusal import Refused

_BLANK = "▁"


def load_pieces(path: Path) -> Any:
    """The `SentencePieceProcessor` of a model. Raises Refused where the file is none."""
    import sentencepiece

    try:
        return sentencepiece.SentencePieceProcessor(model_proto=path.read_bytes())
    except (OSError, RuntimeError):
        raise Refused(f"{path} is no SentencePiece model; copy it anew from where the checkpoint comes from.") from None


def convert(path: Path, target: Path, *, adds_begin: bool) -> None:
    """Write the model as `tokenizer.json`, special tokens as the model has them; `adds_begin`: put `<s>` before a text.

    Right for BPE with a blank put before the text and no other normalisation, as Llama has it; for others the caller
    has to compare. Raises Refused where the file is no model.
    """
    from tokenizers import Tokenizer, decoders, models, normalizers, processors

    pieces = load_pieces(path)
    texts = [pieces.id_to_piece(index) for index in range(pieces.get_piece_size())]
    special = [text for index, text in enumerate(texts) if pieces.is_control(index) or pieces.is_unknown(index)]
    bytes_are_pieces = any(pieces.is_byte(index) for index in range(len(texts)))
    vocabulary = {text: index for index, text in enumerate(texts)}
    unknown = texts[pieces.unk_id()]
    model = models.BPE(vocabulary, _merges(pieces, vocabulary), unk_token=unknown, fuse_unk=True)
    model.byte_fallback = bytes_are_pieces
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(_BLANK), normalizers.Replace(" ", _BLANK)])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace(_BLANK, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    )
    tokenizer.add_special_tokens(special)
    if adds_begin and pieces.bos_id() >= 0:
        begin = texts[pieces.bos_id()]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{begin} $A", pair=f"{begin} $A {begin} $B", special_tokens=[(begin, pieces.bos_id())]
        )
    tokenizer.save(str(target))


def _merges(pieces: Any, vocabulary: dict[str, int]) -> list[tuple[str, str]]:
    """All pairs of pieces that make a piece, in the order in which they are merged: the best piece first, then by the
    ids of the two."""
    ordinary = [text for text, index in vocabulary.items() if not _is_special(pieces, index)]
    best_first = sorted(ordinary, key=lambda text: -pieces.get_score(vocabulary[text]))
    return [
        pair
        for text in best_first
        for pair in sorted(_pairs(text, vocabulary), key=lambda pair: _ids(pair, vocabulary))
    ]


def _pairs(text: str, vocabulary: dict[str, int]) -> Iterator[tuple[str, str]]:
    cuts = ((text[:place], text[place:]) for place in range(1, len(text)))
    return ((left, right) for left, right in cuts if left in vocabulary and right in vocabulary)


def _ids(pair: tuple[str, str], vocabulary: dict[str, int]) -> tuple[int, int]:
    return vocabulary[pair[0]], vocabulary[pair[1]]


def _is_special(pieces: Any, index: int) -> bool:
    return bool(pieces.is_control(index) or pieces.is_unknown(index) or pieces.is_byte(index))
