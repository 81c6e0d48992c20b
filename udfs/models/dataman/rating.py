"""Ratings of texts by a DataMan decoder: the same callable over texts as `udfs.models.rater`, from another model.

By default the answer's template is filled, so that every answer can be read and expected scores come with it; `free`
lets the model write what it likes, as the published code does, for comparison. A DataMan rater says nothing of edu and
format. What it says of a text depends on that text and its language alone.
"""

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from udfs.models.batching import Batching
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.dataman.answers import Answer, AnswerTemplate, Status, Weighed, asked, read_answer
from udfs.models.dataman.registry import LANGUAGES, Language
from udfs.models.dataman.request import Mode, Requester
from udfs.models.dataman.routing import RoutingSettings, request_language
from udfs.models.dataman.truncation import LIMITS, Limits, cleaned, shown
from udfs.models.decoder_manifest import load_decoder_manifest
from udfs.models.decoding import Decoder, Wanted
from udfs.models.manifest import TOKENIZER_FILE, ModelError, model_digest
from udfs.models.onnx_decoder import load_decoder
from udfs.models.rater import Rating
from udfs.models.tokens import load_tokenizer, window

Way = Literal["fill", "free"]
RATING_FORMATS = ("dataman", "other")
"""Formats of decoders that may rate."""

_SPARE_TOKENS = 32  # a cut text that is tokenised again may have a few more; of a character cut in two U+FFFD is left
_FEWEST_TOKENS = 16  # of a text, or there is nothing to rate
_RATERS: dict[tuple[object, ...], "DataManRater"] = {}


class _Asked(NamedTuple):
    """A text as it is asked about."""

    prompt: list[int]
    tokens: int  # of the whole text


class DataManRater:
    """Rates texts with a decoder. `language`: that of all requests, or None to follow the language of each text."""

    def __init__(
        self,
        decoder: Decoder,
        tokenizer: Any,
        *,
        language: Language | None = "en",
        way: Way = "fill",
        mode: Mode = "all_rating",
        routing: RoutingSettings | None = None,
    ) -> None:
        self._decoder, self._tokenizer, self._language, self._way = decoder, tokenizer, language, way
        self._routing = routing or RoutingSettings()
        self._template = AnswerTemplate(tokenizer, mode)
        spoken = LANGUAGES if language is None else (language,)
        self._requesters = {one: Requester(tokenizer, mode, one) for one in spoken}
        self._limits = {one: self._fitting(one) for one in spoken}

    def __call__(self, texts: list[str], languages: Sequence[str | None] | None = None) -> list[Rating | str]:
        """A rating of each text, or one sentence that says why there is none. `languages`: ISO codes, one a text.

        Raises ValueError for a mode that asks for less than a rating."""
        if len(asked(self._template.mode)) != 1 + len(CRITERIA):
            raise ValueError(f"found the mode {self._template.mode}, expected all_rating; set the mode of the rater.")
        return [
            said if isinstance(said, str) else self._rating(said, tokens)
            for said, tokens in self._weighed(texts, languages)
        ]

    def answers(self, texts: list[str], languages: Sequence[str | None] | None = None) -> list[Weighed | str]:
        """What the model says of each text, in any mode; or what went wrong before it could say anything."""
        return [said for said, _ in self._weighed(texts, languages)]

    def _weighed(self, texts: list[str], languages: Sequence[str | None] | None) -> list[tuple[Weighed | str, int]]:
        """What is said of each text, and its tokens."""
        codes = languages if languages is not None else [None] * len(texts)
        prepared = [self._prepared(text, code) for text, code in zip(texts, codes, strict=True)]
        prompts = [one.prompt for one in prepared if isinstance(one, _Asked)]
        said = iter(self._filled(prompts) if self._way == "fill" else self._free(prompts))
        return [(one, 0) if isinstance(one, str) else (next(said), one.tokens) for one in prepared]

    def _prepared(self, text: str, code: str | None) -> _Asked | str:
        language = self._language or request_language(code, self._routing)
        limits = self._limits[language]
        try:
            short = shown(self._tokenizer, cleaned(text), limits)
            if not short:
                return "the text has no tokens"
            prompt = self._requesters[language].ids(short)
            return _Asked(prompt, window(self._tokenizer, text, 0, 0).tokens)
        except Exception as error:  # lone surrogates, not a string: the tokenizer's kinds are not documented
            return f"the text cannot be tokenised ({type(error).__name__})"

    def _fitting(self, language: Language) -> Limits:
        """The published limits, or what the context of a smaller model leaves for a text."""
        room = self._decoder.context - self._requesters[language].overhead - len(self._template.slots) - _SPARE_TOKENS
        if room < _FEWEST_TOKENS:
            raise ModelError(
                f"found a model with a context of {self._decoder.context} tokens, expected one that holds DataMan's "
                "request and answer and some text; name the folder of a DataMan rater."
            )
        return LIMITS[language]._replace(tokens=min(LIMITS[language].tokens, room))

    def _filled(self, prompts: list[list[int]]) -> list[Weighed | str]:
        return [self._template.read(filled) for filled in self._decoder.fill(prompts, self._template.slots)]

    def _free(self, prompts: list[list[int]]) -> list[Weighed | str]:
        """Free answers know no probabilities but their own: the geometric mean of their tokens'."""
        found: list[Weighed | str] = []
        for one in self._decoder.generate([Wanted(prompt, len(self._template.slots)) for prompt in prompts]):
            if one.error:
                found.append(one.error)
                continue
            answer = read_answer(
                self._tokenizer.decode(list(one.tokens), skip_special_tokens=False), self._template.mode
            )
            shares = tuple(one.probability if name == answer.domain else 0.0 for name in DOMAINS)
            expected = tuple(map(float, answer.scores))
            found.append(Weighed(answer, expected, shares if answer.domain else (), one.probability))
        return found

    def _rating(self, weighed: Weighed, tokens: int) -> Rating | str:
        answer = weighed.answer
        if answer.status is not Status.OK or answer.domain is None:
            return _sentence(answer)
        numbers = (*weighed.expected, *weighed.domain_probabilities, weighed.confidence)
        if not all(math.isfinite(number) for number in numbers):
            return "the model gave no finite probabilities for the text"
        return Rating(
            domain=answer.domain,
            domain_probability=weighed.domain_probabilities[DOMAINS.index(answer.domain)],
            scores=answer.scores,
            expected=weighed.expected,
            edu=None,
            format=None,
            edu_expected=None,
            format_expected=None,
            confidence=weighed.confidence,
            tokens=tokens,
        )


def _sentence(answer: Answer) -> str:
    about = f" for {answer.fault}" if answer.fault else ""
    return f"the model's answer is no rating ({answer.status}{about})"


def load_dataman_rater(
    folder: str | Path,
    variant: str,
    threads: int,
    *,
    way: Way = "fill",
    mode: Mode = "all_rating",
    routing: RoutingSettings | None = None,
    batching: Batching | None = None,
    gpu: int = 0,
) -> DataManRater:
    """The rater of a decoder's folder; a second call in the same process is free. A model for one language is asked in
    it, one for any in that of each text.

    Raises ModelError (the folder cannot be used here) or ValueError (a bad setting). The rater itself never raises for
    a text.
    """
    key = (model_digest(folder), variant, threads, way, mode, routing, batching, gpu)
    if key not in _RATERS:
        manifest = load_decoder_manifest(folder)
        if manifest.format not in RATING_FORMATS:
            raise ModelError(
                f"{folder} holds a model for {manifest.format}, expected one for dataman; name the folder of a rater."
            )
        _RATERS[key] = DataManRater(
            load_decoder(folder, variant, threads, batching=batching, gpu=gpu),
            load_tokenizer(Path(folder) / TOKENIZER_FILE),
            language=None if manifest.language == "any" else manifest.language,
            way=way,
            mode=mode,
            routing=routing,
        )
    return _RATERS[key]
