"""Texts on which a kernel must equal its definition: the real ones of ../shared/data, and made-up ones of all Unicode.

Not a test module. Real texts are read and never written anywhere; where the folder is absent the tests are skipped.
"""

import random
from collections.abc import Iterator
from functools import cache
from itertools import chain, islice, zip_longest
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import strategies as st
from resiliparse.extract.html2text import extract_plain_text

from udfs.crawl.html import Extracted, ExtractSettings, extract
from udfs.crawl.records import ReadLimits, Record, read_archive

DATA = Path(__file__).parents[2] / "../shared/data"
PLAIN = (  # folder/file of rows with a column `text`
    "web_text/samples",
    "quality_human/dclm_judgements",
    "languages/udhr",
    "languages/sentences",
)

_Text = tuple[str, str]


def real_texts(limit: int | None = None) -> Iterator[_Text]:
    """`(id, text)` of the real texts, `limit` of them or all (11,910, 67 million characters), always in the same order.

    The sources take turns, so a small limit has texts of each: web_text, quality_human, languages, the pages of
    main_content both as main content and as all visible text (both by resiliparse), and what comes out of
    crawl/malformed. All of them cost ten seconds, four the second time. Lone surrogates are replaced as the
    reader of crawls does. Skips the test where ../shared/data is absent.
    """
    if not DATA.is_dir():
        pytest.skip("the folder of real data is not here")
    pages = sorted((DATA / "main_content").glob("*.parquet"))
    sources = [_plain(name) for name in PLAIN]
    sources += [_pages(path, main) for path in pages for main in (True, False)]
    sources.append(_malformed())
    turns = chain.from_iterable(zip_longest(*sources))
    return islice((one for one in turns if one is not None), limit)


def without_surrogates(text: str) -> str:
    """`text` as the reader of crawls stores it: pairs joined, lone surrogates replaced by U+FFFD."""
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def _plain(name: str) -> Iterator[_Text]:
    table = pq.read_table(DATA / f"{name}.parquet", columns=["id", "text"])
    for key, text in zip(table["id"].to_pylist(), table["text"].to_pylist(), strict=True):
        yield f"{name.partition('/')[0]}/{key}", without_surrogates(text)


def _pages(path: Path, main: bool) -> Iterator[_Text]:
    table = pq.read_table(path, columns=["id", "html"])
    for key, html in zip(table["id"].to_pylist(), table["html"].to_pylist(), strict=True):
        yield f"{path.stem}/{'main' if main else 'visible'}/{key}", _text_of(html, main)


@cache
def _text_of(html: str, main: bool) -> str:
    return without_surrogates(extract_plain_text(html, main_content=main))


def _malformed() -> Iterator[_Text]:
    """Texts of damaged archives, as ingest would have them, and of a file that is no text at all."""
    for path in sorted((DATA / "crawl/malformed").iterdir()):
        with path.open("rb") as stream:
            for number, record in enumerate(read_archive(stream, ReadLimits())):
                if isinstance(record, Record):
                    page = extract(record.body, None, ExtractSettings())
                    raw = record.body[:100_000].decode("utf-8", "replace")
                    text = page.text if isinstance(page, Extracted) else raw
                    yield f"malformed/{path.name}/{number}", without_surrogates(text)


def _cut(*rows: str) -> list[str]:
    return [piece for row in rows for piece in row.split(" ")]


# What rules look at, much oftener than a random code point would be.
LINE_ENDS = ["\r", "\n", "\v", "\f", *"\x1c\x1d\x1e\x1f\x85\u2028\u2029", "\r\n", "\n\n", "\n\n\n"]
SPACES = [" ", "  ", "\t", "\u00a0", "\u3000", "\u2009", "\u200b", "\ufeff", " \n ", "\0"]
MARKS = [". . .", "lorem ipsum", "Lorem Ipsum", "javascript", "JavaScript"]
MARKS += _cut(
    "# ... . . . … • ● * - – — ● ▪ ‣ | / \\ , ; : ! ? ？ 。 、 ． “ ” ‘ ’ \" ' ` ( ) [ ] { } {{ < > _ @ & % $ € £",
    "^ ~ + =",
)
SCRIPTS = _cut(
    "中文 漢字かな カタカナ ｶﾀｶﾅ ภาษาไทย ខ្មែរ 한국어 русский ελληνικός ΣΊΣΥΦΟΣ שלום צה״ל ג'ירפה العربية हिन्दी",
    "İstanbul ıI ß ẞ ŉ ǅ ﬁ é e\u0301 \u0301 \u0308 a\u200db \u200d \u00ad so\u00adft x\ufe0f ½ ² ٣٤٥ 一二 Ⅷ",
    "👩\u200d👩\u200d👧 👍🏽 🇩🇪 🇩🇪🇫🇷🇮 ❤\ufe0f ☎ ℹ Ⓜ 🄰 𝐀𝐛",
)
WORDS = _cut(
    "the be to of and that have with a I The THE Word word words don't can't o'clock e.g. U.S.A. foo_bar __ _x 'tis '",
    "3.14 1,000 12:30 2024-01-31 10:30am 1st x2 3a.b ,5 5, Read more... sign-in items in cart 5 likes terms of use",
    "cookie policy http://example.com/a?b=c www.example.org/x user@example.com 192.168.0.1 +1 (555) 010-9999",
    "DE89370400440532013000",
)

_any_character = st.characters(exclude_categories=["Cs"])
_piece = st.one_of(
    st.sampled_from(WORDS),
    st.sampled_from(WORDS),
    st.sampled_from(LINE_ENDS),
    st.sampled_from(SPACES),
    st.sampled_from(MARKS),
    st.sampled_from(SCRIPTS),
    st.text(alphabet=_any_character, max_size=4),
    st.text(alphabet=st.characters(max_codepoint=0x7F), max_size=6),
)
_line = st.lists(st.one_of(_piece, st.just(" ")), max_size=12).map("".join)
_lines = st.lists(_line, max_size=6)


@st.composite
def _repeated(draw: st.DrawFn) -> str:
    """A few lines over and over, in any order, cut at one kind of line end."""
    lines = draw(st.lists(_line, min_size=1, max_size=4))
    ends: str = draw(st.sampled_from(["\n", "\n\n", "\r\n", " ", *LINE_ENDS]))
    order = draw(st.lists(st.sampled_from(lines), max_size=12))
    return ends.join(order)


@st.composite
def _shuffled(draw: st.DrawFn) -> str:
    """Many pieces from one seed: long texts at the price of one number."""
    chance = random.Random(draw(st.integers(0, 2**32)))
    pools = chance.sample([WORDS, WORDS, LINE_ENDS, SPACES, MARKS, SCRIPTS], chance.randint(1, 6))
    space = chance.choice(["", " ", " "])
    pieces: list[str] = [chance.choice(chance.choice(pools)) for _ in range(chance.randint(0, 200))]
    return space.join(pieces)


# Any text that can be stored: no surrogates, else all of Unicode.
any_text: st.SearchStrategy[str] = st.one_of(
    _lines.map("\n".join),
    _repeated(),
    _shuffled(),
    st.text(alphabet=_any_character, max_size=40),
)
