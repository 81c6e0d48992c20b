"""Chunks of a few lines out of longer ones: a lesson in line numbers, of which a long chunk teaches a handful only."""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import takewhile
from typing import Any

from udfs.programs.labels import chunk_program

LINES_MAX = 5
NOTHING_TO_DO = "untouch_doc()"  # as the released chunk model says it
_OPENING = "[doc]\n"  # behind it the first line begins, with a bracket and its number

Row = dict[str, Any]


def pieces(rows: Sequence[Row], encode: Callable[[str], list[int]], rng: random.Random) -> Iterator[Row]:
    """Examples of two to LINES_MAX lines (one where one is left over), which cover those of `rows` once. Rows are chunk
    examples as `Example` has them, as dicts.

    `encode`: the tokens of a text.
    """
    opening = encode(_OPENING)
    digits = {encode(str(digit))[0]: str(digit) for digit in range(10)}
    for row in rows:
        prompt, lines = list(row["prompt"]), row["lines"]
        first = next(at for at in range(len(prompt)) if prompt[at - len(opening) : at] == opening)
        done = 0
        while done < len(lines):
            some = lines[done : done + rng.randint(2, LINES_MAX)]
            start = lines[done - 1][0] + 1 if done else first
            number = int("".join(takewhile(bool, (digits.get(token, "") for token in prompt[start + 1 :]))))
            keep = [stays for _, stays in some]
            program = chunk_program([True] * number + keep, number, number + len(keep) - 1)
            yield {
                "task": row["task"],
                "prompt": [*prompt[:first], *prompt[start : some[-1][0] + 1], *prompt[lines[-1][0] + 1 :]],
                "answer": [*encode(program.replace("keep_chunk()", NOTHING_TO_DO)), row["answer"][-1]],
                "lines": [(at - start + first, stays) for at, stays in some],
            }
            done += len(some)
