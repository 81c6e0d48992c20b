"""How long a text is, in words, for scripts with and without spaces between words."""

from udfs.text.scripts import UNSPACED


def words(text: str) -> int:
    """Words between white space, where each character of a script without spaces is a word of its own."""
    if text.isascii():
        return len(text.split())
    spaced, characters = UNSPACED.subn(" ", text)
    return characters + len(spaced.split())
