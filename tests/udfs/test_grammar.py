"""The grammar of a chunk's programs: random walks through it are executable, whatever the page; what can be said."""

import random
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from tests.udfs.dataman_tokenizer import byte_letters
from tests.udfs.texts import any_text
from udfs.models.manifest import ModelError
from udfs.models.tokens import load_tokenizer
from udfs.programs.chunk_grammar import (
    MOST_LINES,
    GrammarError,
    GrammarSettings,
    program_grammar,
    repeated_targets_grammar,
)
from udfs.programs.chunks import ChunkSettings, chunks, token_costs
from udfs.programs.effects import ExecutionSettings, Part
from udfs.programs.execution import Execution, execute
from udfs.programs.grammar import Grammars, ProgramConstraint, load_grammars
from udfs.programs.operations import CallReason, KeepChunk, Normalize, Rejected, RemoveLines
from udfs.programs.parsing import parse

pytest.importorskip("llguidance")

STOP = 256
STRICT = ExecutionSettings(max_errors=0, min_words=0)
# The executor's guards, which the grammar does not know; none of them is an error.
GUARDS = {CallReason.REPEATED, CallReason.COMMON_SOURCE, CallReason.MISSING_TARGET}


@pytest.fixture(scope="module")
def byte_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tokenizer with a token a byte and a few longer ones, which cross the borders of a call's parts."""
    letters = byte_letters()
    words = {letters[byte]: byte for byte in range(256)}
    merges = []
    for longer in ('"ab', '",', '")', ")Ċ", 'c"', "ab", "abc", "\\\\", '\\"'):
        for cut in range(1, len(longer)):
            if longer[:cut] in words and longer[cut:] in words:
                merges.append((longer[:cut], longer[cut:]))
                words[longer] = len(words) + (len(words) >= STOP)
                break
    made = Tokenizer(models.BPE(words | {"</s>": STOP}, merges))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken("</s>", special=True)])
    path = tmp_path_factory.mktemp("bytes") / "tokenizer.json"
    made.save(str(path))
    return path


@pytest.fixture(scope="module")
def by_bytes(byte_file: Path) -> Grammars:
    return load_grammars(byte_file, (STOP,), GrammarSettings())


class Walk:
    """A walk through a constraint: at each step one of the allowed tokens, the stop token with its own chance."""

    def __init__(self, constraint: ProgramConstraint, vocabulary: int, stop: int) -> None:
        self.constraint, self.stop = constraint, stop
        self.mask = np.zeros((vocabulary + 31) // 32, np.int32)
        self.tokens: list[int] = []

    def allowed(self) -> list[int]:
        """Tokens that may come next, none where the program is complete."""
        if not self.constraint.fill(self.mask):
            return []
        return np.flatnonzero(np.unpackbits(self.mask.view(np.uint8), bitorder="little")).tolist()

    def step(self, dice: random.Random) -> None:
        """Another token, but for the stop token."""
        if allowed := [one for one in self.allowed() if one != self.stop]:
            self.tokens.append(dice.choice(allowed))
            self.constraint.accept(self.tokens[-1])

    def go(self, dice: random.Random, most: int, stopping: float) -> bool:
        """Whether the walk came to an end within so many tokens."""
        while allowed := self.allowed():
            if self.stop in allowed and (len(allowed) == 1 or dice.random() < stopping):
                return True
            if len(self.tokens) == most:
                return False
            token = dice.choice([one for one in allowed if one != self.stop])
            self.tokens.append(token)
            self.constraint.accept(token)
        return True


def executed(chunk: str, program: str, before: int = 2) -> Execution:
    """The program run on a document in which `before` lines stand before the chunk and one behind it."""
    text = "above\n" * before + chunk + "\nbelow"
    part = Part(parse(program), "chunk", before, before + chunk.count("\n"), before * 6, before * 6 + len(chunk))
    return execute(text, [part], STRICT)


def check(chunk: str, program: str, *, complete: bool) -> Counter[str]:
    """That strict execution has nothing to say against a program of the grammar."""
    calls = parse(program)
    assert calls or not complete
    rejected = [call.reason for call in calls if isinstance(call, Rejected)]
    assert rejected in ([], [CallReason.TRUNCATED])
    assert not (rejected and complete)
    report = executed(chunk, program).report
    assert (report.errors, report.voided, report.clipped) == (0, 0, 0)
    assert set(report.rejected) <= {*GUARDS, CallReason.TRUNCATED}
    for call in calls:
        if isinstance(call, Normalize):
            assert "\n" not in call.source + call.target
            assert call.source in chunk
            assert len(call.target) <= 80
    return Counter(type(call).__name__ for call in calls)


FEW = [
    "ab\x7f",
    "abc abc",
    'ab "abc" \\n',
    "abc",
    "",
    "x",
    '\\"\\',
    "  ",
    "a\rb\tc",
    "漢字かな",
    "\0\x1b\x85",
    "😀😀😀",
    "e\u0301e\u0301",
]
chunk_texts = st.one_of(st.lists(st.sampled_from(FEW), min_size=1, max_size=6).map("\n".join), any_text)


@settings(max_examples=150)
@given(chunk=chunk_texts, seed=st.integers(0, 2**32), most=st.sampled_from([20, 200, 400]))
def test_every_program_of_a_chunk_is_executable(by_bytes: Grammars, chunk: str, seed: int, most: int) -> None:
    dice = random.Random(seed)
    walk = Walk(by_bytes.constraint(chunk, 2), 280, STOP)
    complete = walk.go(dice, most, dice.choice([0.1, 0.9]))
    check(chunk, by_bytes.tokenizer.decode_bytes(walk.tokens).decode("utf-8", "replace"), complete=complete)


def test_walks_say_all_calls_and_never_two_things_of_one_string(by_bytes: Grammars) -> None:
    said: Counter[str] = Counter()
    repeated = 0
    for seed in range(70):
        walk = Walk(by_bytes.constraint('abc "abc"\nabc', 2), 280, STOP)
        complete = walk.go(random.Random(seed), 700, 0.02)
        program = by_bytes.tokenizer.decode_bytes(walk.tokens).decode("utf-8", "replace")
        said += check('abc "abc"\nabc', program, complete=complete)
        sources = [call.source for call in parse(program) if isinstance(call, Normalize)]
        repeated += len(sources) != len(set(sources))
    assert min(said[kind.__name__] for kind in (KeepChunk, Normalize, RemoveLines)) > 5
    assert repeated > 5


def test_every_program_of_real_chunks_is_executable(llama2: Any, data: Path) -> None:
    import pyarrow.parquet as pq

    grammars = load_grammars(data / "tokenizers/llama2/tokenizer.json", (2,), GrammarSettings())
    texts = pq.read_table(data / "web_text/samples.parquet", columns=["text"])["text"].to_pylist()
    said: Counter[str] = Counter()
    seconds = []
    for number, text in enumerate(texts[::8][:30]):
        for chunk in chunks(text, token_costs(llama2), ChunkSettings())[:2]:
            lines = text[chunk.start : chunk.end]
            start = time.perf_counter()
            constraint = grammars.constraint(lines, 2)
            seconds.append(time.perf_counter() - start)
            walk = Walk(constraint, 32_000, 2)
            complete = walk.go(random.Random(number), 256, 0.2)
            said += check(lines, llama2.decode(walk.tokens), complete=complete)
    assert min(said[kind.__name__] for kind in (KeepChunk, Normalize, RemoveLines)) > 5
    assert sorted(seconds)[len(seconds) // 2] < 0.2


def accepts(grammars: Grammars, chunk: str, program: str, first_line: int = 2) -> bool:
    """Whether the whole of `program` is one of the grammar."""
    matcher = grammars.matcher(program_grammar(chunk, first_line, grammars.settings))
    tokens = list(program.encode())
    return matcher.try_consume_tokens(tokens) == len(tokens) and matcher.is_accepting()


CHUNK = 'Home | "About" | C:\\dir\nThe mill\n ab \n\nab cd'


@pytest.mark.parametrize(
    "program",
    [
        "untouch_doc()",
        " untouch_doc()",
        "remove_lines(start=2, end=2)",
        "remove_lines(start=2, end=6)",
        "remove_lines(start=5, end=6)\nremove_lines(start=2, end=3)",
        'normalize(source_str="The mill", target_str="")',
        'normalize(source_str=" mill", target_str="  a \\"b\\" \\\\ 漢😀")',
        'normalize(source_str="| \\"About\\" |", target_str="|")',
        'normalize(source_str="C:\\\\dir", target_str="D")\nremove_lines(start=6, end=6)',
    ],
)
def test_programs_that_can_be_said(by_bytes: Grammars, program: str) -> None:
    assert accepts(by_bytes, CHUNK, program)
    check(CHUNK, program, complete=True)


@pytest.mark.parametrize(
    "program",
    [
        "",
        "\n",
        "keep_chunk()",
        "drop_doc()",
        "untouch_doc()\nuntouch_doc()",
        "remove_lines(start=3, end=2)",
        "remove_lines(start=1, end=2)",
        "remove_lines(start=2, end=7)",
        "remove_lines(start=02, end=3)",
        "remove_lines(start=2, end=3)\n",
        "remove_lines(start=2, end=3) # a comment",
        'normalize(source_str="", target_str="x")',
        'normalize(source_str="ab", target_str="x")',  # too short
        'normalize(source_str=" ab ", target_str="x")',  # too short without its blanks
        'normalize(source_str="the mill", target_str="")',
        'normalize(source_str="mill\\n ab", target_str="")',
        'normalize(source_str="mill\n ab", target_str="")',
        'normalize(source_str=""About"", target_str="")',
        'normalize(source_str="C:\\dir", target_str="")',
        'normalize(source_str="The mill", target_str="a\\n")',
        'normalize(source_str="The mill", target_str="\\d")',
        f'normalize(source_str="The mill", target_str="{"x" * 81}")',
    ],
)
def test_programs_that_cannot_be_said(by_bytes: Grammars, program: str) -> None:
    assert not accepts(by_bytes, CHUNK, program)


def test_all_ranges_of_a_chunk_and_no_others(by_bytes: Grammars) -> None:
    lines, first = 13, 95  # numbers of two and three digits
    chunk = "\n".join(["x"] * lines)
    for start in range(first - 2, first + lines + 2):
        for end in range(first - 2, first + lines + 2):
            inside = first <= start <= end < first + lines
            assert accepts(by_bytes, chunk, f"remove_lines(start={start}, end={end})", first) == inside


def test_a_string_that_is_replaced_again_is_replaced_by_the_same(by_bytes: Grammars) -> None:
    walk = Walk(by_bytes.constraint("abcabc", 2), 280, STOP)
    for token in b'normalize(source_str="abc", target_str="xy")\nnormalize(source_str="abc", target_str="':
        assert token in walk.allowed()
        walk.constraint.accept(token)
    assert walk.allowed() == [ord("x")]
    walk.constraint.forget()
    assert walk.allowed() == [ord("x")]
    other = Walk(by_bytes.constraint("abcabc", 2), 280, STOP)
    for token in b'normalize(source_str="abc", target_str="xy")\nnormalize(source_str="abca", target_str="':
        assert token in other.allowed()
        other.constraint.accept(token)
    assert len(other.allowed()) > 90


def test_names_are_those_of_the_settings(byte_file: Path) -> None:
    names = GrammarSettings(
        nothing="keep_chunk",
        remove="remove_lines",
        first="line_start",
        last="line_end",
        replace="replace_str",
        source="old_str",
        target="new_str",
        target_chars=2,
    )
    grammars = load_grammars(byte_file, (STOP,), names)
    assert accepts(grammars, "one two", "keep_chunk()")
    assert accepts(grammars, "one two", "remove_lines(line_start=2, line_end=2)")
    assert accepts(grammars, "one two", 'replace_str(old_str="one", new_str="xy")')
    assert not accepts(grammars, "one two", 'replace_str(old_str="one", new_str="xyz")')
    with pytest.raises(ValueError, match="nothing is 'drop_doc', expected one of keep_chunk"):
        GrammarSettings(nothing="drop_doc")
    with pytest.raises(ValueError, match="first is 'end', expected one of start, line_start, first"):
        GrammarSettings(first="end")


@pytest.mark.parametrize("chunk", ["", "\n\n", "ab\n c \n", "  \n\t"])
def test_a_chunk_without_a_string_to_replace(by_bytes: Grammars, chunk: str) -> None:
    assert "replace" not in program_grammar(chunk, 0, GrammarSettings())
    assert accepts(by_bytes, chunk, "remove_lines(start=2, end=2)")


@pytest.mark.parametrize(
    "chunk",
    [
        "ab" * 20_000,
        "a" * 50_000,
        "\n".join(["x y"] * MOST_LINES),
        "".join(map(chr, range(0x20, 0x2000))) * 3,
        '"\\' * 9_000,
    ],
    ids=["two", "one", "lines", "characters", "quotes"],
)
def test_hostile_chunks_take_no_time(by_bytes: Grammars, chunk: str) -> None:
    start = time.perf_counter()
    walk = Walk(by_bytes.constraint(chunk, 2), 280, STOP)
    complete = walk.go(random.Random(1), 100, 0.1)
    assert time.perf_counter() - start < 5
    check(chunk, by_bytes.tokenizer.decode_bytes(walk.tokens).decode("utf-8", "replace"), complete=complete)


def test_more_lines_than_a_grammar_holds_are_an_error(by_bytes: Grammars) -> None:
    with pytest.raises(GrammarError, match="the chunk has 1501 lines"):
        by_bytes.constraint("\n" * MOST_LINES, 0).fill(np.zeros(9, np.int32))


def test_a_token_that_is_not_allowed_is_an_error(by_bytes: Grammars) -> None:
    constraint = by_bytes.constraint("abc", 0)
    with pytest.raises(GrammarError, match="llguidance gives up"):
        constraint.accept(ord("x"))
    with pytest.raises(GrammarError):
        constraint.fill(np.zeros(9, np.int32))


def test_few_keep_their_state_and_the_others_make_it_anew(byte_file: Path, by_bytes: Grammars) -> None:
    """Oracle: the same walks one after the other, each of which keeps its state."""
    few = Grammars(byte_file.read_text(), (STOP,), GrammarSettings(), live=2)
    together = [Walk(few.constraint("abc abc\nab cd", 2), 280, STOP) for _ in range(5)]
    dices = [random.Random(number) for number in range(5)]
    for _ in range(80):
        for walk, dice in zip(together, dices, strict=True):
            walk.step(dice)
    for number, walk in enumerate(together):
        alone, dice = Walk(by_bytes.constraint("abc abc\nab cd", 2), 280, STOP), random.Random(number)
        for _ in range(80):
            alone.step(dice)
        assert walk.tokens == alone.tokens
    assert sum(b"normalize" in bytes(one for one in walk.tokens if one < 256) for walk in together) > 1
    assert len(few._live) == 2
    few.forget()
    assert not any(walk.constraint._matchers for walk in together)


def test_a_mask_may_be_larger_than_the_tokenizer(by_bytes: Grammars) -> None:
    """Graphs have logits for more tokens than their tokenizer knows."""
    mask = np.full(100, -1, np.int32)
    assert by_bytes.constraint("abc", 0).fill(mask)
    assert not mask[9:].any()
    assert mask[:9].any()


def test_grammars_are_made_once(byte_file: Path, by_bytes: Grammars, tmp_path: Path) -> None:
    assert load_grammars(byte_file, (STOP,), GrammarSettings()) is by_bytes
    with pytest.raises(ModelError, match="cannot be read"):
        load_grammars(tmp_path / "none.json", (STOP,), GrammarSettings())
    (tmp_path / "bad.json").write_text("{}")
    with pytest.raises(ModelError, match="llguidance cannot read the tokenizer"):
        load_grammars(tmp_path / "bad.json", (STOP,), GrammarSettings())


def test_without_llguidance_one_sentence_says_so(byte_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "llguidance", None)
    with pytest.raises(ModelError, match=r"found no llguidance, .* install the extra cpu or gpu"):
        load_grammars(byte_file, (STOP, 0), GrammarSettings())


def test_the_loaded_tokenizer_decodes_what_the_grammar_says(byte_file: Path, by_bytes: Grammars) -> None:
    tokens = load_tokenizer(byte_file).encode('normalize(source_str="abc", target_str="é")').ids
    assert by_bytes.tokenizer.decode_bytes(tokens).decode() == load_tokenizer(byte_file).decode(tokens)


def test_repeats_are_a_grammar_of_their_own(by_bytes: Grammars) -> None:
    targets = {'a\\"b': "x\\\\", "abc": "", "\x01\x1b\x7f漢": "/regex*"}
    matcher = by_bytes.matcher(repeated_targets_grammar(GrammarSettings(), targets))
    program = 'remove_lines(start=1, end=2)\nnormalize(source_str="a\\"b", target_str="x\\\\")\nanything'
    assert matcher.try_consume_tokens(list(program.encode())) == len(program.encode())
    again = by_bytes.matcher(repeated_targets_grammar(GrammarSettings(), targets))
    wrong = 'normalize(source_str="\x01\x1b\x7f漢", target_str="/regexx'
    assert again.try_consume_tokens(list(wrong.encode())) == len(wrong.encode()) - 1
