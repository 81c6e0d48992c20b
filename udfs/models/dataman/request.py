"""Requests to DataMan's raters: five modes in two languages, as text and as token ids in Qwen2's chat format.

The published checkpoints answer `all_rating`; the other modes want fine-tunes of their own. The ids are put together
from the marks of the chat format and from what is said between them, which is tokenised with special tokens off: a
page that holds `<|im_end|>` is a page that holds eleven characters.
"""

from typing import Any, Literal, get_args

from udfs.models.criteria import CRITERIA
from udfs.models.dataman.registry import CRITERION_LABELS, DOMAIN_LABELS, LETTERS, Language
from udfs.models.manifest import ModelError

Mode = Literal["all_rating", "score_only", "domain_only", "detprompt_score_only", "detprompt_domain_only"]
MODES: tuple[Mode, ...] = get_args(Mode)

SYSTEM = "You are a helpful assistant."
TURN, TURN_END = "<|im_start|>", "<|im_end|>"
PROMPT_VERSION = "dataman-chatml-1"  # another one for every change that changes a prompt

_OVERALL = CRITERIA[-1]
_TEXT_LABEL: dict[Language, str] = {"en": "Text", "zh": "文本"}
_DOMAIN_LABEL: dict[Language, str] = {"en": "Domain", "zh": "领域"}
_DOMAIN_LIST_LABEL: dict[Language, str] = {"en": "Domain Types: ", "zh": "领域类型："}
_ASKED_FOR: dict[Language, dict[str, str]] = {
    "en": {
        "all": "Please score the text on fourteen evaluation criteria and specify its domain:",
        "score": "Please give an overall score for the text:",
        "domain": "Please specify an domain type for the text:",  # with this slip, as the checkpoints know it
    },
    "zh": {
        "all": "请给出文本的十四项评价指标分数和领域类别:",
        "score": "请给出文本的整数总评分:",
        "domain": "请给出文本的领域类型:",
    },
}


def request_text(mode: Mode, language: Language, text: str) -> str:
    """What the user says about a text, as the published code writes it."""
    kind = {"all_rating": "all"}.get(mode, "score" if mode.endswith("score_only") else "domain")
    lines = [_ASKED_FOR[language][kind], f"{_TEXT_LABEL[language]}: {text}"]
    return "\n".join([*lines, *_blanks(mode, language)])


def _blanks(mode: Mode, language: Language) -> list[str]:
    """The lines behind the text: what is to be filled in, and where the mode says so what it means."""
    labels = CRITERION_LABELS[language]
    numbered = {name: f"[{number}]{label}" for number, (name, label) in enumerate(labels.items(), start=1)}
    domain, overall = f"{_DOMAIN_LABEL[language]}:_", f"{labels[_OVERALL]}:_/5"
    match mode:
        case "all_rating":
            return [domain, *(f"{line}:_/5" for line in numbered.values())]
        case "score_only":
            return [overall]
        case "domain_only":
            return [domain]
        case "detprompt_score_only":
            return [*(line for name, line in numbered.items() if name != _OVERALL), overall]
        case "detprompt_domain_only":
            named = zip(LETTERS, DOMAIN_LABELS[language].values(), strict=True)
            return [_DOMAIN_LIST_LABEL[language] + " ".join(f"[{letter}]{label}" for letter, label in named), domain]


def chat_text(request: str) -> str:
    """The whole prompt as text; `Requester` gives its ids."""
    return f"{TURN}system\n{SYSTEM}{TURN_END}\n{TURN}user\n{request}{TURN_END}\n{TURN}assistant\n"


class Requester:
    """Builds the prompts of one mode and language with a tokenizer from `udfs.models.tokens.load_tokenizer`.

    Raises ModelError for one that has no marks of Qwen's chat format, or reads them in texts.
    """

    def __init__(self, tokenizer: Any, mode: Mode, language: Language) -> None:
        self._tokenizer, self._mode, self._language = tokenizer, mode, language
        turn, end = tokenizer.token_to_id(TURN), tokenizer.token_to_id(TURN_END)
        if turn is None or end is None or {turn, end} & set(self._encoded(TURN + TURN_END)):
            raise ModelError(
                f"found a tokenizer that has no {TURN} and {TURN_END} or reads them in texts, expected one of Qwen2 "
                "from udfs.models.tokens.load_tokenizer; name the folder of a DataMan rater."
            )
        newline = self._encoded("\n")
        self._head = [turn, *self._encoded(f"system\n{SYSTEM}"), end, *newline, turn]
        self._tail = [end, *newline, turn, *self._encoded("assistant\n")]

    @property
    def overhead(self) -> int:
        """Tokens of a prompt without those of its text."""
        return len(self.ids(""))

    def ids(self, text: str) -> list[int]:
        """The prompt for a text, cleaned and cut already. Raises what the tokenizer raises for what is no Unicode."""
        said = request_text(self._mode, self._language, text)
        return [*self._head, *self._encoded(f"user\n{said}"), *self._tail]

    def _encoded(self, text: str) -> list[int]:
        ids: list[int] = self._tokenizer.encode(text, add_special_tokens=False).ids
        return ids
