"""Bags of common English words, drawn with a fixed seed: languages are recognised, and nothing repeats by chance."""

import random


def words_of(text: str) -> list[str]:
    """Its words."""
    return text.split()


STOP = words_of("the of and to that with have be")
COMMON = words_of(
    "in on at by for from as it was were they had not but all one when there what which their would about out up "
    "river harbour morning village boat water winter summer garden market church bridge window kitchen letter "
    "teacher doctor farmer sailor captain old young small large cold warm quiet bright narrow wooden early late "
    "white green heavy walked carried opened closed followed watched crossed painted repaired remembered answered "
    "waited stopped brought found left kept sold built read"
)
WORDS = [*STOP, *COMMON]
TWO_LETTERS = words_of("am an as at be by do go he if in is it me my no of on or so to up us we")
TEN_LETTERS = words_of(
    "adventures afternoons blackboard bookseller carpenters classrooms friendship generation government historical "
    "individual journalism lighthouse management neighbours newspapers playground shopkeeper strawberry television "
    "tournament understand university vegetables watermelon"
)
LONG = words_of(
    "independently responsibilities understanding unfortunately international approximately administration "
    "accommodation congratulations characteristic simultaneously transportation representative recommendation"
)
SPOKEN = words_of(
    "the river was high that day and nobody of the village dared to cross it with a horse or to swim so they waited "
    "for the boat and the old captain said that he would take them to the other side in the morning when the water "
    "would be low and the wind had turned but the teacher and the doctor did not want to wait there until then"
)


def drawn(count: int, seed: int = 0, of: list[str] = WORDS) -> list[str]:
    """Words drawn at random."""
    return random.Random(seed).choices(of, k=count)


def sentences(count: int, seed: int = 0, of: list[str] = WORDS, words: int = 10, end: str = ".") -> list[str]:
    """Sentences of `words` words."""
    drawn_words = drawn(count * words, seed, of)
    return [" ".join(drawn_words[at : at + words]).capitalize() + end for at in range(0, len(drawn_words), words)]


def prose(count: int = 8, seed: int = 0) -> str:
    """A paragraph that every recipe keeps."""
    return " ".join(sentences(count, seed))


def woven(n: int, phrases: int, copies: int, between: int) -> str:
    """`phrases` runs of `n` words, each `copies` times, and behind each other words, `between` of them."""
    draw = random.Random(1)
    runs = [" ".join(draw.choices(WORDS, k=n)) for _ in range(phrases)]
    return " ".join(f"{run} {' '.join(draw.choices(WORDS, k=between))}." for _ in range(copies) for run in runs)


def shouted(rest: str = "") -> str:
    """Lines in capital letters, but for the stop words, and behind them the line `rest`."""
    words = [word if word in STOP else word.upper() for word in SPOKEN]
    return "\n".join([*(" ".join(words[at : at + 23]) for at in range(0, len(words), 23)), rest])
