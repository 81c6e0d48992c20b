r"""A grammar for the program of one chunk, made from the chunk; `udfs.programs.grammar` keeps a decoder to it.

A program in it is the call that changes nothing, or calls that remove lines or replace strings, a call a line:

- the lines of a range are lines of the chunk, the first not behind the last;
- a string to replace stands in one line of the chunk, written with `\"` and `\\` where it has quotes and backslashes,
  and is long enough for the executor;
- what it is replaced with is bounded and has no line end, and is the same wherever the same string is replaced again.

So strict parsing and execution (`udfs.programs.execution`) report no error for any program of the grammar, whatever
`max_errors` is, and every string to replace is in the text. What the grammar does not say: a call may be repeated (the
executor counts it once), a string may be too common or lie inside a longer one that is replaced, too (the executor's
guards, no errors), and a program that ends at the limit of tokens may end inside its last call, which is then not
executed. Calls, also of the free kind, are read by the same parser: the grammar takes the place of nothing.
"""

import json
from collections.abc import Iterable

from pydantic import Field, model_validator

from udfs.programs.operations import KeepChunk, Normalize, RemoveLines
from udfs.settings import Section

MOST_LINES = 1500  # of a chunk; llguidance holds an alternative for each at every step, of 2,000 at most

_BLANKS = "".join(f"\\u{{{code:x}}}" for code in range(0x11000) if chr(code).isspace())
_WRITTEN = {'"': '\\"', "\\": "\\\\"}


class GrammarError(ValueError):
    """No grammar for a chunk, or no way on in one; the message is one sentence."""


class GrammarSettings(Section):
    """The calls of a program as a model knows them: of the names that ProX and its successors have for each."""

    nothing: str = Field("untouch_doc", description="the call of a chunk that stays as it is")
    remove: str = Field("remove_lines", description="the call that removes lines")
    first: str = Field("start", description="its argument for the first line")
    last: str = Field("end", description="its argument for the last line")
    replace: str = Field("normalize", description="the call that replaces a string")
    source: str = Field("source_str", description="its argument for the string")
    target: str = Field("target_str", description="its argument for what comes instead")
    target_chars: int = Field(80, ge=0, le=1000, description="longest string that comes instead")
    min_source_chars: int = Field(
        3, ge=1, le=100, description="shortest string to replace, blanks around it not counted; as the executor has it"
    )

    @model_validator(mode="after")
    def _known(self) -> "GrammarSettings":
        first, last = RemoveLines.arguments
        source, target = Normalize.arguments
        for field, names in (
            ("nothing", KeepChunk.names),
            ("remove", RemoveLines.names),
            ("first", first),
            ("last", last),
            ("replace", Normalize.names),
            ("source", source),
            ("target", target),
        ):
            if getattr(self, field) not in names:
                raise ValueError(f"{field} is {getattr(self, field)!r}, expected one of {', '.join(names)}")
        return self


def program_grammar(text: str, first_line: int, settings: GrammarSettings) -> str:
    """The grammar of the programs of the chunk `text`, whose first line has this number, in llguidance's Lark syntax.

    Raises GrammarError for a chunk of more lines than it can hold."""
    lines = text.split("\n")
    if len(lines) > MOST_LINES:
        raise GrammarError(f"the chunk has {len(lines)} lines, more than the {MOST_LINES} that a grammar can hold")
    numbers = range(first_line, first_line + len(lines))
    has_source = any(len(line.strip()) >= settings.min_source_chars for line in lines)
    rules = [
        # Some tokenizers put a blank before the first word of an answer.
        'start: /[ ]?/ (nothing | call ("\\n" call)*)',
        f'nothing: "{settings.nothing}()"',
        "call: remove | replace" if has_source else "call: remove",
        _rule("remove", (f'"{settings.remove}({settings.first}={n}, {settings.last}=" last::{n}' for n in numbers)),
        _rule("last::_", (f'"{n})" %if le(_, {n})' for n in numbers)),
    ]
    if has_source:
        rules += [
            f'replace: "{settings.replace}({settings.source}=\\"" SOURCE "\\", {settings.target}=\\"" TARGET "\\")"',
            f"SOURCE: (%regex {json.dumps({'substring_chunks': [_WRITTEN.get(one, one) for one in text]})})"
            f" & /[^\\n]*/ & {_long_enough(settings.min_source_chars)}",
            f'TARGET: /([^"\\\\\\x00-\\x1f\\x7f]|\\\\["\\\\]){{0,{settings.target_chars}}}/',
        ]
    return "\n".join(rules)


def _rule(name: str, alternatives: Iterable[str]) -> str:
    return f"{name}: " + "\n    | ".join(alternatives)


def _long_enough(chars: int) -> str:
    r"""Strings of so many characters from the first that is no blank to the last; `\"` and `\\` are one."""
    one, solid = r"([^\\]|\\[\"\\])", rf"([^\\{_BLANKS}]|\\[\"\\])"
    return rf"/{one}*{solid}({one}{{{chars - 2},}}{solid}){one}*/" if chars > 1 else rf"/{one}*{solid}{one}*/"


def repeated_targets_grammar(settings: GrammarSettings, targets: dict[str, str]) -> str:
    """The grammar of all texts in which each of the strings `targets` (as they are written) is replaced, where it is,
    by what it is replaced with here."""
    opening = f'{settings.replace}({settings.source}="'
    calls = {source: f'{opening}{source}", {settings.target}="{target}")' for source, target in targets.items()}
    known = " | ".join(_literal(f'{opening}{source}"') for source in calls)
    return "\n".join(
        [
            'start: /[ ]?/ line ("\\n" line)*',
            f"line: OTHER | {' | '.join(f'C{place}' for place in range(len(calls)))}",
            *(f"C{place}: {_literal(call)}" for place, call in enumerate(calls.values())),
            f"OTHER: /[^\\n ][^\\n]*/ & ~(({known}) /(?s:.)*/)",
        ]
    )


def written(string: str) -> str:
    r"""A string as it stands between the quotes of a program of the grammar; `parse` reads it back."""
    return "".join(_WRITTEN.get(one, one) for one in string)


def _literal(string: str) -> str:
    """`string` as a literal of the grammar. Of control characters JSON leaves one that llguidance does not read."""
    return json.dumps(string, ensure_ascii=False).replace("\x7f", "\\u007f")
