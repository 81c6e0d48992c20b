"""Quality measures: every boundary of the published rules (shared/reference/dclm.md 2.2), vectors of DCLM's
own tests, where a signal is absent, and the compiled twins, those of lengths too."""

from typing import Any, get_args

import pytest
from hypothesis import given, settings

from tests.udfs.texts import any_text, real_texts
from udfs.text.kernels.measures import lengths as compiled_lengths
from udfs.text.kernels.measures import quality as compiled_quality
from udfs.text.measures import MEASURES, quality
from udfs.text.measures.quality import Language
from udfs.text.page import Page
from udfs.text.screening import Rule, ScreenSettings
from udfs.text.stop_words import STOP_WORDS


def page_in(language: str, text: str = "", probability: float = 1.0, accepted: tuple[str, ...] = ()) -> Page:
    page = Page(text, accepted)
    page.detected = (language, probability)
    return page


def passes(step: str, page: Page) -> bool:
    rule = ScreenSettings().rules[step]
    assert isinstance(rule, Rule)
    signal = MEASURES[rule.measure](page, **rule.arguments)
    return signal is None or rule.accepts(signal)


def test_language_is_strictly_above() -> None:
    assert not passes("language", page_in("en", probability=0.65))
    assert passes("language", page_in("en", probability=0.6500001))
    assert passes("language", page_in("de", probability=0.9))
    assert not passes("language", page_in("de", probability=0.9, accepted=("en", "fr")))
    assert passes("language", page_in("fr", probability=0.9, accepted=("en", "fr")))


@pytest.mark.parametrize(("words", "kept"), [(49, False), (50, True), (100_000, True), (100_001, False)])
def test_word_count(words: int, kept: bool) -> None:
    text = " ".join(["word"] * words) + " --- ! _x </s> \n#tag"  # none of these begins with a letter or digit
    assert passes("word_count", Page(text)) is kept


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("a\u00a0b", 1),
        ("a\u3000b c", 2),
        ("a\0b\tc\vd\fe\rf\ng", 7),
        ("", 0),
        ("½ ² (a) é", 3),
        ("a\x1cb", 1),
    ],
)
def test_words_are_cut_as_fasttext_cuts_them(text: str, count: int) -> None:
    assert quality.word_count(Page(text)) == count


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("abc abc", True),
        ("abc ab", False),
        ("a" * 10 + " " + "b" * 10, True),
        ("a" * 10 + " " + "b" * 11, False),
        ("", False),
    ],
)
def test_mean_word_length(text: str, kept: bool) -> None:
    assert passes("mean_word_length", Page(text)) is kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("word " * 9 + "#one", True),
        ("word " * 8 + "#one", False),
        ("word " * 9 + "end...", True),
        ("word " * 8 + "end… #", False),
        ("word " * 17 + ". . .", True),
        ("", False),
    ],
)
def test_symbol_ratio(text: str, kept: bool) -> None:
    assert passes("symbol_ratio", Page(text)) is kept


@pytest.mark.parametrize("bullet", ["●", "•", "*", "-"])
@pytest.mark.parametrize(
    ("bullets", "lines", "kept"), [(9, 10, True), (10, 11, False), (27, 30, True), (10, 10, False)]
)
def test_bullets(bullet: str, bullets: int, lines: int, kept: bool) -> None:
    text = f"  {bullet} one \n\n" * bullets + "plain\n \n" * (lines - bullets)
    assert passes("bullet_lines_ratio", Page(text)) is kept


@pytest.mark.parametrize("ellipsis", ["...", ". . .", "…"])
@pytest.mark.parametrize(("ellipses", "lines", "kept"), [(3, 10, True), (4, 11, False), (9, 30, True)])
def test_ellipses(ellipsis: str, ellipses: int, lines: int, kept: bool) -> None:
    text = f"more{ellipsis} \n\n" * ellipses + "plain.\n" * (lines - ellipses)
    assert passes("ellipsis_lines_ratio", Page(text)) is kept


@pytest.mark.parametrize("limit", [0.3, 0.9])
def test_a_share_and_a_product_decide_alike(limit: float) -> None:
    """DCLM compares the count with limit x lines; rounding must not make that another verdict."""
    for lines in range(1, 5000):
        for count in range(int(limit * lines) - 1, int(limit * lines) + 2):
            assert (count / lines > limit) == (count > limit * lines)


@pytest.mark.parametrize(
    ("other", "words", "kept"), [(2, 10, True), (21, 100, False), (20, 100, True), (3, 10, False), (0, 0, False)]
)
def test_words_without_a_letter(other: int, words: int, kept: bool) -> None:
    text = "12 " * other + "3rd " * (words - other)
    assert passes("non_alphabetic_words_ratio", Page(text)) is kept


@pytest.mark.parametrize(
    ("text", "kept"),
    [("The cat", False), ("THE the", True), ("the, of.", False), ("Be with", True), ("theof and", False)],
)
def test_english_stop_words(text: str, kept: bool) -> None:
    assert passes("stop_word_count", page_in("en", text)) is kept


def test_stop_words_of_other_languages() -> None:
    assert passes("stop_word_count", page_in("de", "Der Hund und die Katze"))
    assert not passes("stop_word_count", page_in("de", "the cat and the dog have"))
    assert quality.stop_word_count(page_in("fi", "the cat and the dog have")) is None
    assert STOP_WORDS["en"] == {"the", "be", "to", "of", "and", "that", "have", "with"}
    assert all(len(words) >= 8 and words == {w.lower() for w in words} for words in STOP_WORDS.values())


@pytest.mark.parametrize(
    "text",
    [
        "河水很高，那天没有人敢过河。",
        "川の水が高かったので、その日は誰も渡ろうとしなかった。",
        "แม่น้ำสูงและวันนั้นไม่มีใครกล้าข้าม",
    ],
)
def test_scripts_without_spaces(text: str) -> None:
    page = Page(text * 10)
    assert page.is_unspaced
    assert quality.word_count(page) is None
    assert quality.mean_word_length(page) is None
    assert all(passes(step, page) for step in ScreenSettings().rules)
    assert not passes("unspaced_letters", Page(text))


def test_korean_and_a_chinese_name_in_english_are_spaced() -> None:
    assert not Page("강물이 높았고 그날은 아무도 건너려 하지 않았다.").is_unspaced
    assert not Page("The river 黄河 was high.").is_unspaced
    assert quality.unspaced_letters(Page("The river 黄河 was high.")) is None


def measured(measure: str, text: str, **arguments: Any) -> float | None:
    return MEASURES[measure](Page(text), **arguments)


@pytest.mark.parametrize(
    ("words", "punctuation", "count"),
    [("space", False, 5), ("fasttext", False, 4), ("unicode", False, 7), ("space", True, 8), ("unicode", True, 15)],
)
def test_kinds_of_words(words: str, punctuation: bool, count: int) -> None:
    text = "don't stop - 3.14\u00a0m (a-b) x.\n..."
    assert measured("word_count", text, words=words, punctuation=punctuation) == count


def test_published_fasttext_words_have_a_mark_for_each_line_break() -> None:
    assert measured("word_count", "a\n\n- \u00a0 b", punctuation=True) == 5
    assert measured("word_count", "a\n\n- \u00a0 b") == 2


def test_any_script_is_measured_as_published() -> None:
    chinese = "河水很高，那天没有人敢过河。 " * 10
    assert measured("word_count", chinese) is None
    assert measured("word_count", chinese, scripts="any") == 10
    assert measured("mean_word_length", chinese, scripts="any") == 14
    assert measured("symbol_ratio", chinese + "#", scripts="any") == 1 / 11
    assert measured("symbol_ratio", chinese + "#") == 1 / 120


def test_stop_words_of_a_named_language() -> None:
    page = page_in("de", "Der the THE und of")
    assert quality.stop_word_count(page) == 2
    assert quality.stop_word_count(page, language="en") == 3
    assert quality.stop_word_count(page, language="en", count="unique") == 2
    assert set(get_args(Language)) == {"page", *STOP_WORDS}


CALLS: list[tuple[str, dict[str, Any]]] = [
    ("word_count", {}),
    ("word_count", {"scripts": "any"}),
    *(("word_count", {"words": words, "punctuation": True, "scripts": "any"}) for words in get_args(quality.Words)),
    *(("word_count", {"words": words}) for words in get_args(quality.Words)),
    ("unspaced_letters", {}),
    *((name, {"scripts": how}) for name in ("mean_word_length", "symbol_ratio") for how in ("aware", "any")),
    ("bullet_lines_ratio", {}),
    ("ellipsis_lines_ratio", {}),
    ("non_alphabetic_words_ratio", {}),
    *(("stop_word_count", {"language": lang, "count": how}) for lang in STOP_WORDS for how in ("all", "unique")),
    ("character_count", {}),
    ("line_count", {}),
    ("paragraph_count", {}),
    ("longest_line_length", {}),
    ("mean_line_length", {}),
    ("alphanumeric_ratio", {}),
    ("removed_words_ratio", {"since": "first"}),
]
COMPILED = {**compiled_quality.MEASURES, **compiled_lengths.MEASURES}


def compare(name: str, text: str) -> None:
    defined, compiled = Page(text), Page(text)
    defined.past = compiled.past = {"first": 7.0}
    for measure, arguments in CALLS:
        ours, expected = COMPILED[measure](compiled, **arguments), MEASURES[measure](defined, **arguments)
        assert repr(ours) == repr(expected), (measure, arguments, name)


def test_compiled_measures_equal_the_definitions_on_real_texts() -> None:
    for name, text in real_texts(100):
        compare(name, text)


@given(any_text)
@settings(max_examples=300, deadline=None)
def test_compiled_measures_equal_the_definitions_on_any_text(text: str) -> None:
    compare("", text)
