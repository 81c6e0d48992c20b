"""Windows and counts of tokens: cutting a text into pieces changes neither."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from udfs.models.tokens import load_tokenizer, pieces, window

TINY = Path(__file__).parents[2] / "tests/data/tiny-rater"
WORDS = ["the", "of", "crawl", "wheat,", "engine;", "42", "(law)", "Market", "naïve", "数据", "[SEP]", "\n", "…"]


@settings(deadline=None)
@given(st.lists(st.sampled_from(WORDS), max_size=80), st.integers(20, 60))
def test_pieces_change_neither_count_nor_window(words: list[str], piece_chars: int) -> None:
    """Oracle: the undivided text through the tokenizer."""
    tokenizer, text = load_tokenizer(TINY / "tokenizer.json"), " ".join(words)
    whole = tokenizer.encode(text, add_special_tokens=False).ids
    found = window(tokenizer, text, head=7, tail=4, piece_chars=piece_chars)
    assert found.tokens == len(whole)
    assert found.ids == (whole if len(whole) <= 11 else whole[:7] + whole[-4:])
    assert 3 not in found.ids  # a [SEP] that a page wrote is no separator


@settings(deadline=None)
@given(st.text(max_size=200), st.integers(1, 50))
def test_pieces_are_the_text(text: str, piece_chars: int) -> None:
    cut = list(pieces(text, piece_chars))
    assert "".join(cut) == text
    assert all(len(piece) <= piece_chars for piece in cut)
