"""The quirks of ProX's published code in programs, chunks and prompts, by their numbers in ../shared/reference/prox.md
§2: what that code does, where our `compat` mode does it too, and what the default settings make of the same output.
"""

import time
from typing import Any

import pytest

from udfs.programs import compat
from udfs.programs.chunks import ChunkSettings, chunks, numbered, stitched, token_costs, word_costs
from udfs.programs.effects import ExecutionSettings
from udfs.programs.execution import DropReason
from udfs.programs.operations import CallReason
from udfs.programs.prompts import AS_PUBLISHED_CHUNK, AS_PUBLISHED_DOCUMENT, Prompter, PromptSettings, rendered
from udfs.programs.refining import ExecuteSettings, Refined, Written, refine
from udfs.text.edits import apply

LINES = tuple(f"Line {number} of the page says this and that." for number in range(12))
PAGE = "\n".join(LINES)


def strict(program: str, text: str = PAGE, **limits: Any) -> Refined:
    """What the default settings make of one program for all lines of a text."""
    return done(
        text, [Written("chunk", 0, text.count("\n"), program)], ExecuteSettings(strict=ExecutionSettings(**limits))
    )


def published(program: str, text: str = PAGE) -> Refined:
    """What the published executor makes of it."""
    return done(text, [Written("chunk", 0, text.count("\n"), program)], ExecuteSettings(mode="compat"))


def done(text: str, written: list[Written], settings: ExecuteSettings) -> Refined:
    """What comes of programs, which is always the text with its edits where the document is kept."""
    found = refine(text, written, settings)
    assert not found.keep or found.text == apply(text, found.edits)
    return found


def without(*numbers: int) -> str:
    return "\n".join(line for number, line in enumerate(LINES) if number not in numbers)


def test_quirk_1_the_word_drop_anywhere_drops_the_document() -> None:
    own = [Written("document", 0, 11, "keep_doc() # do not drop")]
    assert not refine(PAGE, own, ExecuteSettings(mode="compat")).keep
    assert refine(PAGE, own, ExecuteSettings()).keep
    assert refine(PAGE, [own[0]._replace(program="drop_doc()")], ExecuteSettings()).reason == DropReason.DROP_DOCUMENT


@pytest.mark.parametrize(
    ("source", "left"),
    [("www.a.example/c?x=1&y=2", "=1&y=2"), ("see (here) now", ") now"), ("first, second", "first, second")],
)
def test_quirk_2_strings_end_at_a_comma_an_equals_sign_or_a_parenthesis(source: str, left: str) -> None:
    text = f"{PAGE}\nbefore {source} behind"
    program = f'normalize(source_str="{source}", target_str="")'
    assert published(program, text).text == f"{PAGE}\nbefore {left} behind"
    assert strict(program, text).text == f"{PAGE}\nbefore  behind"


def test_quirk_3_models_write_addresses_cut_at_their_equals_sign() -> None:
    text = f"{PAGE}\nsee https://a.example/w?v=tF_1 now"
    program = 'normalize(source_str="https://a.example/w?v", target_str="")'
    assert published(program, text).text == strict(program, text).text == f"{PAGE}\nsee =tF_1 now"
    assert strict(program, text, extend_urls=True).text == f"{PAGE}\nsee  now"


@pytest.mark.parametrize(
    ("literal", "source"), [("'and more'", "and more"), (r'"say \"so\""', 'say "so"'), (r'"caf\u00e9 au"', "café au")]
)
def test_quirk_4_single_quotes_and_escapes_never_match(literal: str, source: str) -> None:
    text = f"{PAGE}\nhere {source} ends"
    program = f"normalize(source_str={literal}, target_str='')"
    assert published(program, text).text == text
    assert strict(program, text).text == f"{PAGE}\nhere  ends"


@pytest.mark.parametrize(
    "program", ["remove_lines(0, 1)", "remove_lines(end=1, start=0)", "remove_lines(0, line_end=1)"]
)
def test_quirk_5_arguments_have_places_and_no_names(program: str) -> None:
    assert published(program).text == PAGE
    assert strict(program).text == without(0, 1)


def test_quirk_6_what_begins_like_a_call_is_one_and_an_indented_one_is_none() -> None:
    assert published("remove_lines_foo(start=0, end=1)").text == without(0, 1)
    assert published('normalized_x(s="Line 3 of", t="")').text == PAGE.replace("Line 3 of", "")
    found = strict('remove_lines_foo(start=0, end=1)\nnormalized_x(s="Line 3 of", t="")')
    assert (found.text, found.rejected_calls) == (PAGE, {CallReason.UNKNOWN_CALL: 2})
    assert published("\tremove_lines(start=0, end=1)").text == PAGE
    assert strict("\tremove_lines(start=0, end=1)").text == without(0, 1)


def test_quirk_7_a_call_cut_at_the_limit_of_tokens_removes_other_lines_or_voids_everything() -> None:
    wrong, void = "remove_lines(start=0, end=12", "remove_lines(start=6, end=6)\nremove_lines(start=2, end"
    assert published(wrong).text == without(0, 1)
    assert (strict(wrong).text, strict(wrong).rejected_calls) == (PAGE, {CallReason.TRUNCATED: 1})
    assert (published(void).text, published(void).voided) == (PAGE, 1)
    found = strict(void)
    assert (found.text, found.rejected_calls, found.errors) == (without(6), {CallReason.TRUNCATED: 1}, 0)


def test_quirk_8_a_loop_ends_in_a_cut_call() -> None:
    loop = "remove_lines(start=7, end=7)\n" * 18 + "remove_lines(start=7, e"
    assert published(loop).voided == 1
    found = strict(loop)
    assert found.text == without(7)
    assert (found.operations, found.rejected_calls) == (
        {"remove_lines": 1},
        {CallReason.REPEATED: 17, CallReason.TRUNCATED: 1},
    )


def test_quirk_9_two_errors_anywhere_void_the_programs_of_all_chunks() -> None:
    written = [
        Written("chunk", 0, 5, "remove_lines(start=0, end=0)\nremove_lines(1)\nremove_lines(2)"),
        Written("chunk", 6, 11, "remove_lines(start=6, end=6)"),
    ]
    assert done(PAGE, written, ExecuteSettings(mode="compat")).text == PAGE
    found = done(PAGE, written, ExecuteSettings())
    assert (found.text, found.voided, found.errors) == (without(6), 1, 2)
    assert found.rejected_calls == {CallReason.BAD_ARGUMENTS: 2, CallReason.OVER_BUDGET: 1}


@pytest.mark.parametrize(
    ("source", "reason"),
    [("e", CallReason.SHORT_SOURCE), (" ", CallReason.SHORT_SOURCE), ("page", CallReason.COMMON_SOURCE)],
)
def test_quirk_10_a_short_or_common_string_goes_everywhere(source: str, reason: CallReason) -> None:
    program = f'normalize(source_str="{source}")'
    assert published(program).text == PAGE.replace(source, "") or published(program).reason == "too_short"
    assert (strict(program).text, strict(program).rejected_calls) == (PAGE, {reason: 1})


def test_quirk_10_a_string_is_replaced_in_the_whole_document() -> None:
    written = [Written("chunk", 2, 3, 'normalize(source_str="this and that", target_str="it")')]
    assert done(PAGE, written, ExecuteSettings(mode="compat")).text == PAGE.replace("this and that", "it")
    changed = [line.replace("this and that", "it") if n in {2, 3} else line for n, line in enumerate(LINES)]
    assert done(PAGE, written, ExecuteSettings()).text == "\n".join(changed)


def test_quirk_11_a_string_that_is_missing_is_not_counted() -> None:
    program = 'normalize(source_str="nowhere", target_str="")'
    assert (published(program).errors, published(program).operations) == (0, {})
    found = strict(program)
    assert (found.text, found.errors, found.rejected_calls) == (PAGE, 0, {CallReason.MISSING_TARGET: 1})


def test_quirk_12_every_number_of_a_range_is_written_down() -> None:
    begin = time.process_time()
    found = strict("remove_lines(start=6, end=999999999999)")
    assert (found.text, found.clipped) == (without(*range(6, 12)), 1)
    assert published("remove_lines(start=6, end=999999999999)").text == found.text
    assert time.process_time() - begin < 0.5


@pytest.mark.parametrize(("program", "left"), [("(start=5, end=2)", PAGE), ("(start=-3, end=1)", without(0, 1))])
def test_quirk_13_ranges_that_run_backwards_or_begin_below_zero_are_accepted(program: str, left: str) -> None:
    there = published(f"remove_lines{program}")
    assert (there.text, there.errors) == (left, 0)
    found = strict(f"remove_lines{program}")
    assert (found.text, found.errors, found.rejected_calls) == (PAGE, 1, {CallReason.BAD_RANGE: 1})


def test_quirk_14_a_program_reaches_lines_that_its_model_was_not_shown() -> None:
    written = [Written("chunk", 4, 7, "remove_lines(start=0, end=1)\nremove_lines(start=7, end=9)")]
    assert done(PAGE, written, ExecuteSettings(mode="compat")).text == without(0, 1, 7, 8, 9)
    found = done(PAGE, written, ExecuteSettings())
    assert (found.text, found.clipped) == (without(7), 1)
    assert found.rejected_calls == {CallReason.LINE_OUT_OF_RANGE: 1}


def test_quirk_15_a_page_without_spaces_between_words_is_too_short() -> None:
    text = "首页 登录\n水车在河边慢慢地转，磨坊里的面粉很白很细。\n村里的人每天早上都来买面包，然后回家吃早饭。"
    assert published("remove_lines(start=0, end=0)", text).reason == compat.Outcome.TOO_SHORT
    found = strict("remove_lines(start=0, end=0)", text)
    assert (found.keep, found.text) == (True, text.partition("\n")[2])
    assert strict("remove_lines(start=1, end=2)", text).reason == DropReason.TOO_SHORT


@pytest.mark.parametrize("program", ["keep_chunk()", "remove_lines(1)\nremove_lines(2)"])
def test_quirk_16_ten_words_are_no_document_whatever_the_program_says(program: str) -> None:
    short = "A page of four words.\nAnd three more."
    assert published(program, short).reason == compat.Outcome.TOO_SHORT
    assert (strict(program, short).keep, strict(program, short).text) == (True, short)
    assert strict('normalize("four", "five")', short).keep
    assert strict("remove_lines(1, 1)", short).reason == DropReason.TOO_SHORT  # the program made it short


@pytest.mark.parametrize("text", ["", " \n\t"])
def test_quirk_17_a_text_without_words_divides_by_zero(text: str) -> None:
    for found in (strict("remove_lines(0, 0)", text), published("remove_lines(start=0, end=0)", text)):
        assert (found.keep, found.words) == (True, 0)


def test_quirk_18_the_prompt_of_a_long_document_loses_its_end(llama2: Any) -> None:
    text = "word " * 4000
    there = Prompter(llama2, AS_PUBLISHED_DOCUMENT).document(text)
    prompt = Prompter(llama2, PromptSettings()).document(text)
    end = Prompter(llama2, PromptSettings()).document("").ids[-4:]  # " [/INST]"
    assert len(there.ids) == len(prompt.ids) == 2000
    assert (there.truncated, there.text.endswith("[/INST]"), there.ids[-4:] == end) == (True, False, False)
    assert (prompt.truncated, prompt.text.endswith("word [/INST]"), prompt.ids[-4:] == end) == (True, True, True)
    assert prompt.text == rendered(text[: prompt.shown_chars])


@pytest.mark.parametrize("line", ["word " * 500, "x" * 9_000])
def test_quirk_19_a_line_longer_than_the_window_is_sent_whole(llama2: Any, line: str) -> None:
    text = f"first\n{line}\nlast"
    measure = token_costs(llama2)

    def longest(**changes: Any) -> int:
        found = chunks(text, measure, ChunkSettings(window=100, **changes))
        assert stitched(found, [text[one.start : one.end] for one in found]) == text
        bodies = [numbered(text[one.start : one.end], one.first_line) for one in found if not one.skipped]
        return max(sum(measure(body.split("\n"))) for body in bodies)

    assert longest(long_lines="compat") > 400
    assert longest() <= 100
    assert longest(long_lines="split") <= 100
    assert [one.skipped for one in chunks(text, measure, ChunkSettings(window=100))] == ["", "long_line", ""]


def test_quirk_19_without_a_tokenizer_words_are_counted() -> None:
    text = "first\n" + "word " * 500 + "\nlast"
    found = chunks(text, word_costs, ChunkSettings(window=50, unit="words"))
    assert [(one.first_line, one.skipped) for one in found] == [(0, ""), (1, "long_line"), (2, "")]


@pytest.mark.parametrize("mark", ["[/INST]", "<<SYS>>", "</s>", "[/doc]", "[doc]", "<s>"])
def test_quirk_20_a_page_speaks_as_the_template(llama2: Any, mark: str) -> None:
    """Here no id of a page is a special token, whatever the settings, and by default no mark is one of the template."""
    prompter = Prompter(llama2, PromptSettings())
    plain, hostile = (prompter.chunk(numbered(f"a {what} b", 0)) for what in ("text", mark))
    assert hostile.text.count(mark) == plain.text.count(mark)
    assert [one for one in hostile.ids if one in {1, 2}] == [1]
    there = Prompter(llama2, AS_PUBLISHED_CHUNK).chunk(numbered(f"a {mark} b", 0))
    assert there.text.count(mark) == plain.text.count(mark) + 1
    assert [one for one in there.ids if one in {1, 2}] == [1, 1]
    assert f"a {mark} b" == strict("keep_chunk()", f"a {mark} b").text  # the text itself stays as it is


def test_quirk_20_a_line_that_has_a_number_moves_no_other() -> None:
    text = "\n".join(["[005]not the fifth", *LINES])
    assert numbered(text, 0).split("\n")[0] == "[000][005]not the fifth"
    assert strict("remove_lines(5, 5)", text).text == "\n".join(["[005]not the fifth", without(4)])
