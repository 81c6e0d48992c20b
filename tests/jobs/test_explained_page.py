"""The explained page in HTML and on a terminal: it shows any text and runs none; no JVM and no browser."""

import base64
import hashlib
import re
import time
from collections.abc import Mapping
from contextlib import nullcontext
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from jobs.explaining import reading
from jobs.explaining.composed import Layer, composed, left, rows
from jobs.explaining.explained import Explained, explained
from jobs.explaining.markup import Markup, element, sign_of, text
from jobs.explaining.page import page, page_of_lost, page_of_unseen
from jobs.explaining.rows import Found, Lost, Unseen
from jobs.explaining.style import CSS, DARK, LIGHT, contrast
from jobs.explaining.terminal import rendered, rendered_lost, rendered_unseen
from jobs.review.rendering import Style
from jobs.review.terminal import columns_of
from jobs.runtime import questions
from jobs.runtime.cli import run_command
from tests.jobs.explained_rows import KEEPER, TEXT, cut, document, place, program, published, screened
from tests.jobs.test_composed import STAGES, TEXTS, drawn_edits
from tests.jobs.test_explained import PROGRAMS, SCREEN, SEEN

HOSTILE = (
    "</title></style></script><script>alert(1)</script><img src=http://evil.test/x onerror=alert(1)>"
    "\" onmouseover='alert(1)' \u202egnp.exe\u202c \x00 \x1b[2J\x1b]0;owned\x07 \u2028 javascript:alert(1) &amp; \ud800"
)
VOID = {"meta", "br", "link"}
TAGS = """
    html head meta title style body header main section h1 h2 h3 p div span del ins a ul li bdi code pre details summary
    table thead tbody tr th td svg text rect line
"""
ATTRIBUTES = """
    charset http-equiv content name lang class title tabindex data-sign dir id href open scope role aria-label viewbox x
    y width height rx x1 x2 y1 y2 text-anchor
"""


class Parsed(HTMLParser):
    """What a browser would make of the page: its elements, and of each line what is shown and in what."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, Mapping[str, str | None]]] = []
        self.elements: list[tuple[str, Mapping[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.lines: list[list[tuple[str, frozenset[str]]]] = []
        self.feed(source)
        self.close()
        assert not self.open, "an element is not closed"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append((tag, dict(attrs)))
        if dict(attrs).get("class") == "line" and tag == "span":
            self.lines.append([])

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        inside = self.open[-1][0] if self.open else ""
        self.texts[inside] = self.texts.get(inside, "") + data
        if any(one[1].get("class") == "line" and one[0] == "span" for one in self.open):
            kinds = [one[0] for one in self.open if one[0] in {"del", "ins"}]
            self.lines[-1].append((data, frozenset(kinds)))


def is_harmless(source: str) -> Parsed:
    """No element, attribute or address but those that the page needs, and the policy fits the style."""
    parsed = Parsed(source)
    assert {tag for tag, _ in parsed.elements} <= set(TAGS.split())
    assert {name for _, attributes in parsed.elements for name in attributes} <= set(ATTRIBUTES.split())
    assert {attributes["href"] for _, attributes in parsed.elements if "href" in attributes} <= {"#behind"}
    assert [tag for tag, _ in parsed.elements].count("style") == 1
    policy = next(a["content"] for t, a in parsed.elements if t == "meta" and a.get("http-equiv"))
    digest = base64.b64encode(hashlib.sha256(parsed.texts["style"].encode()).digest()).decode()
    assert policy == f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ud800-\udfff]", source)
    source.encode("utf-8")
    return parsed


def hostile_document() -> Found:
    """A page and rows that are hostile wherever somebody else has a say."""
    said = [program(f"normalize('{HOSTILE[:20]}', 'x')\n{HOSTILE}", model=HOSTILE, finish=HOSTILE)]
    body = f"{HOSTILE}\n{TEXT}\n{HOSTILE}"
    found = published(body, screen=[cut(body, "alert(1)", HOSTILE, HOSTILE)], programs=said)
    return found._replace(
        document=document(body, url=HOSTILE, title=HOSTILE, charset=HOSTILE, file=HOSTILE, crawl=HOSTILE),
        keeper={"doc_id": KEEPER, "url": HOSTILE, "text": HOSTILE},
        duplicates={"dedup_exact": place("dedup_exact", HOSTILE, keeper=HOSTILE)},
        copies=[place("dedup_exact", HOSTILE, url=HOSTILE)],
        others=[document(url=HOSTILE, file=HOSTILE)],
    )


ROW = {"url": HOSTILE, "doc_id": HOSTILE, "stage": HOSTILE, "file": HOSTILE, "offset": 1, "reason": HOSTILE}
LOST = Lost(HOSTILE, [ROW | {"detail": HOSTILE}])
UNSEEN = Unseen(HOSTILE, HOSTILE, [ROW], [ROW | {"losses": 3, "example": HOSTILE, "detail": HOSTILE}])


# --- HTML


HOSTILE_PAGES = {
    "page": page(explained(hostile_document())),
    "lost": page_of_lost(LOST),
    "unseen": page_of_unseen(UNSEEN),
}


@pytest.mark.parametrize("source", HOSTILE_PAGES.values(), ids=HOSTILE_PAGES)
def test_a_hostile_page_is_shown_and_runs_nothing(source: str) -> None:
    parsed = is_harmless(source)
    shown = "".join(parsed.texts.values())
    assert "</style></script><script>alert(1)</script>" in shown
    assert "\u2400" in shown, "NUL has a sign"
    assert "\\u202e" in shown
    assert "\\ud800" in shown


def test_what_would_act_is_a_sign_with_its_name() -> None:
    assert text("a\x00\u202eb\t") == (
        'a<span class="sign" title="U+0000 null">\u2400</span>'
        '<span class="sign" title="U+202E right-to-left override">\\u202e</span>b\t'
    )
    assert text("\u06cc\u200c\u0647 \U0001f468\u200d\U0001f469") == "\u06cc\u200c\u0647 \U0001f468\u200d\U0001f469"


def test_children_and_attributes_are_escaped_unless_made_here() -> None:
    made = element("p", "<b>", element("b", "&"), title='"><script>', class_="x", hidden=True, lang="")
    assert made == '<p title="&quot;&gt;&lt;script&gt;" class="x" hidden>&lt;b&gt;<b>&amp;</b></p>'
    assert isinstance(made, Markup)


def told_of(text_: str, layers: list[Layer]) -> Explained:
    """A page with any edits of any stages."""
    told = explained(Found(document(text_), screened(text_, [])))
    pieces = composed(text_, layers)
    return told._replace(pieces=pieces, rows=rows(pieces, 2))


def shown_states(parsed: Parsed) -> tuple[str, str]:
    """The text before and after all edits, read from the lines of the page."""
    states = []
    for kind in ("ins", "del"):
        state = ""
        for number, line in enumerate(parsed.lines):
            kept = "".join(data for data, kinds in line if kind not in kinds)
            ends = bool(line) and line[-1][0].endswith("↵") and bool(line[-1][1])
            is_last = number == len(parsed.lines) - 1
            state += kept.replace("↵", "\n") + ("" if ends or is_last else "\n")
        states.append(state)
    return states[0], states[1]


def seen(text_: str) -> str:
    """A text as its characters are shown."""
    return "".join(sign_of(c) if "sign" in text(c) else c for c in text_)


@given(TEXTS.filter(lambda text_: "↵" not in text_), st.data())
@settings(max_examples=60)
def test_the_shown_cuts_on_the_shown_text_give_what_is_left(text_: str, data: st.DataObject) -> None:
    layers: list[Layer] = []
    for stage in STAGES:
        length = len(left(composed(text_, layers)))
        layers.append(Layer(stage, drawn_edits(data, length, "r")))
    told = told_of(text_, layers)
    assert shown_states(is_harmless(page(told))) == (seen(text_), seen(left(told.pieces)))


def test_each_mark_can_be_reached_says_its_reason_and_stands_in_the_legend() -> None:
    told = explained(published(screen=SCREEN, seen=SEEN, programs=PROGRAMS))
    source = page(told)
    parsed = is_harmless(source)
    marks = [a for _, a in parsed.elements if (a.get("class") or "").startswith("mark")]
    assert len(marks) == 12
    assert all(mark["tabindex"] == "0" for mark in marks)
    signs = {key.sign for key in told.keys.values()}
    assert {mark["data-sign"] for mark in marks} == signs
    for sign in signs:
        assert f">{sign}</del>" in source
    assert {mark["title"] for mark in marks if mark["data-sign"] == "E2"} == {"cut by execute: remove_lines"}
    assert shown_states(parsed) == (TEXT, told.found.corpus["text"] if told.found.corpus else "")
    (picture,) = [a for tag, a in parsed.elements if tag == "svg"]
    assert picture["role"] == "img"
    assert "overall score 4 of 5 (expected 3.75)" in (picture["aria-label"] or "")


@pytest.mark.parametrize("colors", [LIGHT, DARK], ids=["light", "dark"])
def test_contrast_is_enough_for_all_text(colors: object) -> None:
    scheme = LIGHT if colors is LIGHT else DARK
    pairs = [(scheme.text, scheme.ground), (scheme.faint, scheme.ground), (scheme.link, scheme.ground)]
    pairs += list(scheme.marks.values())
    pairs += [(scheme.text, ground) for _, ground in scheme.marks.values()]
    assert min(contrast(*pair) for pair in pairs) >= 4.5
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


def test_each_stage_has_its_line_beside_its_colour() -> None:
    styles = re.findall(r"del\.(\w+)\{text-decoration:line-through (\w+)", CSS)
    assert len({line for _, line in styles}) == len(styles) == 4
    assert "url(" not in CSS
    assert "@import" not in CSS


def test_a_line_of_a_megabyte_and_many_lines() -> None:
    body = "x" * 1_000_000 + "\n" + "a line\n" * 20_000
    started = time.monotonic()
    told = explained(published(body, screen=[cut(body, "a line\na", "r")]))
    source = page(told)
    assert len(source) < 5_000_000
    assert all(len(row) <= 80 for row in rendered(told, Style(80)))
    assert time.monotonic() - started < 20


# --- terminal

ANSI = re.compile(r"\x1b\[[0-9;]*m")


@pytest.mark.parametrize("color", [True, False])
@pytest.mark.parametrize("whole", [True, False])
def test_rows_of_a_hostile_page_fit_and_do_nothing(color: bool, whole: bool) -> None:
    style = Style(60, color, whole)
    found = [
        *rendered(explained(hostile_document()), style),
        *rendered_lost(LOST, style),
        *rendered_unseen(UNSEEN, style),
    ]
    for row in found:
        plain = ANSI.sub("", row) if color else row
        assert plain.isprintable()
        assert sum(map(columns_of, plain)) <= 60
    assert any("\\u202e" in row for row in found)


def test_a_page_on_a_terminal_without_colours() -> None:
    told = explained(published(screen=SCREEN, seen=SEEN, programs=PROGRAMS))
    out = list(rendered(told, Style(100)))
    assert out[:2] == ["http://river.test/tale", "In the corpus: domain culture, quality 4, 70 tokens."]
    at = out.index("-   1 [-Home | About | Contact-R1]")
    assert out[at : at + 12] == [
        "-   1 [-Home | About | Contact-R1]",
        "~   2 The river was high that day, and nobody dared to cross it.[-↵-S1]",
        "-   3 [-↵-S1]",
        "-   4 [-↵-S1]",
        "+     {+↵+S1}",
        "    5 So they waited for three days, and mended the boats.",
        "~   6 Write to [-me@river.test-S2][-<email>-E1]{+us+E1} for the tale.",
        '      ^ line 2, chunk 0: normalize(source_str="<email>", target_str="us")',
        "~   7 On the fourth day the water fell.[-↵-E2]",
        "-   8 [-Share this page-E2]",
        "      ^ line 4, chunk 0: remove_lines(start=4, end=5)",
        "-   9 [-Copyright 2026-E2]",
    ]
    assert "overall score              ████████████████···· 4 (3.75)" in out
    assert any(row.startswith("    model rater  feedfacecafe") for row in out)


def test_colours_of_the_stages_are_told_apart() -> None:
    out = "\n".join(rendered(explained(published(screen=SCREEN, seen=SEEN, programs=PROGRAMS)), Style(100, True)))
    for paint, sign in (("31;9", "S2"), ("35;9", "R1"), ("36;9", "E1")):
        assert re.search(rf"\x1b\[{paint}m[^\x1b]+\x1b\[0m\x1b\[2m\[{sign}\]", out)


def test_what_was_never_seen_and_what_was_lost_say_what_is_known() -> None:
    nearest = [{"url": "http://river.test/tales", "doc_id": KEEPER}]
    losses = [{"stage": "ingest", "reason": "no_text", "losses": 12, "example": "http://river.test/x", "detail": "-"}]
    out = list(rendered_unseen(Unseen("http://river.test/tale", "river.test", nearest, losses), Style(100)))
    assert out[1].startswith("Never seen: no table has a row of it.")
    assert f"  http://river.test/tales  {KEEPER}" in out
    assert "  12     ingest  no_text  http://river.test/x" in out
    loss = {"stage": "ingest", "file": "a.warc", "offset": 7, "reason": "bad_http", "detail": "no status line"}
    assert "the HTTP head of a response cannot be read; no status line" in page_of_lost(Lost("http://x.test/", [loss]))
    out = list(rendered_lost(Lost("http://x.test/", [loss]), Style(100)))
    assert out[1] == "Lost at ingest: bad_http."
    assert any("the HTTP head of a response cannot be read; no status line" in row for row in out)


# --- the command, with rows that are there already


def test_the_command_prints_or_writes_what_was_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(questions, "opened", lambda settings: nullcontext())
    monkeypatch.setattr(reading, "read", lambda lake, asked: {"d": published(), "l": LOST, "u": UNSEEN}[asked])
    for asked, said in (("d", "In the corpus: domain culture"), ("l", "Lost at "), ("u", "Never seen")):
        assert run_command(["explain", asked, "--color", "never"]) == 0
        assert said in capsys.readouterr().out
        file = tmp_path / f"{asked}.html"
        assert run_command(["explain", asked, "--html", str(file)]) == 0
        assert capsys.readouterr().out == f"Wrote {file}.\n"
        is_harmless(file.read_text("utf-8"))
    assert run_command(["explain", "d", "--html", str(tmp_path / "no/d.html")]) == 2
    assert "expected a file in a folder that is there" in capsys.readouterr().err
