"""What is counted of a line, in plain Python: the definition of `udfs.text.kernels.line_facts`.

Lines are what newlines separate. A token is a run of letters and digits, a character of a script without spaces, or one
other visible character; it stands for itself in lower case, with 0 for every digit.
"""

from collections.abc import Iterator

from udfs.text.kernels.characters import UNEVEN
from udfs.text.scripts import UNSPACED

FACTS = (
    "chars",
    "letters",
    "upper",  # letters
    "digits",
    "spaces",  # white space
    "words",  # tokens with a letter or a digit
    "capitals",  # words that begin with a capital letter
    "commas",  # and semicolons
    "stops",  # what may end a sentence
    "separators",  # between the parts of a menu, and bullets
    "unspaced",  # characters of scripts without spaces
    "links",  # `://` and `www.`
    "ats",  # @
    "brackets",
    "longest",  # characters of the longest word
    "first",  # kind of the first visible character
    "last",  # and of the last one
    "tokens",
)
KINDS = 11  # 0 for a blank line; see `kind_of`

COMMAS = ",;،、，；"
STOPS = ".!?…。！？।"
COLONS = ":："
SEPARATORS = "|»›·•>/←→–*●▪«‹"
BRACKETS = "()[]{}<\"'“”„’‘«»「」『』（）【】"

_HASH_START, _HASH_FACTOR, _WIDTH = 0xCBF29CE484222325, 0x100000001B3, 1 << 64
ENDING_CHARS = 3
LONGEST_COUNTED = 12


def kind_of(char: str) -> int:
    """What a visible character is: a small letter, a capital, another letter, a digit, or what kind of mark."""
    for kind, marks in ((5, STOPS), (6, COMMAS), (7, COLONS), (8, SEPARATORS), (9, BRACKETS)):
        if char in marks:
            return kind
    if char.isdecimal():
        return 4
    if char.isalpha():
        return 1 if char.islower() else 2 if char.isupper() else 3
    return 10


def tokens_of(line: str) -> Iterator[str]:
    """The tokens of a line, as they are written there."""
    word = ""
    for char in line:
        if char.isalnum() and not UNSPACED.match(char):
            word += char
            continue
        if word:
            yield word
            word = ""
        if not char.isspace():
            yield char
    if word:
        yield word


def token_hash(token: str) -> int:
    """64 bits that stand for a token (FNV-1a over code points)."""
    return _hashed(_plain(token), _HASH_START)


def ending_hash(token: str) -> int:
    """What an unknown word is known by: its end and about how long it is."""
    plain = _plain(token)
    return _hashed(plain[-ENDING_CHARS:], _HASH_START ^ min(len(plain), LONGEST_COUNTED))


def line_hash(line: str) -> int:
    """64 bits that stand for the tokens of a line."""
    value = _HASH_START
    for token in tokens_of(line):
        value = ((value ^ token_hash(token)) * _HASH_FACTOR) % _WIDTH
    return value


def facts_of(line: str) -> tuple[int, ...]:
    """The counts of a line, in the order of FACTS."""
    tokens = list(tokens_of(line))
    words = [token for token in tokens if token[0].isalnum()]
    visible = [char for char in line if not char.isspace()]
    return (
        len(line),
        sum(map(str.isalpha, line)),
        sum(map(str.isupper, line)),
        sum(map(str.isdecimal, line)),
        sum(map(str.isspace, line)),
        len(words),
        sum(word[0].isupper() for word in words),
        sum(char in COMMAS for char in line),
        sum(char in STOPS for char in line),
        sum(char in SEPARATORS for char in line),
        sum(UNSPACED.match(char) is not None for char in line),
        line.count("://") + sum(line[at : at + 4] == "www." for at in range(len(line))),
        line.count("@"),
        sum(char in BRACKETS for char in line),
        max(map(len, words), default=0),
        kind_of(visible[0]) if visible else 0,
        kind_of(visible[-1]) if visible else 0,
        len(tokens),
    )


def _plain(token: str) -> str:
    return "".join("0" if char.isdecimal() else _lower(char) for char in token)


def _lower(char: str) -> str:
    return char if char in UNEVEN else char.lower()


def _hashed(text: str, value: int) -> int:
    for char in text:
        value = ((value ^ ord(char)) * _HASH_FACTOR) % _WIDTH
    return value
