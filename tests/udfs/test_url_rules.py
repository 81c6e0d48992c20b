"""Rules on a page's URL, and URLs in the text: DCLM's own cases (reference/dclm.md §2.2 rows 2 to 6, and its test
vectors), the quirks it has and their corrections, and compiled twins equal to the definitions."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.udfs.texts import any_text, real_texts
from udfs.text.cuts.urls import CUTS
from udfs.text.edits import Edit, apply
from udfs.text.iana_tlds import NAMES, as_published, with_punycode
from udfs.text.kernels.cuts.urls import CUTS as COMPILED_CUTS
from udfs.text.kernels.measures.urls import MEASURES as COMPILED
from udfs.text.lists import entries, source
from udfs.text.measures.urls import MEASURES
from udfs.text.page import Page

DATA = Path(__file__).parents[2] / "../shared/data"
Measures = dict[str, Callable[..., float]]

both = pytest.mark.parametrize("measures", [MEASURES, COMPILED], ids=["definition", "compiled"])


def spans(text: str, faithful: bool) -> list[tuple[int, int]]:
    """Bytes that both the definition and the compiled twin delete."""
    defined = list(CUTS["urls"](Page(text), faithful=faithful))
    found = COMPILED_CUTS["urls"](Page(text), faithful=faithful)
    compiled = list(zip(found.starts.tolist(), found.ends.tolist(), strict=True))
    assert not found.replacements
    assert not any(replacement for _, _, replacement in defined)
    assert [(len(text[:start].encode()), len(text[:end].encode())) for start, end, _ in defined] == compiled
    return compiled


def without_urls(text: str, faithful: bool = False) -> str:
    """The text after the edit, by both."""
    spans(text, faithful)
    return apply(text, [Edit(*cut, "urls") for cut in CUTS["urls"](Page(text), faithful=faithful)])


# --- the page's URL


@both
@pytest.mark.parametrize(
    ("url", "corrected", "faithful"),
    [
        ("http://example.com/x", 1, 1),
        ("http://EXAMPLE.com", 1, 1),
        ("http://www.example.com/x", 1, 0),  # becomes .example.com
        ("http://wwwexample.com/x", 0, 1),  # "www" is deleted wherever it stands
        ("http://example.com:8080/x", 1, 0),
        ("http://news.example.com/x", 1, 0),
        ("http://me@example.com./", 1, 0),
        ("http://notexample.com/", 0, 0),
        ("http://example.com.evil.org/", 0, 0),
        ("http://evil.org/example.com", 0, 0),
        ("http://bücher.example/", 1, 1),
        ("http://xn--bcher-kva.example/", 1, 0),
        ("http://[broken/", 0, 0),
        ("", 0, 0),
    ],
)
def test_domains(measures: Measures, url: str, corrected: int, faithful: int) -> None:
    words = ["Example.com", "bücher.example", ".dot.example"]
    assert measures["listed_domain"](Page("", url=url), words=words) == corrected
    assert measures["listed_domain"](Page("", url=url), words=words, faithful=True) == faithful


@both
def test_domains_without_their_parents(measures: Measures) -> None:
    def listed(url: str, **arguments: object) -> float:
        return measures["listed_domain"](Page("", url=url), words=["example.com", "www.com"], **arguments)

    assert listed("http://a.example.com", parents=False) == 0
    assert listed("http://www.example.com", parents=False) == 1
    assert listed("http://www.com", parents=False) == 1
    assert listed("http://other.com") == 0  # www.com is not a way to write com
    assert listed("http://www.example.com", faithful=True, ignore=["www."]) == 1


@both
@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://x.com/a", 1),
        ("https://www.X.com:80/A/", 1),
        ("http://x.com/a/b?c", 1),
        ("http://x.com/a?c", 1),
        ("http://x.com/ab", 0),
        ("http://x.com/", 0),
        ("http://sub.x.com/a", 0),
        ("http://y.com/p?id=7&more", 1),
        ("http://y.com/p?id=77", 0),
        ("http://z.com/anything", 1),
        ("", 0),
        ("http://x.com/" + "/" * 5000, 0),
    ],
)
def test_urls(measures: Measures, url: str, expected: int) -> None:
    words = ["www.x.com/a/", "http://y.com:81/p?id=7", "z.com"]
    assert measures["listed_url"](Page("", url=url), words=words) == expected


@both
@pytest.mark.parametrize(
    ("url", "words", "arguments", "expected"),
    [  # DCLM's own test vectors: the number of different words, of which its limit is one more than it keeps
        ("https://www.thisisabadword.com", ["badword", "reallybadword"], {}, 1),
        ("https://www.thisisabadword.com", ["reallybadword", "extremelybadword"], {}, 0),
        ("https://www.bad.wo-rd.com", ["badword"], {}, 0),
        ("https://www.bad.wo-rd.com", ["badword"], {"ignore": ["-", "."]}, 1),
        ("https://www.badword1.com/badword2", ["badword1", "badword2", "badword3"], {}, 2),
        ("https://www.badword123.com/badword2", ["badword1", "badword2", "badword3"], {}, 2),
        ("https://www.badword123.com/badword2", ["badword1", "badword2", "badword3"], {"whole_words": True}, 1),
        ("https://www.badword123.com/badword2", ["badword123", "badword2", "badword3"], {"whole_words": True}, 2),
        # distinct words: repeats count once, `_` is a letter
        ("http://x.com/cam-cam", ["cam", "escort"], {"whole_words": True}, 1),
        ("http://x.com/cam-escort", ["cam", "escort"], {"whole_words": True}, 2),
        ("http://x.com/cam_escort", ["cam", "escort"], {"whole_words": True}, 0),
        ("http://x.com/CAM", ["Cam"], {}, 1),
        ("http://x.com/CAM", ["Cam"], {"case_sensitive": True}, 0),
        ("http://x.com/s&m", ["s&m", "s"], {"whole_words": True}, 1),
        ("http://x.com/a+b", ["a+b"], {}, 1),
        ("http://x.com/été", ["été", "t"], {"whole_words": True}, 1),
        ("http://x.com/abab", ["aba", "bab"], {}, 1),
        ("http://x.com/long-ſ", ["s"], {"whole_words": True}, 1),
        ("http://x.com/s", ["ſ"], {"whole_words": True}, 1),
        ("", ["a"], {}, 0),
    ],
)
def test_words_in_the_url(
    measures: Measures, url: str, words: list[str], arguments: dict[str, object], expected: int
) -> None:
    assert measures["listed_url_words"](Page("", url=url), words=words, **arguments) == expected


PIECE = st.sampled_from(
    ["http://", "www.", "a", "b", ".", "-", "_", "/", "?", "com", "ab", "é", "ſ", "K", "A", ":80", "中"]
)
URL = st.lists(PIECE, max_size=9).map("".join)
WORDS = st.lists(st.lists(PIECE, min_size=1, max_size=3).map("".join), min_size=1, max_size=5)


@given(URL, WORDS, st.booleans(), st.booleans(), st.sampled_from([(), ("-", "."), ("www",)]))
def test_compiled_rules_equal_their_definitions(
    url: str, words: list[str], one: bool, other: bool, ignore: tuple[str, ...]
) -> None:
    def equal(name: str, **arguments: object) -> bool:
        page = Page("", url=url)
        return MEASURES[name](page, words=words, **arguments) == COMPILED[name](page, words=words, **arguments)

    assert equal("listed_domain", parents=one)
    assert equal("listed_domain", faithful=True, ignore=ignore)
    assert equal("listed_url")
    assert equal("listed_url_words", whole_words=one, case_sensitive=other, ignore=ignore)


def test_rules_on_the_real_lists() -> None:
    table, banned = DATA / "lists/ut1_blocklist.tsv.zst", DATA / "dclm/banlists"
    if not table.exists():
        pytest.skip("the folder of real data is not here")
    strict, hard = (
        str(banned / f"refinedweb_banned_words_{kind}_reverse_engineered.txt") for kind in ("strict", "hard")
    )
    word = next(entry for entry in entries(source(strict, ())) if entry.isalnum())
    known = next(entries(source(str(table), (), ["gambling"]), "domain"))
    for host, listed in (
        ("example.com", 0),
        (known, 1),
        (f"www.{known}:80", 1),
        (f"a.{known}", 0),
        (f"a.{word[:2]}-{word[2:]}.com", 0),
    ):
        page = Page("", url=f"http://{host}/x")
        for measures in (MEASURES, COMPILED):
            arguments = {"file": str(table), "categories": ["gambling"], "parents": False}
            assert measures["listed_domain"](page, **arguments) == listed
            assert measures["listed_domain"](page, file=str(table)) >= (known in host)
            assert measures["listed_url_words"](page, file=strict, ignore=["-", "."]) >= (word[:2] + "-" in host)
        for file, whole in ((strict, False), (hard, True), (hard, False)):
            found = MEASURES["listed_url_words"](page, file=file, whole_words=whole)
            assert found == COMPILED["listed_url_words"](page, file=file, whole_words=whole)


# --- URLs in the text

_DCLM_URLS = """
https://www.example.com www.example.org example.co.ukexample.randomsite.net:9000
blog.samplewebsite.org:8081/post.html ftp://ftp.example.com/files ftp://files.example.net:21/downloads
irc.randomchat.org:6667/chatroom mail.samplecompany.com:25/inbox https://en.wikipedia.org/wiki/Random_topic
https://www.example.com/search?q=url https://www.example.com/page?id=123&category=tech https://www.example.com#section1
ftp://username:password@ftp.example.com http://www.example.museum http://192.168.1.1 https://10.0.0.1:8080 1.1.1.1
"""


@pytest.mark.parametrize("faithful", [False, True])
@pytest.mark.parametrize("url", _DCLM_URLS.split())
def test_urls_go_with_the_space_before_them(url: str, faithful: bool) -> None:
    assert without_urls(f"This URL {url} should go.", faithful) == "This URL should go."
    assert without_urls(f"This URL\n{url}\ngoes.", faithful) == "This URL\ngoes."


@pytest.mark.parametrize(
    ("text", "corrected", "faithful"),
    [
        ("Hello http://foo.com/x now", "Hello now", None),
        ("A page at foo.com", "A page at", None),
        ("123 see foo.com", "123 see", None),
        ("End. Visit http://foo.com", "End. Visit", None),
        ("see foo.com", "see", "see"),  # .se is a domain
        ("Xbox foo.com", "Xbox", "Xbox"),
        ("ſee foo.com", "ſee", "ſee"),  # the long s is an s where case is ignored
        ("This foo.COM is", None, None),
        ("This is the end.It is", None, None),
        ("qqq 10.0.0.1 x", "qqq x", "qqq x"),
        ("qqq version 1.2.3.4-beta, x", "qqq version, x", "qqq version, x"),
        ("qqq 1.2.3 x", None, None),
        ("qqq 300.2.3.4 x", None, None),
        ("qqq x1.2.3.4", None, None),
        ("This me@foo.org.", "This", "This"),
        ("This foo.comx", None, None),
        ("This foo.com_x", None, None),
        ("This foo.comé", None, None),
        ("This .com", None, None),
        ("This foo.com" + " " * 12 + "bar.com.", "This  ", "This  "),
        ("This " + "x" * 300 + ".com!", "This " + "x" * 44 + "!", "This " + "x" * 44 + "!"),
        ("This http://" + "x" * 257 + ".com!", "This http://x!", "This http://x!"),
        ("This xhttp://foo.com b", "This x b", "This x b"),
        ("This a" + " " * 15 + "foo.com   10.0.0.1.", "This a", "This a"),
        ("This пример.рф foo.рф.", "This пример.рф", "This пример.рф"),
        ("This foo.xn--p1ai/x", "This", None),
        ("This foo.ישראל b", "This b", None),
        ("This foo.ישראל\u200eb", "This\u200eb", "This"),
        ("This a.भारतम् b", "This b", None),
        ("This a.vermögensberatung/x b", "This b", "This b"),
        ("This foo.com.рф/x b", "This b", "This b"),  # the last full stop within 256 characters counts
        ("This a.com-" + "x" * 260 + ".рф b", "Thisрф b", "Thisрф b"),
        ("This (xhttp://1.2.3.4 b", "This (xhttp:// b", "This (xhttp:// b"),
        ("This xhttp://1.2.3.4 http://1.2.3.4", "This xhttp://", "This xhttp://"),
        ("www.foo.com", "", None),
        ("", None, None),
    ],
)
def test_urls_in_the_text(text: str, corrected: str | None, faithful: str | None) -> None:
    """None: unchanged."""
    assert without_urls(text) == (text if corrected is None else corrected)
    assert without_urls(text, faithful=True) == (text if faithful is None else faithful)


MEETING = """
http https ftp :// :/ / . . . .com .co.uk .de .рф .ישראל .ישראל\u200e .vermögensberatung .verm .xn--p1ai xn--
.xn--p1ai-x .भारतम् .परीक्षा a b.c com This Hello 1 2 10 255 299 300 1234 1.2.3.4 0.0.0.0 .1
@ - _ ~ # = ( ) ? & , ! ; ' é ж 中 \u0301 \u200e ٣ ſ İ
"""
SPACES = [" ", "  ", "\n", "\t", "\u3000", "\u00a0", "\x1c", " " * 11, "\u2003" * 9]
URLISH = st.lists(
    st.sampled_from(MEETING.split()) | st.sampled_from(SPACES) | st.integers(250, 260).map(lambda n: "x" * n),
    max_size=14,
).map("".join)


@given(URLISH, st.booleans(), st.sampled_from(["This ", "", "Hello "]))
@example("http://a.com", False, "")
@example(".com a.com.http://1.2.3.4", True, "This")
def test_the_compiled_cut_equals_the_regular_expressions(text: str, faithful: bool, start: str) -> None:
    spans(start + text, faithful)


@given(any_text, st.booleans())
def test_the_compiled_cut_equals_its_definition_on_any_text(text: str, faithful: bool) -> None:
    spans(text, faithful)


def test_the_compiled_cut_equals_its_definition_on_real_texts() -> None:
    found = sum(len(spans(text, faithful)) for _, text in real_texts(400) for faithful in (False, True))
    assert found > 200


@pytest.mark.parametrize(
    "piece",
    ["a.", "@", "a.com", ".com", "1.", "1.2.3.", "1.2.3.4 ", " x.com", " ", "http://", ".xn--", "-", "http://.", "255"],
)
def test_the_compiled_cut_is_linear(piece: str) -> None:
    page = Page("This " + piece * (1_000_000 // len(piece)))
    COMPILED_CUTS["urls"](Page("This a.com 1.2.3.4"))
    start = time.process_time()
    COMPILED_CUTS["urls"](page, faithful=True)
    assert time.process_time() - start < 2


def test_names_of_top_level_domains() -> None:
    assert {"com", "museum", "рф", "中国"} <= NAMES < with_punycode()
    assert {"xn--p1ai", "xn--fiqs8s"} <= with_punycode()
    assert all(name == name.lower() and "." not in name for name in NAMES)


def test_names_are_those_of_dclm() -> None:
    path = DATA / "dclm/banlists/iana_tlds.txt"
    if not path.exists():
        pytest.skip("the folder of real data is not here")
    assert as_published() == set(path.read_text("utf-8").splitlines())
