"""The constraint that keeps a decoder to the grammar of a chunk (`udfs.programs.chunk_grammar`), by llguidance.

It takes about 15 ms for a chunk of 6,000 characters, 0.1 ms for a token and 10 ms for the first one of a string to
replace. llguidance (MIT) is imported where it is needed.
"""

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from udfs.models.manifest import ModelError, file_sha256
from udfs.programs.chunk_grammar import (
    GrammarError,
    GrammarSettings,
    program_grammar,
    repeated_targets_grammar,
    written,
)
from udfs.programs.operations import Normalize
from udfs.programs.parsing import parse

if TYPE_CHECKING:
    from llguidance import LLMatcher, LLTokenizer

LIVE = 16  # constraints that keep their state; twice the answers that grow together on a CPU

_GRAMMARS: dict[tuple[str, tuple[int, ...], GrammarSettings, int], "Grammars"] = {}


class Grammars:
    """Makes constraints for one tokenizer. It takes a third of a second for 32,000 tokens, a second for 150,000.

    The state of one takes about 5 MB, so only `live` of them, those that were asked last, keep it; another that is
    asked again, which a decoder does not do once its answer is complete, makes it anew."""

    def __init__(self, tokenizer_json: str, stop: tuple[int, ...], settings: GrammarSettings, live: int = LIVE) -> None:
        llguidance = _llguidance()
        try:
            self.tokenizer: LLTokenizer = llguidance.LLTokenizer(tokenizer_json, eos_token=list(stop))
        except Exception as error:  # it raises ValueError and what its parts in Rust raise
            sentence = " ".join(str(error).split())[:300]
            raise ModelError(
                f"llguidance cannot read the tokenizer ({sentence}); set constrained to false or export the model anew."
            ) from None
        self._limits = llguidance.LLParserLimits(
            # Prepared for all tokens, a chunk takes twice as long, for strings that few programs replace; without it a
            # step may take more, which is bounded by half a second.
            precompute_large_lexemes=False,
            initial_lexer_fuel=10_000_000,
            step_lexer_fuel=5_000_000,
        )
        self.settings = settings
        self._most_live = live
        self._live: OrderedDict[ProgramConstraint, None] = OrderedDict()

    def constraint(self, text: str, first_line: int) -> "ProgramConstraint":
        """The constraint of one program of a chunk, whose grammar is made when it is first asked."""
        return ProgramConstraint(self, text, first_line)

    def matcher(self, grammar: str, tokens: Sequence[int] = ()) -> "LLMatcher":
        """Where an answer that begins with `tokens` is in a grammar. Raises GrammarError."""
        matcher: LLMatcher = _llguidance().LLMatcher(self.tokenizer, grammar, log_level=0, limits=self._limits)
        if tokens:
            matcher.consume_tokens(list(tokens))
        _check(matcher)
        return matcher

    def keep(self, constraint: "ProgramConstraint") -> None:
        """Let a constraint have its state, and take that of the one that was asked longest ago."""
        self._live[constraint] = None
        self._live.move_to_end(constraint)
        while len(self._live) > self._most_live:
            self._live.popitem(last=False)[0].forget()

    def forget(self) -> None:
        """Give all memory back but the tokenizer's."""
        while self._live:
            self._live.popitem()[0].forget()


class ProgramConstraint:
    """`udfs.models.decoding.Constraint` for one program. Raises GrammarError where there is no grammar for the chunk or
    llguidance gives up, which costs that answer alone."""

    def __init__(self, grammars: Grammars, text: str, first_line: int) -> None:
        self._grammars, self._text, self._first_line = grammars, text, first_line
        self._tokens: list[int] = []
        self._targets: dict[str, str] = {}
        self._matchers: list[LLMatcher] = []  # of the program, and what holds repeated strings to their targets

    def fill(self, mask: NDArray[np.int32]) -> bool:
        """Write the allowed tokens into `mask`; False where the program is complete."""
        program, *repeats = self._held()
        _check(program)
        if program.is_stopped():
            self.forget()
            return False
        allowed = _mask_of(program)
        for matcher in repeats:
            allowed = allowed & _mask_of(matcher)
        if not allowed.any():
            raise GrammarError("no token of the model goes on with the program")
        size = min(len(mask), len(allowed))
        mask[:] = 0
        mask[:size] = allowed[:size]
        return True

    def accept(self, token: int) -> None:
        """Go on with a token."""
        for matcher in self._held():
            matcher.consume_token(token)
            _check(matcher)
        self._tokens.append(token)
        if b")" in self._grammars.tokenizer.decode_bytes([token]):
            self._note_targets()

    def forget(self) -> None:
        """Give memory back; what is asked next makes the state anew."""
        self._matchers = []

    def _held(self) -> Sequence["LLMatcher"]:
        self._grammars.keep(self)
        if not self._matchers:
            grammar = program_grammar(self._text, self._first_line, self._grammars.settings)
            self._matchers = [self._grammars.matcher(grammar, self._tokens), *self._repeats()]
        return self._matchers

    def _repeats(self) -> Iterator["LLMatcher"]:
        if self._targets:
            grammar = repeated_targets_grammar(self._grammars.settings, self._targets)
            yield self._grammars.matcher(grammar, self._tokens)

    def _note_targets(self) -> None:
        """Where another string is replaced now, hold it to what it is replaced with."""
        text = self._grammars.tokenizer.decode_bytes(self._tokens).decode("utf-8", "replace")
        calls = (call for call in parse(text) if isinstance(call, Normalize))
        targets = {written(call.source): written(call.target) for call in calls}
        if len(targets) > len(self._targets):
            self._targets = targets
            self._matchers = [self._matchers[0], *self._repeats()]


def load_grammars(tokenizer_file: Path, stop: tuple[int, ...], settings: GrammarSettings, live: int = LIVE) -> Grammars:
    """The grammars of a tokenizer; a second call in the same process is free. Raises ModelError where the file or
    llguidance cannot be used."""
    try:
        key = file_sha256(tokenizer_file), stop, settings, live
        if key not in _GRAMMARS:
            _GRAMMARS[key] = Grammars(tokenizer_file.read_text("utf-8"), stop, settings, live)
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(f"{tokenizer_file} cannot be read ({error}); restore the file.") from None
    return _GRAMMARS[key]


def _mask_of(matcher: "LLMatcher") -> NDArray[np.int32]:
    mask = np.frombuffer(matcher.compute_bitmask(), np.int32)
    _check(matcher)
    return mask


def _check(matcher: "LLMatcher") -> None:
    if matcher.is_error():
        raise GrammarError(f"llguidance gives up on the program ({' '.join(matcher.get_error().split())[:150]})")


def _llguidance() -> Any:
    try:
        import llguidance
    except ImportError:
        raise ModelError(
            "found no llguidance, which constrained programs need; install the extra cpu or gpu of corpusmill, or set "
            "constrained to false."
        ) from None
    return llguidance
