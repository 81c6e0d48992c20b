"""Records what ProX's published executor makes of programs of our own: tests/data/prox_programs.jsonl.

Not a test module. Needs a checkout of GAIR-NLP/ProX (b3fcbb2), which is no part of this project:

    python -m tests.make_prox_vectors PROX/utils/chunk_utils.py

The first row has the texts. Each other row has the number of its text, a program, the result (null where it is the
text as it was) and the number of errors. Texts and programs come from a seed."""

import importlib.util
import json
import random
import sys
from pathlib import Path

FILE = Path(__file__).parent / "data/prox_programs.jsonl"
ROWS = 400
TEXTS = (
    "\n".join(f"L{i} a b c d" for i in range(6)),
    "\n".join(f"Line {i}, with a comma = and (some) signs: x{i}; the end." for i in range(12)) + "\n",
    "Home | About | Login\nThe mill stands by the river.\r\nIt grinds corn, barley & oats all year.\n\n"
    "See http://mill.example/c?x=1&y=2 for hours\n  indented line\nCopyright (c) the mill",
    "\n".join(" ".join(f"w{i}{j}" for j in range(10)) for i in range(30)),
    "水车在河边。\n面粉很白。\n请登录\n版权所有",
    "one two three four five six seven eight nine ten eleven\n\n\n",
)
SOURCES = (
    "a b",
    "a",
    "e",
    "",
    " ",
    "the",
    "L0 a",
    "a, b",
    "x=1",
    "(some)",
    "http://mill.example/c?x=1&y=2",
    "登录",
    "\\n",
)
ENDINGS = (")", ', target_str="")', ', target_str="Z")', ', target_str="x=y")', ", target_str=' ')", ', "b", "c")', "")
PIECES = (
    "(",
    ")",
    "=",
    ",",
    '"',
    "'",
    " ",
    "\t",
    "1",
    "-",
    "+",
    "_",
    "٣",
    "all=True",
    "#",
    "remove_lines",
    "normalize",
)
PROSE = ("untouch_doc()", "keep_chunk()", "drop_doc()", "", "# comment", "```python", "I would keep it all.")


def line(chance: random.Random) -> str:
    """A line of a program, well or badly formed."""
    kind = chance.random()
    if kind < 0.5:
        first, last = chance.choice([("start", "end"), ("line_start", "line_end"), ("end", "start"), ("x", "y")])
        start = chance.randint(-2, 12)
        call = f"remove_lines({first}={start}, {last}={start + chance.randint(-2, 6)})"
    elif kind < 0.8:
        call = f'normalize(source_str="{chance.choice(SOURCES)}"{chance.choice(ENDINGS)}'
    else:
        call = chance.choice([*PROSE, "remove_lines(all=True)", "remove_lines(0, 1)", "remove_lines(3)"])
    if chance.random() < 0.25:
        place = chance.randrange(len(call) + 1)
        call = call[:place] + chance.choice(PIECES) + call[place + chance.randint(0, 3) :]
    return call


def main(source: str) -> None:
    """Write the file."""
    spec = importlib.util.spec_from_file_location("chunk_utils", source)
    assert spec is not None
    assert spec.loader is not None
    published = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(published)
    chance = random.Random(20240917)
    with FILE.open("w", encoding="utf-8") as out:
        out.write(json.dumps({"texts": TEXTS}, ensure_ascii=False) + "\n")
        for _ in range(ROWS):
            number = chance.randrange(len(TEXTS))
            text, program = TEXTS[number], "\n".join(line(chance) for _ in range(chance.randint(1, 4)))
            errors = published.execute_operations(text, program.strip(" ").split("\n"))[-1]
            result = published.execute_meta_operations(text, program)
            row = {"text": number, "program": program, "result": None if result == text else result, "errors": errors}
            out.write(json.dumps(row, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(sys.argv[1])
