"""Decoding: each rule on made-up bytes, totality, and real pages in legacy charsets."""

import re
from html import unescape
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from udfs.crawl.charsets import decode

CHINESE = "这是一个用来测试编码检测的中文网页，里面有足够多的汉字。" * 5
RUSSIAN = "Это страница на русском языке, и слов в ней довольно много. " * 5
GERMAN = "Schöne Grüße aus München, wo die Straßen überall schön sind. " * 5
JAPANESE = "これは日本語のページです。文字コードを調べるためのものです。" * 5
NO_MARKS = st.characters(exclude_categories=["Cs"], exclude_characters="\ufeff\x1b")
PAGES = Path(__file__).parents[2] / "../shared/data/charset_pages/pages.parquet"


def page(text: str, meta: str | None = None) -> str:
    return (f'<html><head><meta charset="{meta}"></head>' if meta else "<html>") + f"<body><p>{text}</p></body></html>"


@pytest.mark.parametrize(
    ("text", "codec", "header", "meta", "expected"),
    [
        (GERMAN, "utf-8", None, None, "utf-8"),
        (GERMAN, "latin-1", "text/html; charset=ISO-8859-1", None, "windows-1252"),
        (GERMAN, "latin-1", None, "latin1", "windows-1252"),
        (GERMAN, "utf-8", "text/html; charset=ISO-8859-1", None, "utf-8"),  # the commonest lie
        (GERMAN, "latin-1", "text/html; charset=utf-8", None, "windows-1252"),
        (GERMAN, "latin-1", "text/html; charset=utf-8", "iso-8859-1", "windows-1252"),
        (CHINESE, "gbk", None, "gb2312", "gb18030"),
        (CHINESE, "gbk", None, None, "gb18030"),
        (CHINESE, "gbk", "text/html; charset=iso-8859-1", None, "gb18030"),
        (CHINESE, "gbk", "text/html; charset=utf-8", None, "gb18030"),
        (CHINESE, "utf-8", None, "gb2312", "utf-8"),
        ("联通", "gbk", None, "gbk", "gb18030"),  # valid UTF-8 by chance
        (RUSSIAN, "cp1251", "text/html; charset=windows-1251", None, "windows-1251"),
        (RUSSIAN, "koi8-r", None, None, "koi8-r"),
        (RUSSIAN, "koi8-r", "text/html; charset=koi8-r", "windows-1251", "koi8-r"),  # the header before <meta>
        (JAPANESE, "cp932", None, "Shift_JIS", "shift_jis"),
        (JAPANESE, "euc-jp", "text/html;charset='EUC-JP'", None, "euc-jp"),
        (JAPANESE, "iso2022_jp", None, "iso-2022-jp", "iso-2022-jp"),
        (JAPANESE, "utf-8-sig", "text/html; charset=shift_jis", None, "utf-8"),
        (JAPANESE, "utf-8", None, "utf-16", "utf-8"),
        (JAPANESE, "utf-8", "text/html; charset=no-such-thing", None, "utf-8"),
    ],
)
def test_decodes(text: str, codec: str, header: str | None, meta: str | None, expected: str) -> None:
    decoded = decode(page(text, meta).encode(codec), header)
    assert (decoded.text, decoded.charset) == (page(text, meta), expected)


@pytest.mark.parametrize(("mark", "codec"), [(b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")])
def test_byte_order_mark_comes_first(mark: bytes, codec: str) -> None:
    decoded = decode(mark + page(CHINESE).encode(codec), "text/html; charset=utf-8")
    assert decoded == (page(CHINESE), codec, "utf-8")


def test_a_page_cut_inside_a_character_stays_utf8() -> None:
    body = page("Preis: 5 € für alle").encode()[: page("Preis: 5 € für alle").encode().index(b"r alle") - 1]
    decoded = decode(body, "text/html; charset=utf-8")
    assert decoded.charset == "utf-8"
    assert decoded.text.endswith("5 € f\ufffd")


def test_meta_is_found_behind_a_script() -> None:
    meta = "<meta http-equiv=Content-Type content='text/html; charset=windows-1251'>"
    html = f"<script>{'x' * 2000}</script>{meta}{RUSSIAN}"
    assert decode(html.encode("cp1251"), "text/html").text == html


@given(st.binary(), st.one_of(st.none(), st.text(), st.sampled_from(["charset=gbk", "charset=big5", "charset=utf-16"])))
def test_total(body: bytes, content_type: str | None) -> None:
    decode(body, content_type).text.encode("utf-8")


@given(st.text(NO_MARKS))
def test_utf8_comes_back(text: str) -> None:
    assert decode(text.encode(), "text/html; charset=UTF-8").text == text


@pytest.mark.skipif(not PAGES.exists(), reason="real pages are not on this machine")
def test_real_pages() -> None:
    """The lines of the Chinese gold texts stand in the decoded pages; no page loses more than a few characters."""
    for row in pq.read_table(PAGES).to_pylist():
        decoded = decode(row["raw"], None)
        assert decoded.text.count("\ufffd") <= 4, row["id"]
        if row["gold_text"]:
            seen = re.sub(r"\s", "", unescape(re.sub(r"<[^>]*>", "", decoded.text)))
            lines = [re.sub(r"\s", "", line) for line in row["gold_text"].splitlines()]
            assert sum(len(line) for line in lines if line in seen) > 0.8 * sum(map(len, lines)), row["id"]
