"""Answers of DataMan's raters: reading any text, templates, expected scores; and the rater on a made-up decoder."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

from tests.udfs.dataman_tokenizer import byte_letters
from tests.udfs.texts import any_text
from udfs.models.criteria import CRITERIA, DOMAINS
from udfs.models.dataman.answers import Answer, AnswerTemplate, Status, Weighed, asked, read_answer
from udfs.models.dataman.rating import DataManRater
from udfs.models.dataman.request import MODES, Mode
from udfs.models.dataman.routing import RoutingSettings, request_language
from udfs.models.decoding import Filled, Generated, Slot, Wanted
from udfs.models.manifest import ModelError
from udfs.models.rater import Rating
from udfs.models.raters import routed

EXAMPLE = "E\n4\n4\n5\n4\n3\n5\n2\n4\n5\n4\n4\n4\n5\n4"
ZEROS = "H\n" + "0\n" * 12 + "5\n0"  # what the published model says of some XML


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    """A token a byte, and the marks of the chat format."""
    letters = byte_letters()
    made = Tokenizer(models.BPE({letters[byte]: byte for byte in range(256)}, []))
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    made.decoder = decoders.ByteLevel()
    made.add_special_tokens([AddedToken(name, special=True) for name in ("<|im_start|>", "<|im_end|>")])
    made.encode_special_tokens = True
    return made


def test_the_published_example_is_read() -> None:
    found = read_answer(EXAMPLE, "all_rating")
    assert found == Answer(Status.OK, "", "technology", (4, 4, 5, 4, 3, 5, 2, 4, 5, 4, 4, 4, 5, 4))
    assert read_answer(f" {EXAMPLE}\n", "all_rating") == found


@pytest.mark.parametrize(
    ("text", "status", "fault"),
    [
        (ZEROS, Status.ZERO_SCORE, "accuracy"),
        ("", Status.EMPTY, ""),
        (" \n\t\n", Status.EMPTY, ""),
        (EXAMPLE[:-2], Status.WRONG_LINES, ""),
        (EXAMPLE + "\n4", Status.WRONG_LINES, ""),
        (EXAMPLE.replace("\n", "\n\n"), Status.WRONG_LINES, ""),
        ("P" + EXAMPLE[1:], Status.BAD_DOMAIN, "domain"),
        ("e" + EXAMPLE[1:], Status.BAD_DOMAIN, "domain"),
        ("Technology" + EXAMPLE[1:], Status.BAD_DOMAIN, "domain"),
        (EXAMPLE[:-1] + "6", Status.OUT_OF_RANGE, "overall_score"),
        (EXAMPLE[:-1] + "1" * 5_000, Status.OUT_OF_RANGE, "overall_score"),
        (EXAMPLE[:-1] + "04", Status.OUT_OF_RANGE, "overall_score"),
        (EXAMPLE[:-1] + "00", Status.ZERO_SCORE, "overall_score"),
        (EXAMPLE[:-1] + "4/5", Status.NOT_A_DIGIT, "overall_score"),
        (EXAMPLE[:-1] + "４", Status.NOT_A_DIGIT, "overall_score"),
        (EXAMPLE[:-1] + "²", Status.NOT_A_DIGIT, "overall_score"),
        (EXAMPLE[:-1] + "-4", Status.NOT_A_DIGIT, "overall_score"),
        (EXAMPLE[:-1] + "4.0", Status.NOT_A_DIGIT, "overall_score"),
        ("E\n\n" + EXAMPLE[4:], Status.NOT_A_DIGIT, "accuracy"),
    ],
)
def test_what_is_no_rating_says_why(text: str, status: Status, fault: str) -> None:
    assert read_answer(text, "all_rating") == Answer(status, fault)


def test_the_other_modes_have_one_line() -> None:
    for mode in ("score_only", "detprompt_score_only"):
        assert read_answer("4", mode) == Answer(Status.OK, "", None, (4,))
        assert read_answer("E", mode) == Answer(Status.NOT_A_DIGIT, "overall_score")
    for mode in ("domain_only", "detprompt_domain_only"):
        assert read_answer(" O\n", mode) == Answer(Status.OK, "", "other")
        assert read_answer("4", mode) == Answer(Status.BAD_DOMAIN, "domain")


near = st.lists(st.sampled_from([*"ABCO05169", "\n", "\n", " ", "10", "é"]), max_size=40).map("".join)
ratings = st.tuples(st.sampled_from("ABCDEFGHIJKLMNO"), st.lists(st.integers(0, 6), min_size=14, max_size=14))
written = ratings.map(lambda one: "\n".join([one[0], *map(str, one[1])]))


@given(
    text=st.one_of(any_text, near, written, st.text(st.characters(exclude_categories=[]))), mode=st.sampled_from(MODES)
)
def test_reading_never_raises_and_ok_means_ok(text: str, mode: Mode) -> None:
    found = read_answer(text, mode)
    if found.status is Status.OK:
        letter = [chr(ord("A") + DOMAINS.index(found.domain))] if found.domain else []
        assert "\n".join([*letter, *map(str, found.scores)]) == text.strip()
        assert all(1 <= score <= 5 for score in found.scores)
        assert len(found.scores) + bool(found.domain) == len(asked(mode))
    else:
        assert not found.scores
        assert found.domain is None


@given(one=ratings)
def test_ratings_are_read_or_their_first_bad_score_is_told(one: tuple[str, list[int]]) -> None:
    found = read_answer("\n".join([one[0], *map(str, one[1])]), "all_rating")
    bad = [number for number, score in enumerate(one[1]) if not 1 <= score <= 5]
    if not bad:
        assert found.scores == tuple(one[1])
    else:
        assert found.fault == CRITERIA[bad[0]]
        assert found.status is (Status.OUT_OF_RANGE if one[1][bad[0]] else Status.ZERO_SCORE)


# --- templates


def test_the_template_has_29_slots(tokenizer: Any) -> None:
    template = AnswerTemplate(tokenizer, "all_rating")
    assert len(template.slots) == 29
    assert template.slots[0].allowed == tuple(range(ord("A"), ord("O") + 1))
    assert all(slot.allowed == (ord("\n"),) for slot in template.slots[1::2])
    assert all(slot.allowed == tuple(range(ord("0"), ord("5") + 1)) for slot in template.slots[2::2])
    assert all(slot.guess in slot.allowed for slot in template.slots)
    assert read_answer("".join(chr(slot.guess) for slot in template.slots), "all_rating").status is Status.OK
    assert [len(AnswerTemplate(tokenizer, mode).slots) for mode in MODES] == [29, 1, 1, 1, 1]
    assert AnswerTemplate(tokenizer, "domain_only").slots[0].allowed[0] == ord("A")


def test_slots_are_in_the_order_of_their_ids(tokenizer: Any) -> None:
    letters = byte_letters()
    backwards = Tokenizer(models.BPE({letters[byte]: 255 - byte for byte in range(256)}, []))
    backwards.pre_tokenizer, backwards.decoder = tokenizer.pre_tokenizer, decoders.ByteLevel()
    template = AnswerTemplate(backwards, "domain_only")
    assert template.slots[0].allowed == tuple(range(255 - ord("O"), 255 - ord("A") + 1))
    shares = tuple(0.3 if place == 14 else 0.05 for place in range(15))  # the last is A
    found = template.read(Filled((255 - ord("A"),), (shares,), True, 1))
    assert isinstance(found, Weighed)
    assert (found.answer.domain, found.confidence) == ("medicine", 0.3)
    assert found.domain_probabilities == (0.3, *(0.05,) * 14)


def test_a_tokenizer_that_joins_lines_is_refused() -> None:
    joined = Tokenizer(models.BPE({"4": 0, "Ċ": 1, "Ċ4": 2, "A": 3}, [("Ċ", "4")]))
    joined.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    with pytest.raises(ModelError, match="single tokens"):
        AnswerTemplate(joined, "all_rating")


def shares_of(rows: np.ndarray[Any, Any]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(map(float, row / row.sum())) for row in rows)


def filled_by(template: AnswerTemplate, dice: np.random.Generator) -> tuple[Filled, list[np.ndarray[Any, Any]]]:
    """A template filled at random as a decoder does it: the most probable of each slot."""
    tokens, rows = [], []
    for slot in template.slots:
        if len(slot.allowed) == 1:
            tokens.append(slot.allowed[0])
        else:
            weights = dice.random(len(slot.allowed))
            rows.append(weights / weights.sum())
            tokens.append(slot.allowed[int(weights.argmax())])
    return Filled(tuple(tokens), tuple(tuple(map(float, row)) for row in rows), True, 3), rows


def test_expected_scores_are_means_over_the_scores_that_count(tokenizer: Any) -> None:
    """Oracle: numpy, on 300 made-up answers."""
    template, dice = AnswerTemplate(tokenizer, "all_rating"), np.random.default_rng(2)
    seen = 0
    for _ in range(300):
        filled, rows = filled_by(template, dice)
        found = template.read(filled)
        assert isinstance(found, Weighed)
        text = "".join(map(chr, filled.tokens))
        assert found.answer == read_answer(text, "all_rating")
        if found.answer.status is Status.OK:
            seen += 1
            assert found.domain_probabilities == pytest.approx(rows[0])
            five = np.array([row[1:] / row[1:].sum() for row in rows[1:]])
            assert found.expected == pytest.approx(five @ np.arange(1, 6))
            assert found.confidence == pytest.approx(five[-1].max())
    assert seen > 10


def test_a_failed_filling_is_its_error(tokenizer: Any) -> None:
    assert AnswerTemplate(tokenizer, "all_rating").read(Filled((), (), False, 1, "no memory")) == "no memory"


# --- the rater


class FakeDecoder:
    """Says EXAMPLE of everything, but of prompts that hold an `@` that it fails, and of those with a `0` ZEROS."""

    context = 4000

    def __init__(self) -> None:
        self.prompts: list[str] = []

    def generate(self, wanted: Sequence[Wanted]) -> list[Generated]:
        return [
            Generated((), "error", 0.0, "no memory")
            if self._text(one.prompt) is None
            else Generated(tuple(str(self._text(one.prompt)).encode()), "length", 0.5)
            for one in wanted
        ]

    def choose(self, prompts: Sequence[Sequence[int]], allowed: Sequence[int]) -> list[Any]:
        raise NotImplementedError

    def fill(self, prompts: Sequence[Sequence[int]], template: Sequence[Slot]) -> list[Filled]:
        found = []
        for prompt in prompts:
            text = self._text(prompt)
            if text is None:
                found.append(Filled((), (), False, 1, "no memory"))
                continue
            tokens = tuple(text.encode())
            shares = tuple(
                tuple(0.6 if one == token else 0.4 / (len(slot.allowed) - 1) for one in slot.allowed)
                for slot, token in zip(template, tokens, strict=True)
                if len(slot.allowed) > 1
            )
            found.append(Filled(tokens, shares, True, 1))
        return found

    def _text(self, prompt: Sequence[int]) -> str | None:
        said = bytes(one for one in prompt if one < 256).decode()
        self.prompts.append(said)
        return None if "@" in said else ZEROS if "XML" in said else EXAMPLE


@pytest.mark.parametrize("way", ["fill", "free"])
def test_texts_are_rated_or_explained(tokenizer: Any, way: Any) -> None:
    rate = DataManRater(FakeDecoder(), tokenizer, way=way)
    texts: list[Any] = ["a good text", "", " \n", "an @ here", "\ud800", "<XML>", "a good text", '"..."', None]
    found = rate(texts)
    good = found[0]
    assert isinstance(good, Rating)
    assert good == found[6]
    assert (good.domain, good.scores) == ("technology", (4, 4, 5, 4, 3, 5, 2, 4, 5, 4, 4, 4, 5, 4))
    assert (good.edu, good.format, good.tokens) == (None, None, len("a good text"))
    assert found[1] == found[2] == found[7] == "the text has no tokens"
    assert found[3] == "no memory"
    assert found[5] == "the model's answer is no rating (zero_score for accuracy)"
    assert isinstance(found[4], str)
    assert isinstance(found[8], str)
    assert rate([]) == []
    if way == "fill":
        assert good.domain_probability == pytest.approx(0.6)
        # 0.6 for the 4, 0.08 for each other digit, of which 0 does not count.
        assert good.confidence == pytest.approx(0.6 / 0.92)
        assert good.expected[0] == pytest.approx((4 * 0.6 + 0.08 * (1 + 2 + 3 + 5)) / 0.92)
    else:
        assert (good.domain_probability, good.confidence, good.expected) == (0.5, 0.5, tuple(map(float, good.scores)))


def test_a_context_that_is_small_leaves_less_of_the_text(tokenizer: Any) -> None:
    decoder = FakeDecoder()
    DataManRater(decoder, tokenizer)(["x" * 100_000 + "end"])
    (prompt,) = decoder.prompts
    assert len(prompt) + 29 <= decoder.context
    assert "xxx...xxx" in prompt
    assert "xend\nDomain" in prompt
    decoder.context = 400
    with pytest.raises(ModelError, match="context of 400"):
        DataManRater(decoder, tokenizer)


def test_a_text_is_asked_about_in_its_language(tokenizer: Any) -> None:
    decoder = FakeDecoder()
    DataManRater(decoder, tokenizer, language=None)(["a", "b", "c"], ["zh", "de", None])
    assert ["文本: a" in decoder.prompts[0], "Text: b" in decoder.prompts[1], "Text: c" in decoder.prompts[2]] == [
        True
    ] * 3
    decoder.prompts.clear()
    DataManRater(decoder, tokenizer, language="en")(["a"], ["zh"])
    assert "Text: a" in decoder.prompts[0]


@pytest.mark.parametrize(
    ("code", "language"),
    [
        *((code, "zh") for code in ("zh", "zh-Hans", "ZH_CN", "cmn", "cmn_Hani", "yue", "wuu", " zh ")),
        *((code, "en") for code in ("ja", "", None, "en", "zha", "zh2")),
    ],
)
def test_languages(code: str | None, language: str) -> None:
    assert request_language(code, RoutingSettings()) == language
    assert request_language("ja", RoutingSettings(chinese=("ja",))) == "zh"


def test_each_language_goes_to_its_model() -> None:
    def rater(name: str) -> Any:
        return lambda texts, languages: [f"{name} {text} {code}" for text, code in zip(texts, languages, strict=True)]

    raters = {"en": rater("E"), "zh": rater("Z")}

    def both(texts: list[str], codes: list[str | None]) -> list[Any]:
        return [
            said for _, said in routed(texts, codes, lambda code: request_language(code, RoutingSettings()), raters.get)
        ]

    assert both(["a", "b", "c"], ["zh", "en", "zho"]) == ["Z a zh", "E b en", "Z c zho"]
    assert both(["a"], [None]) == ["E a None"]
    assert routed(["a"], ["zh"], lambda _: "en", raters.get) == [("en", "E a zh")]


def test_a_mode_that_asks_for_less_gives_answers_and_no_ratings(tokenizer: Any) -> None:
    class OneDigit(FakeDecoder):
        def fill(self, prompts: Sequence[Sequence[int]], template: Sequence[Slot]) -> list[Filled]:
            return [Filled((ord("3"),), ((0.1, 0.1, 0.1, 0.5, 0.1, 0.1),), True, 1) for _ in prompts]

    rate = DataManRater(OneDigit(), tokenizer, mode="score_only")
    (found,) = rate.answers(["a text"])
    assert isinstance(found, Weighed)
    assert found.answer.scores == (3,)
    assert found.expected == pytest.approx([(0.1 + 0.2 + 1.5 + 0.4 + 0.5) / 0.9])
    assert found.confidence == pytest.approx(0.5 / 0.9)
    with pytest.raises(ValueError, match="expected all_rating"):
        rate(["a text"])


def test_numbers_that_are_none_are_no_rating(tokenizer: Any) -> None:
    class Broken(FakeDecoder):
        def fill(self, prompts: Sequence[Sequence[int]], template: Sequence[Slot]) -> list[Filled]:
            return [
                one._replace(probabilities=tuple((math.nan,) * len(row) for row in one.probabilities))
                for one in super().fill(prompts, template)
            ]

    assert DataManRater(Broken(), tokenizer)(["a"]) == ["the model gave no finite probabilities for the text"]
