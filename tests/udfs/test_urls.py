"""Normal forms of URLs: known pairs, and idempotence and totality over strings of the characters that matter."""

import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from udfs.crawl.urls import host, normalise, registered_domain

SAME = [
    ("https://www.example.com/", "http://example.com"),
    ("HTTP://User:pw@EXAMPLE.com:80/a", "https://example.com:443/a/"),
    ("http://example.com/a/./b/../c", "http://example.com/a/c"),
    ("http://example.com/%7euser/%c3%a9", "http://example.com/~user/é"),
    ("http://example.com/a/index.html", "http://example.com/a"),
    ("http://example.com/a?utm_source=x&b=1&fbclid=9#top", "http://example.com/a?b=1"),
    ("http://example.com/a;jsessionid=AB12?x=1", "http://example.com/a?x=1"),
    ("http://example.com/?PHPSESSID=1&sid=" + "0a" * 16, "http://example.com/"),
    ("http://bücher.example/", "http://xn--bcher-kva.example/"),
    (" http://exam\nple.com/a b", "http://example.com/a%20b"),
    ("http://example.com\\a", "http://example.com/a"),
    ("http://example.com./a", "http://example.com/a"),
    ("http://example.com/%2e%2e/a", "http://example.com/a"),
]
DIFFERENT = [
    ("http://example.com/a", "http://example.com/A"),
    ("http://example.com/a?x=1&y=2", "http://example.com/a?y=2&x=1"),
    ("http://example.com:8080/", "http://example.com/"),
    ("http://example.com/a%2Fb", "http://example.com/a/b"),
    ("http://example.com/?sid=42", "http://example.com/"),
    ("http://news.example.com/", "http://example.com/"),
]
PIECES = st.sampled_from(
    [*"%/.:@?#&=;[]\\ \tw2e41aAé。／\ud800İß", "www.", "http://", "https://", "..", "index.html", "sid="]
)
URLS = st.one_of(
    st.text(), st.lists(PIECES).map("".join), st.lists(PIECES).map(lambda parts: "http://" + "".join(parts))
)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_same_page(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_pages(one: str, other: str) -> None:
    assert normalise(one) != normalise(other)


def test_normal_form_is_spelt_out() -> None:
    assert normalise("HTTPS://WWW.Example.COM:443/a/../b/?z=%7e&utm_id=4&a=[]#x") == "http://example.com/b?z=~&a=%5B%5D"


@given(URLS)
@example("http://a/%%341")
@example("http://www.www.example.com/")
@example("http://a/index.html/index.html/")
def test_total_and_idempotent(url: str) -> None:
    once = normalise(url)
    assert normalise(once) == once
    (once + host(url) + registered_domain(host(url))).encode("utf-8")  # no lone surrogate leaves


@given(URLS)
def test_normal_form_keeps_the_host(url: str) -> None:
    """But for `www.`, which is dropped only before a name with a dot of its own."""
    name = host(url)
    assert not name or name.endswith(host(normalise(url)))


@pytest.mark.parametrize("piece", ["/", "%", ";sid=", "www.", "../", "/index.html", "é.", "a:", "@", "&"])
def test_long_urls_take_linear_time(piece: str) -> None:
    started = time.monotonic()
    for prefix in ("http://", "http://a/", "http://a/?"):
        normalise(prefix + piece * 50_000)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("www.news.example.co.uk", "example.co.uk"),
        ("a.b.example.com", "example.com"),
        ("example.com.au", "example.com.au"),
        ("co.uk", "co.uk"),
        ("localhost", "localhost"),
        ("192.168.0.1", "192.168.0.1"),
        ("[::1]", "[::1]"),
        ("", ""),
    ],
)
def test_registered_domain(name: str, expected: str) -> None:
    assert registered_domain(name) == expected


PARTS = ["http://", "https://", "HTTP://", "a", "B", ".", "-", "example.com", ":80", "/", "?", "#", "@"]


@given(st.lists(st.sampled_from([*PARTS, "\t", "\n", " ", "é", "\\", "%41", "_"]), max_size=8).map("".join))
def test_the_host_of_a_plain_url_is_that_of_the_same_url_to_be_cleaned(rest: str) -> None:
    """A space in front keeps a URL from the short way."""
    for url in (rest, f"http://{rest}"):
        assert host(url) == host(f" {url}")
