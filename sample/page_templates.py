"""Web pages around the texts: eight templates with menus, cookie notices, sidebars, comments and footers.

The title, byline and text are the same markup in each, so that one article on two hosts has one main text.
"""

from dataclasses import dataclass
from html import escape
from string import Template

from page_markup import to_html
from page_shells import SHELLS
from page_source import Block, Page

RELATED_LINKS = 5


@dataclass(frozen=True)
class Site:
    """What a template knows beside the page: its site, the words of its language, the site's other pages."""

    block: Block
    words: Block
    others: list[Page]
    is_lively: bool  # shows comments and share buttons, which differ between fetches


def render(page: Page, site: Site, number: int) -> str:
    """The whole HTML document; `number` varies comments and counters."""
    words = site.words
    nav = [name.strip() for name in site.block.get("nav").split(",")]
    shell = Template(SHELLS[site.block.get("template")])
    return shell.substitute(
        lang=page.language,
        charset=_meta_charset(page.charset),
        title=escape(page.title),
        site=escape(site.block.get("name")),
        host=page.host,
        nav="\n".join(f'<li><a href="/{_slug(name)}/">{escape(name)}</a></li>' for name in nav),
        nav_plain=" | ".join(f'<a href="/{_slug(name)}/">{escape(name)}</a>' for name in nav),
        section=escape(nav[number % len(nav)]),
        article=_article(page, words),
        related="\n".join(f'<li><a href="{_path(other)}">{escape(other.title)}</a></li>' for other in site.others),
        share_line=_share_line(words) if site.is_lively else "",
        comment_list=_comment_list(words, number) if site.is_lively else "",
        visits=1200 + 37 * number,
        imprint=" &middot; ".join(f'<a href="/about">{escape(word)}</a>' for word in words.get("imprint").split(" | ")),
        **{key: escape(words.get(key)) for key in _WORDS},
        label_related=escape(words.get("related")),
    )


_WORDS = ("home", "cookies", "accept", "decline", "search", "newsletter")


def _article(page: Page, words: Block) -> str:
    byline = f"{words.get('by')} {page.author}, {page.published}"
    return (
        f'<h1>{escape(page.title, quote=False)}</h1>\n<p class="byline">{escape(byline, quote=False)}</p>\n'
        + to_html(page.prose)
    )


def _share_line(words: Block) -> str:
    return f'<div class="share-buttons">{words.get("share")}: <a href="#">e-mail</a> <a href="#">link</a></div>'


def _comment_list(words: Block, number: int) -> str:
    remarks = words.get("remark").split(" | ")
    chosen = remarks[number % len(remarks) :][: 1 + number % 2]
    body = "\n".join(f'<div class="comment"><p>{escape(remark)}</p></div>' for remark in chosen)
    return f'<section id="comments" class="comments"><h3>{words.get("comments")}</h3>\n{body}</section>'


def _meta_charset(charset: str) -> str:
    """`windows-1252 meta` is declared in the document alone, `iso-8859-15 header` in the HTTP header alone."""
    name, _, place = charset.partition(" ")
    if place == "meta":
        return f'<meta http-equiv="Content-Type" content="text/html; charset={name}">'
    return '<meta charset="utf-8">' if name == "utf-8" else ""


def _path(page: Page) -> str:
    return "/" + escape(page.url.split("/", 3)[3])


def _slug(name: str) -> str:
    return "".join(letter if letter.isascii() and letter.isalnum() else "-" for letter in name.lower())
