"""Programs as models write them, well and badly; numbers of quirks are those of ../shared/reference/prox.md §2."""

import ast
import json
import random
import re
import time
import warnings
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.programs.literals import literal, unescaped
from udfs.programs.operations import (
    EXCERPT_CHARS,
    OPERATIONS,
    CallReason,
    DropDocument,
    KeepChunk,
    KeepDocument,
    Normalize,
    Operation,
    Rejected,
    RemoveAll,
    RemoveLines,
)
from udfs.programs.parsing import _parsed, parse

OWN = Path(__file__).parents[1] / "data/prox_programs.jsonl"


def reasons(text: str) -> list[CallReason]:
    return [call.reason for call in parse(text) if isinstance(call, Rejected)]


def operations(text: str) -> list[Operation]:
    return [call for call in parse(text) if not isinstance(call, Rejected)]


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        *((f"{name}()", KeepDocument()) for name in ("keep_doc", "keep_document")),
        *((f"{name}()", DropDocument()) for name in ("drop_doc", "drop_document")),
        *((f"{name}()", KeepChunk()) for name in ("keep_chunk", "skip_chunk", "untouch_doc", "keep_all")),
        ("remove_all()", RemoveAll()),
        ("remove_lines(all=True)", RemoveAll()),
        ('replace_str("a", "b")', Normalize("a", "b")),
        ("remove_lines(start=0, end=5)", RemoveLines(0, 5)),
        ("remove_lines(line_start=0, line_end=5)", RemoveLines(0, 5)),
        ("remove_lines(007, 0000000000000000000010)", RemoveLines(7, 10)),
        ("remove_lines(-0, +3)", RemoveLines(0, 3)),
        ('normalize(source_str="a", target_str="b")', Normalize("a", "b")),
        ('normalize(source_str="a")', Normalize("a", "")),
        ('normalize("a")', Normalize("a", "")),
        ('normalize("a", target_str="b",)', Normalize("a", "b")),
        ("remove_lines ( start = 1 ,end=2 )", RemoveLines(1, 2)),
        ("remove_lines(\n    start=1,  # the menu\n    end=2,\n)", RemoveLines(1, 2)),
    ],
)
def test_every_published_name_and_form_of_a_call_is_read(call: str, operation: Operation) -> None:
    """A call that stops short of its closing parenthesis is truncated, whatever it is."""
    assert parse(call) == (operation,)
    for end in range(1, len(call)):
        assert reasons(call[:end]) == [CallReason.TRUNCATED]


def test_fences_comments_white_space_and_semicolons_do_not_matter() -> None:
    program = """
        # the menu (lines 0 to 3)
        ```python
        remove_lines(0, 3); remove_lines(5, 6)  # and this: remove_lines(7, 8)
        \tkeep_chunk().
        ```
        `drop_doc()`
    """
    assert parse(program) == (RemoveLines(0, 3), RemoveLines(5, 6), KeepChunk(), DropDocument())


def test_only_a_call_drops_a_document() -> None:
    """Quirk 1: there, `drop` anywhere in the output does."""
    assert parse("keep_doc() # do not drop") == (KeepDocument(),)
    assert reasons("I would not drop_doc() here") == [CallReason.NOT_A_CALL]
    assert reasons("DROP_DOC()") == [CallReason.UNKNOWN_CALL]


def test_strings_may_hold_what_separates_arguments() -> None:
    """Quirk 2: there, a string ends at a comma, an equals sign or a parenthesis."""
    url = "http://a.example/b(c)?x=1&y=2,3"
    assert parse(f'normalize(source_str="{url}", target_str="x=y, (z)")') == (Normalize(url, "x=y, (z)"),)


def test_a_url_is_read_up_to_its_quote() -> None:
    """Quirk 3: there, it is cut at its `=`."""
    assert parse('normalize("http://a.example/w?v=tF_1")') == (Normalize("http://a.example/w?v=tF_1"),)


def test_literals_are_those_of_python() -> None:
    """Quirk 4: there, single quotes and escapes stay in the string."""
    assert parse(r"""normalize('it\'s \"so\"', "\u00e9\n\x41\101\N{BULLET}\d")""") == (
        Normalize('it\'s "so"', "é\nAA•\\d"),
    )
    assert parse(r"""normalize(r"\n", 'a' "b" '''c''')""") == (Normalize("\\n", "abc"),)


def test_arguments_are_bound_by_name_and_by_position() -> None:
    """Quirk 5: there, names do not matter and positions are an error."""
    assert parse("remove_lines(0, 3)") == parse("remove_lines(0, end=3)") == (RemoveLines(0, 3),)
    assert parse("remove_lines(end=3, start=0)") == (RemoveLines(0, 3),)
    assert parse("remove_lines(start=0, line_end=3)") == (RemoveLines(0, 3),)


def test_names_are_exact_and_indentation_does_not_matter() -> None:
    """Quirk 6: there, `remove_lines_foo(` removes lines, and an indented call does nothing."""
    assert reasons("remove_lines_foo(start=0, end=1)\nnormalized_x('abc')") == [CallReason.UNKNOWN_CALL] * 2
    assert parse("\tremove_lines(0, 1)\n  keep_chunk()") == (RemoveLines(0, 1), KeepChunk())


CUT = r"""
remove_li
remove_lines
remove_lines(start=0, end=12
remove_lines(start=2, end
remove_lines(start=-
remove_lines(all=Tr
normalize(
normalize("a
normalize("a\
normalize("a",
"""


@pytest.mark.parametrize("rest", [*CUT.strip().split("\n"), "remove_lines(1, 2\n"])
def test_a_call_that_the_limit_of_tokens_cut_is_dropped(rest: str) -> None:
    """Quirk 7: there, `end=12` without its parenthesis is read as 1, or the whole program is void."""
    assert parse(f"remove_lines(3, 4)\n{rest}") == (RemoveLines(3, 4), Rejected(CallReason.TRUNCATED, rest.strip("\n")))


def test_a_call_without_its_parenthesis_costs_only_itself() -> None:
    """Quirk 7, in the middle of a program."""
    assert parse("remove_lines(start=0, end=12\nkeep_chunk()") == (
        Rejected(CallReason.BAD_ARGUMENTS, "remove_lines(start=0, end=12"),
        KeepChunk(),
    )


UNFIT = r"""
remove_lines(3)
remove_lines(start=3)
remove_lines(1, 2, 3)
remove_lines(1, start=2)
remove_lines(1, 2, start=3)
remove_lines(end=1, 2)
remove_lines(start=1, line_start=2)
remove_lines(start=x, end=2)
remove_lines(start=1, 2)
remove_lines(1.0, 2)
remove_lines(True, 2)
remove_lines("1", 2)
remove_lines(0, 10**12)
remove_lines(0, 1000000000000000000)
remove_lines(0, 1_000)
remove_lines(0 1)
remove_lines(,)
remove_lines(0, int(3))
remove_lines(0, None)
remove_lines(all=False)
keep_doc(1)
normalize()
normalize(1)
normalize(f"a")
normalize(b"a")
normalize("a" + "b")
normalize('a, 'b')
normalize("\ud800")
normalize("\x4")
normalize("\N{NO SUCH NAME}")
normalize("\N{LATIN CAPITAL LETTER A WITH MACRON AND GRAVE}")
"""


@pytest.mark.parametrize("call", [*UNFIT.strip().split("\n"), 'normalize("a\nb")'])
def test_arguments_that_do_not_fit_cost_only_their_call(call: str) -> None:
    read = parse(f"{call}\nkeep_chunk()")
    assert read[0] == Rejected(CallReason.BAD_ARGUMENTS, call.partition("\n")[0])
    assert operations(f"{call}\nkeep_chunk()") == [KeepChunk()]


def test_nothing_is_evaluated() -> None:
    assert reasons("__import__('os').system('echo')") == [CallReason.UNKNOWN_CALL, CallReason.NOT_A_CALL]
    assert reasons("remove_lines(0, len('abc'))") == [CallReason.BAD_ARGUMENTS]


def test_prose_is_not_a_call_and_its_excerpt_is_short() -> None:
    assert parse("Sure! Here it is.\nkeep_chunk()") == (
        Rejected(CallReason.NOT_A_CALL, "Sure! Here it is."),
        KeepChunk(),
    )
    assert parse("word " * 100) == (Rejected(CallReason.NOT_A_CALL, ("word " * 100)[:EXCERPT_CHARS]),)
    assert parse("") == parse(" \n\t\n") == ()


def test_surrogates_of_json_are_joined() -> None:
    assert parse(r'normalize("\ud83d\ude00")') == (Normalize("😀"),)


ESCAPES = ["\\", "x", "u", "U", "N", "{", "}", "BULLET", "0", "7", "8", "4e", "00e9", "0001f600", "'", '"', "n", "é"]


@given(st.lists(st.sampled_from(ESCAPES), max_size=8).map("".join))
def test_an_unescaped_body_is_what_python_makes_of_it(body: str) -> None:
    quote = '"""'
    if body.endswith('"') or '"""' in body or (len(body) - len(body.rstrip("\\"))) % 2:
        return
    try:
        with warnings.catch_warnings(action="ignore"):
            meant = ast.literal_eval(quote + body + quote)
    except SyntaxError:
        meant = None
    assert unescaped(body) == meant


@given(st.text("\"'\\ab\n\u00e9 r", max_size=12))
def test_a_literal_is_what_python_reads(source: str) -> None:
    """Whole texts: what is read as one string is the string of Python."""
    found = literal(source, 0)
    if found is not None and found[1] == len(source):
        with warnings.catch_warnings(action="ignore"):
            assert ast.literal_eval(source) == found[0]


# --- whatever a model writes

PIECES = [name for kind in OPERATIONS for name in kind.names]
PIECES += [*"()=,;#`'\"\\\n\n\n \t.-+_019", "start", "end", "source_str", "target_str", "all=True", "True", "None"]
PIECES += ["```python\n", '"""', "\\u00e9", "\\ud800", "\\N{", "10**12", "é", "中", "\u2028", "\r", "\x00", "\ud800"]
PIECES += ["remove_lines(start=0, end=1)", 'normalize("a", "b")', "I think", "</s>", "[/INST]", "f(", "1" * 5000]


def written(chance: random.Random) -> str:
    """Something like a program, or nothing like one."""
    if chance.random() < 0.1:
        return "".join(chr(chance.randrange(0x110000)) for _ in range(chance.randrange(30)))
    return "".join(chance.choice(PIECES) for _ in range(chance.randrange(40)))


def check(text: str) -> None:
    """`parse` gives operations and rejections, whose excerpts are in the text in order."""
    place = 0
    for call in parse(text):
        if isinstance(call, Rejected):
            place = text.index(call.excerpt, place)
            assert 0 < len(call.excerpt) <= EXCERPT_CHARS
        else:
            assert isinstance(call, OPERATIONS)


@given(st.text(max_size=100))
def test_parsing_never_raises(text: str) -> None:
    check(text)


def mutated(chance: random.Random, program: str) -> str:
    """The program with one to four faults: a piece cut out, doubled, replaced or put elsewhere, the rest cut off."""
    for _ in range(chance.randint(1, 4)):
        begin, end = sorted((chance.randint(0, len(program)), chance.randint(0, len(program))))
        begin = max(begin, end - 12)
        head, piece, tail = program[:begin], program[begin:end], program[end:]
        others = ["", piece * 2, piece[::-1], chance.choice(PIECES), piece.upper(), chr(chance.randrange(0x110000))]
        program = head + chance.choice(others) + (tail if chance.random() < 0.9 else "")
    return program


def test_parsing_never_raises_on_a_hundred_thousand_random_and_mutated_programs() -> None:
    chance = random.Random(2)
    programs = [json.loads(row)["program"] for row in OWN.read_text("utf-8").split("\n")[1:] if row]
    programs += [CUT, UNFIT, "remove_lines(0, 3)\nnormalize(\"a\\u00e9\", target_str='b')\nkeep_chunk()"]
    for _ in range(50_000):
        check(written(chance))
        check(mutated(chance, chance.choice(programs)))


PLAIN = ["remove_lines(start=0, end=1)", "remove_lines(12, 3)", "remove_lines(start=007, end=1)", "keep_doc()"]
PLAIN += ['normalize(source_str="a, b) (c", target_str="")', 'normalize(source_str="é 中", target_str="x")']
PLAIN += [
    'normalize(source_str="a\\n", target_str="\\\\")',
    'normalize(source_str="a", target_str="b" "c")',
    "remove_lines(start=1" + "0" * 20 + ", end=2)",
]


def test_calls_that_are_read_at_once_are_read_as_argument_by_argument(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(3)
    texts = ["\n".join(chance.choices(PLAIN, k=chance.randint(1, 4))) for _ in range(20_000)]
    texts = [mutated(chance, text) if chance.random() < 0.8 else text for text in texts]
    at_once = [tuple(_parsed(text)) for text in texts]
    assert sum(isinstance(call, RemoveLines | Normalize) for found in at_once for call in found) > 10_000
    monkeypatch.setattr("udfs.programs.parsing._PLAIN", re.compile(r"(?!)"))
    for text, found in zip(texts, at_once, strict=True):
        assert found == tuple(_parsed(text)), text


GREEDY = ["f(1,\n1,\n1,\n$\n", "f(\n", 'normalize("', 'normalize("a\\\n', "```a", "remove_lines(0,", "f(#\n"]
GREEDY += ["\\N{a", "'", 'f("a" ', "remove_lines(0, 1)\n", "1", "keep_chunk();", 'normalize("\\N{', "r'", "prose\n"]
GREEDY += ['"""\n', "a\n(\n", 'normalize(source_str="']


@pytest.mark.parametrize("piece", GREEDY)
@pytest.mark.parametrize("begin", ["", "remove_lines(", 'normalize("', "f(1,\n"])
def test_time_is_linear(begin: str, piece: str) -> None:
    """Eight times the text takes less than 32 times as long (64 would be quadratic)."""
    small, large = (begin + piece * (size // len(piece)) for size in (5_000, 40_000))
    assert seconds(large) < max(32 * seconds(small), 0.05)


def seconds(text: str) -> float:
    """The best of three."""
    best = 1e9
    for _ in range(3):
        begin = time.process_time()
        parse(text)
        best = min(best, time.process_time() - begin)
    return best
