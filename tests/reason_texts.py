"""Made-up pages that screening rejects: for each reason of each shipped recipe one page of which it is the reason,
and a sentence on each reason that no page can have."""

from collections.abc import Mapping
from typing import NamedTuple

from tests.made_up_prose import LONG, STOP, TEN_LETTERS, TWO_LETTERS, WORDS, drawn, prose, sentences, shouted, woven


class Example(NamedTuple):
    """A page."""

    text: str
    url: str = ""


Examples = Mapping[str, Example]


def pages(texts: Mapping[str, str]) -> dict[str, Example]:
    """Pages without an address."""
    return {reason: Example(text) for reason, text in texts.items()}


ONE, TWO, THREE, *OTHERS = sentences(16, seed=3)
LONG_LINE = " ".join(sentences(5, seed=4))
NUMBERED = " ".join(f"{word} {number}" for number, word in enumerate(drawn(60)))
NO_STOP_WORDS = " ".join(sentences(8, of=WORDS[len(STOP) + 25 :]))  # nothing but nouns, adjectives and verbs
GERMAN = "Der Fluss war an diesem Tag sehr hoch. Niemand im Dorf wagte es, ihn zu überqueren. Also warteten alle. "
BULLETS = "\n".join(f"- {one}" for one in sentences(10))
TRAILING_DOTS = "\n".join(sentences(6, end="...") + sentences(6, seed=1))

DEFAULT_EXAMPLES = pages(
    {
        "language": "The river was high. Der Fluss war hoch. La rivière était haute. El río estaba alto. Era alto.",
        "word_count": ONE,
        "unspaced_letters": "那天河水很高，村里没有人敢骑马过河，也没有人敢游泳。",
        "mean_word_length": " ".join(drawn(60, of=TWO_LETTERS)),
        "symbol_ratio": prose() + " #" * 20,
        "bullet_lines_ratio": BULLETS,
        "ellipsis_lines_ratio": TRAILING_DOTS,
        "non_alphabetic_words_ratio": NUMBERED,
        "stop_word_count": NO_STOP_WORDS,
    }
)

LINE_RULES = pages(
    {
        "url_removal_modifier": "https://river.com/high?tide=1",
        "newline_removal_modifier": "\n\n\n\n",
        "language_filter": GERMAN * 5,
        "page_length_filter": ONE,
        "word_length_filter": " ".join(drawn(60, of=TWO_LETTERS)),
        "symbol_ratio_filter": prose() + " #" * 20,
        "bullet_count_filter": BULLETS,
        "ellipsis_count_filter": TRAILING_DOTS,
        "alphabetic_word_ratio_filter": NUMBERED,
        "stop_word_filter": NO_STOP_WORDS,
        "massive_web_repetition_filters_lines": "\n".join([ONE, ONE, TWO, TWO, *OTHERS[:6]]),
        "massive_web_repetition_filters_paragraphs": "\n\n".join(
            [ONE, "\n".join(OTHERS[:4]), ONE, "\n".join(OTHERS[4:8])]
        ),
        "massive_web_repetition_filters_line_characters": "\n".join([LONG_LINE, *OTHERS, LONG_LINE]),
        # white space inside a paragraph is part of it, and of none of its lines
        "massive_web_repetition_filters_paragraph_characters": "\n\n".join(
            [*OTHERS, *[f"Small boats.\n{' ' * 300}\nWhite boats."] * 2]
        ),
        "massive_web_repetition_filters_top_2grams": woven(2, phrases=1, copies=8, between=6),
        "massive_web_repetition_filters_top_3grams": woven(3, phrases=1, copies=8, between=11),
        "massive_web_repetition_filters_top_4grams": woven(4, phrases=1, copies=8, between=16),
        "massive_web_repetition_filters_repeated_5grams": woven(5, phrases=5, copies=2, between=15),
        "massive_web_repetition_filters_repeated_6grams": woven(6, phrases=5, copies=2, between=33),
        "massive_web_repetition_filters_repeated_7grams": woven(7, phrases=5, copies=2, between=41),
        "massive_web_repetition_filters_repeated_8grams": woven(8, phrases=5, copies=2, between=51),
        "massive_web_repetition_filters_repeated_9grams": woven(9, phrases=5, copies=2, between=64),
        "massive_web_repetition_filters_repeated_10grams": woven(10, phrases=5, copies=2, between=79),
        # A line rule rejects where nothing is left, so another has to take the words that the rules before count.
        "uppercase_ratio_line_modifier": shouted(),
        "numeric_ratio_line_modifier": shouted("1234567"),
        "counter_line_modifier": shouted("3 likes"),
        "line_length_modifier": shouted("Welcome"),
        "substring_line_modifier": shouted("Items in cart"),
        "substring_line_modifier_2": shouted("Read more..."),
        "substring_line_modifier_3": shouted("Sign-in items in cart"),
        "word_removal_ratio_filter": prose() + "\nTHE RIVER WAS HIGH THAT DAY AND NOBODY DARED",
    }
)


def url_rules(numbers: str) -> dict[str, Example]:
    """Pages whose address the lists of `LISTS` name; `numbers` are those of the steps by words, strict to soft."""
    strict, hard, soft = (f"url_substring_filter_{number}" for number in numbers)
    return {
        "url_substring_filter": Example(prose(), "https://www.domain-listed.example/x"),
        strict: Example(prose(), "https://river.example/verystrictword"),
        hard: Example(prose(), "https://river.example/a-hardword"),
        soft: Example(prose(), "https://river.example/softword/other"),
    }


# What the lists hold that recipes name; they are not part of corpusmill.
LISTS = {
    "refinedweb_banned_domains_curated.txt": "domain-listed.example\n",
    "refinedweb_banned_words_strict_reverse_engineered.txt": "strictword\n",
    "refinedweb_banned_words_hard_reverse_engineered.txt": "hardword\n",
    "refinedweb_banned_words_soft_reverse_engineered.txt": "softword\nother\n",
    "ldnoobw.txt": "swearword\n",
}

C4_DCLM = pages(
    {
        "page_length_filter": "",
        "word_length_modifier": "x" * 1001,
        "citation_removal_modifier": "[12] [edit] [citation needed]",
        "punctuation_line_modifier": "A line without a mark at its end",
        "line_length_modifier": "Too few words.",
        "substring_filter": "Here stands lorem ipsum for a text.",
        "substring_line_modifier": "Please turn on JavaScript for this page.",
        "substring_filter_2": "The code of a page has a { in it.",
        "substring_line_modifier_2": "Please read our privacy policy before that.",
        "page_length_filter_2": ONE,
        "page_length_filter_3": "\n".join([ONE, ONE, ONE, TWO]),
        "substring_filter_3": " ".join([ONE, TWO, "The sailor said a swearword to them."]),
        "language_filter": GERMAN,
    }
)

REPETITION = pages(
    {
        "empty": "",
        "dup_para_frac": "\n\n".join([ONE, TWO, ONE, TWO]),
        "dup_para_char_frac": "\n\n".join([LONG_LINE, *OTHERS, LONG_LINE]),
        "dup_line_frac": "\n".join([ONE, TWO, ONE, TWO, THREE]),
        "dup_line_char_frac": "\n".join([LONG_LINE, *OTHERS, LONG_LINE]),
        "top_2_gram": woven(2, phrases=1, copies=8, between=5),
        "top_3_gram": woven(3, phrases=1, copies=8, between=9),
        "top_4_gram": woven(4, phrases=1, copies=8, between=14),
        "duplicated_5_n_grams": woven(5, phrases=5, copies=2, between=5),
        "duplicated_6_n_grams": woven(6, phrases=5, copies=2, between=7),
        "duplicated_7_n_grams": woven(7, phrases=5, copies=2, between=10),
        "duplicated_8_n_grams": woven(8, phrases=5, copies=2, between=13),
        "duplicated_9_n_grams": woven(9, phrases=5, copies=2, between=18),
        "duplicated_10_n_grams": woven(10, phrases=5, copies=2, between=23),
    }
)

GOPHER = pages(
    {
        "gopher_short_doc": prose(4),
        "gopher_long_doc": prose(10_001),
        "gopher_below_avg_threshold": " ".join(drawn(60, of=TWO_LETTERS)),
        "gopher_above_avg_threshold": " ".join(drawn(60, of=LONG)),
        "gopher_too_many_hashes": prose().replace(" ", " #"),
        "gopher_too_many_ellipsis": " ".join(sentences(30, words=5, end="...")),
        "gopher_too_many_bullets": BULLETS,
        "gopher_too_many_end_ellipsis": TRAILING_DOTS,
        "gopher_below_alpha_threshold": NUMBERED,
        "gopher_enough_stop_words": NO_STOP_WORDS,
    }
)

C4 = pages(
    {
        "lorem_ipsum": prose() + "\nHere stands lorem ipsum for a text.",
        "curly_bracket": prose() + "\nThe code of a page has a { in it.",
        "too_few_sentences": " ".join(drawn(60)) + ".",
    }
)

FINEWEB = pages(
    {
        "line_punct_ratio": prose() + "\n" + "\n".join(sentences(9, seed=5, end="")),
        "short_line_ratio": "\n".join(sentences(16, seed=6, words=4)),
        "char_dup_ratio": "\n".join([*OTHERS, "They crossed the bridge.", prose(), "They crossed the bridge."]),
        "list_ratio": "\n".join(
            sentences(27, of=TEN_LETTERS, words=3, end="")
            + sentences(8, seed=7, words=3, end="")
            + sentences(5, seed=7, words=3)
        ),
    }
)

# Lines of two words, which go, and five of citations only, which count as sentences while they stay.
CITED = "\n".join([*sentences(120, words=2, end=""), *(f"[{one}] [{one}] [{one}]" for one in range(5)), ""])
CITATIONS = pages(
    {
        "citations": CITED,
        "javascript": CITED + "Please turn on JavaScript for this page.",
        "policy": CITED + "Please read our privacy policy before that.",
    }
)

EXAMPLES: dict[str, Examples] = {
    "default": DEFAULT_EXAMPLES,
    "c4": C4,
    "c4_dclm": C4_DCLM,
    "dclm_baseline": {**url_rules("234"), **LINE_RULES},
    "fineweb": {"empty": Example(""), **FINEWEB},
    "gopher": GOPHER,
    "gopher_repetition": REPETITION,
    "pii": {"email_addresses": Example("")},
    "prox_rules": {**REPETITION, **GOPHER, **C4, **CITATIONS, **FINEWEB},
    "redpajama_v2_signals": {},
    "refinedweb": {
        **url_rules("345"),
        "url_substring_filter_2": Example(prose(), "https://github.com/river/high"),
        **LINE_RULES,
    },
}

COUNTED = "too_few_sentences counts what stays, before anything is cut, so there is text left"
SPACE = "takes white space only, and a page of nothing else is rejected before, by too_few_sentences"
MASKED = "a mask is text, and an empty page is rejected before, by email_addresses"

# Steps that might reject, and why no page comes to that in the recipe.
UNREACHABLE: dict[str, dict[str, str]] = {
    "c4": {
        "separate_lines": SPACE,
        **dict.fromkeys(("too_long_word", "too_few_words", "citations", "no_terminal_punc"), COUNTED),
        **dict.fromkeys(("javascript", "policy"), COUNTED),
        "surrounding_space": SPACE,
    },
    "c4_dclm": {
        "within_page_dedup": "the first of equal lines stays, and page_length_filter_2 has seen three sentences"
    },
    "pii": dict.fromkeys(("ipv4_addresses", "ipv6_addresses", "ibans", "card_numbers", "phone_numbers"), MASKED),
    "prox_rules": {
        "separate_lines": SPACE,
        **dict.fromkeys(("too_long_word", "too_few_words"), COUNTED),
        "surrounding_space": SPACE,
        "fineweb_empty": "a page without a line is rejected before, by empty or by the edit that left it so",
    },
}
