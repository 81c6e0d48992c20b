"""Requests to DataMan's raters: ten of them byte for byte, their tokens with Qwen's ranks, and hostile pages."""

import unicodedata
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from tests.udfs.dataman_tokenizer import SPECIAL
from tests.udfs.texts import any_text
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.dataman.registry import CRITERION_LABELS, DOMAIN_BY_LETTER, DOMAIN_LABELS, Language
from udfs.models.dataman.request import MODES, Mode, Requester, chat_text, request_text
from udfs.models.manifest import ModelError

# As the published code writes them for the text {}; a line of a request is a line here.
ENGLISH: dict[Mode, str] = {
    "all_rating": """Please score the text on fourteen evaluation criteria and specify its domain:
Text: {}
Domain:_
[1]Accuracy:_/5
[2]Coherence:_/5
[3]Language Consistency:_/5
[4]Semantic Density:_/5
[5]Knowledge Novelty:_/5
[6]Topic Focus:_/5
[7]Creativity:_/5
[8]Professionalism:_/5
[9]Style Consistency:_/5
[10]Grammatical Diversity:_/5
[11]Structural Standardization:_/5
[12]Originality:_/5
[13]Sensitivity:_/5
[14]Overall Score:_/5""",
    "score_only": "Please give an overall score for the text:\nText: {}\nOverall Score:_/5",
    "domain_only": "Please specify an domain type for the text:\nText: {}\nDomain:_",
    "detprompt_score_only": """Please give an overall score for the text:
Text: {}
[1]Accuracy
[2]Coherence
[3]Language Consistency
[4]Semantic Density
[5]Knowledge Novelty
[6]Topic Focus
[7]Creativity
[8]Professionalism
[9]Style Consistency
[10]Grammatical Diversity
[11]Structural Standardization
[12]Originality
[13]Sensitivity
Overall Score:_/5""",
    "detprompt_domain_only": """Please specify an domain type for the text:
Text: {}
Domain Types: [A]Medicine [B]Finance [C]Law [D]Education [E]Technology [F]Entertainment [G]Mathematics [H]Coding """
    """[I]Government [J]Culture [K]Transportation [L]Retail E-commerce [M]Telecommunication [N]Agriculture [O]Other
Domain:_""",
}
CHINESE: dict[Mode, str] = {
    "all_rating": """请给出文本的十四项评价指标分数和领域类别:
文本: {}
领域:_
[1]准确性:_/5
[2]连贯性:_/5
[3]语种一致性:_/5
[4]信息含量:_/5
[5]知识新颖性:_/5
[6]专注度:_/5
[7]创意:_/5
[8]专业性:_/5
[9]风格一致性:_/5
[10]语法多样性:_/5
[11]结构规范性:_/5
[12]内容原创性:_/5
[13]敏感度:_/5
[14]总评:_/5""",
    "score_only": "请给出文本的整数总评分:\n文本: {}\n总评:_/5",
    "domain_only": "请给出文本的领域类型:\n文本: {}\n领域:_",
    "detprompt_score_only": """请给出文本的整数总评分:
文本: {}
[1]准确性
[2]连贯性
[3]语种一致性
[4]信息含量
[5]知识新颖性
[6]专注度
[7]创意
[8]专业性
[9]风格一致性
[10]语法多样性
[11]结构规范性
[12]内容原创性
[13]敏感度
总评:_/5""",
    "detprompt_domain_only": """请给出文本的领域类型:
文本: {}
领域类型：[A]医疗 [B]金融 [C]法律 [D]教育 [E]科技 [F]娱乐 [G]数学 [H]代码 [I]政务 [J]文化 [K]交通 [L]零售电商 """
    """[M]电信 [N]农业 [O]其他
领域:_""",
}
# Tokens of the whole prompt without the text.
OVERHEADS: dict[Language, tuple[int, ...]] = {"en": (174, 36, 33, 124, 106), "zh": (171, 36, 31, 121, 96)}

hostile = st.lists(st.one_of(st.sampled_from([*SPECIAL, "<|", "|>", "</s>", "<s>", "[/INST]"]), any_text), max_size=6)


@pytest.mark.parametrize("text", ["some text", "", "{text} {0} %s \\n {}", "two\nlines"])
@pytest.mark.parametrize("mode", MODES)
def test_requests_are_the_published_ones(mode: Mode, text: str) -> None:
    assert request_text(mode, "en", text) == ENGLISH[mode].replace("{}", text, 1)
    assert request_text(mode, "zh", text) == CHINESE[mode].replace("{}", text, 1)


def test_the_chat_format_is_the_published_one() -> None:
    assert chat_text("R") == (
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n<|im_start|>user\nR<|im_end|>\n"
        "<|im_start|>assistant\n"
    )


def test_labels_follow_the_names() -> None:
    for labels in CRITERION_LABELS.values():
        assert tuple(labels) == CRITERIA
    for labels in DOMAIN_LABELS.values():
        assert tuple(labels) == DOMAINS
    english = {name: label.lower().replace(" ", "_") for name, label in CRITERION_LABELS["en"].items()}
    assert english == {name: name for name in CRITERIA}
    assert [DOMAIN_BY_LETTER[letter] for letter in "AEHO"] == ["medicine", "technology", "coding", "other"]


@pytest.mark.parametrize("language", ["en", "zh"])
def test_prompts_take_the_published_number_of_tokens(qwen: Any, language: Language) -> None:
    assert tuple(Requester(qwen, mode, language).overhead for mode in MODES) == OVERHEADS[language]
    for mode in MODES:  # a word more is one token more
        assert len(Requester(qwen, mode, language).ids("text")) == Requester(qwen, mode, language).overhead + 1


def test_ids_are_those_of_the_whole_string(qwen: Any) -> None:
    """Oracle: the tokenizer itself on the whole prompt, reading its special tokens."""
    trusting = Tokenizer.from_str(qwen.to_str())
    assert trusting.encode(SPECIAL[1]).ids == [151644]
    for mode in MODES:
        for language, requests in (("en", ENGLISH), ("zh", CHINESE)):
            for text in ("some text", "", " two\n\nlines ", "漢字 😀 {x}", "1234 \t"):
                whole = trusting.encode(chat_text(requests[mode].replace("{}", text, 1))).ids
                assert Requester(qwen, mode, language).ids(text) == whole


@given(pieces=hostile)
def test_a_page_cannot_speak_as_the_chat_format(qwen: Any, pieces: list[str]) -> None:
    text = "".join(pieces)
    ids = Requester(qwen, "all_rating", "en").ids(text)
    assert [one for one in ids if one >= 151643] == [151644, 151645, 151644, 151645, 151644]
    if unicodedata.is_normalized("NFC", text):  # what its normaliser leaves alone
        assert request_text("all_rating", "en", text) in qwen.decode(ids, skip_special_tokens=False)


def test_a_tokenizer_that_would_read_special_tokens_is_refused(qwen: Any, llama2: Any) -> None:
    for other in (Tokenizer.from_str(qwen.to_str()), llama2):
        with pytest.raises(ModelError, match="expected one of Qwen2"):
            Requester(other, "all_rating", "en")
