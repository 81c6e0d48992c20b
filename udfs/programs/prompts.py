"""Prompts of the ProX refiners, as text and as token ids: Llama 2's chat template with a system text, written out here
because the published checkpoints carry none (GAIR-NLP/ProX, issue 11).

The ids are put together from those of the template and those of the page, and the page is tokenised with special
tokens off. Marks of the template that stand in a page are broken up by a blank in the prompt (never in the text that a
program is run on), so a page can neither end its own turn nor begin another's. What it says in plain words is still
read: this is no defence against being talked to.
"""

import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from pydantic import Field

from udfs.settings import Section

SYSTEM = "You are a helpful, respectful and honest assistant."
BOS = "<s>"
_END = " [/INST]"
TEMPLATE_VERSION = "prox-llama2-1"  # another one for every change that changes a prompt

_CHARACTERS_PER_TOKEN = 20  # more than the longest token has (16): of a longer text no more is tokenised
_MARK = re.compile(r"[<\[](?=/?s>|unk>|</?SYS>>|/?INST\]|/?doc\])")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


class PromptSettings(Section):
    """How prompts are built. `AS_PUBLISHED_DOCUMENT` and `AS_PUBLISHED_CHUNK` are what the published code sends."""

    bos: Literal["single", "double"] = Field(
        default="single", description="tokens <s> at the start; the published chunk stage sends two"
    )
    opening: Literal["spaced", "bare"] = Field(
        default="spaced",
        description="first token of [INST]: with the blank that a fast tokenizer puts before it, or without, as the "
        "slow one of the published document stage",
    )
    truncation: Literal["keep_end", "compat"] = Field(
        default="keep_end",
        description="a document over the limit: cut the text and close the prompt, or cut the prompt as the published "
        "code does, its end lost",
    )
    document_tokens: int = Field(default=2000, ge=100, description="most tokens of a document's prompt")
    break_marks: bool = Field(
        default=True, description="break up marks of the template that stand in a page, in the prompt only"
    )


AS_PUBLISHED_DOCUMENT = PromptSettings(opening="bare", truncation="compat", break_marks=False)
AS_PUBLISHED_CHUNK = PromptSettings(bos="double", break_marks=False)


class Prompt(NamedTuple):
    """A prompt as text, which always opens with one `<s>`, and as token ids, which have one or two."""

    text: str
    ids: tuple[int, ...]
    version: str  # of the template and all settings that change a prompt: part of the key of what a model said
    shown_chars: int  # code points of the page (marks broken up, numbers of lines counted) that the prompt holds
    truncated: bool

    @property
    def server_text(self) -> str:
        """What to send to a server that puts one `<s>` before a text, as vLLM does."""
        has_two = self.ids[0] == self.ids[1]
        return self.text if has_two else self.text.removeprefix(BOS)


class _Frame(NamedTuple):
    """What stands around the content, as text and as ids."""

    head: str
    tail: str
    opening: tuple[int, ...]
    closing: tuple[int, ...]


def rendered(user: str) -> str:
    """The whole prompt for what the user says; the template strips white space at the end of that."""
    block = f"<<SYS>>\n{SYSTEM}\n<</SYS>>\n\n{user}".strip()
    return f"{BOS}[INST] {block}{_END}"


def chunk_message(numbered_lines: str) -> str:
    """What the user says in the chunk stage; in the document stage it is the document as it is."""
    return f"[doc]\n{numbered_lines}\n[/doc]"


def marks_broken(text: str) -> str:
    """`text` with a blank inside every mark of the template: `[/INST]` becomes `[ /INST]`."""
    return _MARK.sub(lambda mark: mark[0] + " ", text)


class Prompter:
    """Builds prompts with a tokenizer of Llama 2, as `udfs.models.tokens.load_tokenizer` gives it.

    Raises ValueError for a tokenizer that parses special tokens in texts, or that is of another kind.
    """

    def __init__(self, tokenizer: Any, settings: PromptSettings) -> None:
        self._tokenizer, self._settings = tokenizer, settings
        bos = tokenizer.token_to_id(BOS)
        self._newline = len(tokenizer.encode("\n", add_special_tokens=False))
        if not tokenizer.encode_special_tokens or bos is None or not self._cuts_at_newlines():
            raise ValueError(
                "found a tokenizer that has no <s>, reads special tokens in texts or joins newlines with what follows; "
                "expected one of Llama 2 from udfs.models.tokens.load_tokenizer; name the tokenizer.json of the refiner"
            )
        self._bos = [bos] * (2 if settings.bos == "double" else 1)
        self._empty = self._frame(rendered("").removesuffix(_END), _END)
        self._document = self._frame(*rendered("\0").split("\0"))
        self._chunk = self._frame(*rendered(chunk_message("\0")).split("\0"))

    def document(self, text: str) -> Prompt:
        """The prompt of the document stage. A long text is cut at a whole character so that the prompt fits."""
        limit = self._settings.document_tokens
        content = self._content(text[: limit * _CHARACTERS_PER_TOKEN]).rstrip()
        is_cut = len(text) > limit * _CHARACTERS_PER_TOKEN
        head, tail, opening, closing = self._document if content else self._empty
        room = max(limit - len(opening), 0) - (len(closing) if self._settings.truncation == "keep_end" else 0)
        ids, spans = self._encoded(content)
        if len(ids) + len(opening) + len(closing) <= limit:
            return Prompt(
                head + content + tail, (*opening, *ids, *closing), self._version("document"), len(content), is_cut
            )
        if self._settings.truncation == "compat":
            shown = spans[min(room, len(spans)) - 1][1] if room and spans else 0
            whole = (*opening, *ids, *closing)[:limit]
            return Prompt(head + content[:shown], whole, self._version("document"), shown, truncated=True)
        count, shown = _whole_characters(content, spans, room)
        ids = [*opening, *ids[:count], *closing]
        return Prompt(head + content[:shown] + tail, tuple(ids), self._version("document"), shown, truncated=True)

    def chunk(self, numbered_lines: str) -> Prompt:
        """The prompt of the chunk stage; never cut, `udfs.programs.chunks` sees to its length."""
        return self.chunks([numbered_lines])[0]

    def chunks(self, bodies: Sequence[str]) -> list[Prompt]:
        """The prompts of some chunks, tokenised together, which is faster."""
        contents = [self._content(body) for body in bodies]
        encoded = self._tokenizer.encode_batch_fast(["\n" + one for one in contents], add_special_tokens=False)
        head, tail, opening, closing = self._chunk
        return [
            Prompt(
                head + content + tail,
                (*opening, *found.ids[self._newline :], *closing),
                self._version("chunk"),
                len(content),
                truncated=False,
            )
            for content, found in zip(contents, encoded, strict=True)
        ]

    def _content(self, text: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:
            text = _LONE_SURROGATE.sub("\ufffd", text)
        return marks_broken(text) if self._settings.break_marks else text

    def _frame(self, head: str, tail: str) -> "_Frame":
        text = head.removeprefix(BOS)
        is_bare = self._settings.opening == "bare"
        ids = self._encoded(text)[0] if is_bare else self._tokenizer.encode(text, add_special_tokens=False).ids
        return _Frame(head, tail, (*self._bos, *ids), tuple(self._encoded(tail)[0]))

    def _encoded(self, text: str) -> tuple[list[int], list[tuple[int, int]]]:
        """Ids of `text` as they are behind a newline, where no blank is put before it, and the characters of each."""
        found = self._tokenizer.encode("\n" + text, add_special_tokens=False)
        return found.ids[self._newline :], [(start - 1, end - 1) for start, end in found.offsets[self._newline :]]

    def _cuts_at_newlines(self) -> bool:
        both = self._tokenizer.encode("\n\n[", add_special_tokens=False)
        return len(both) == self._newline + 2 and both.offsets[self._newline :] == [(1, 2), (2, 3)]

    def _version(self, level: str) -> str:
        given = self._settings
        parts = [TEMPLATE_VERSION, level, f"{given.bos}-bos", given.opening]
        parts += [f"{given.truncation}-{given.document_tokens}"] if level == "document" else []
        return "/".join([*parts, "marks-broken" if given.break_marks else "marks-kept"])


def _whole_characters(content: str, spans: list[tuple[int, int]], room: int) -> tuple[int, int]:
    """How many tokens and characters of the content fit, no character cut in two and no white space at the end."""
    count = min(room, len(spans))
    while count and count < len(spans) and spans[count][0] < spans[count - 1][1]:
        count -= 1
    while count and content[slice(*spans[count - 1])].isspace():
        count -= 1
    return count, spans[count - 1][1] if count else 0
