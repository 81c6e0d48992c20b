"""The proposer `rules`: a few rules for lines that are no part of any text, without a model.

A line goes where a rule knows it: the label of a control, a row of links, a copyright notice, a policy, an invitation
to read on, share or sign up. Short lines around them go where many stand in a row, as in menus, and lines without a
letter between lines that go. All else stays: a line with a letter of another script than the Latin one, a long line,
and one that ends like a sentence of many words. Where a rule is wrong a heading is lost, not a paragraph. What goes
is little of what could, and most of it is where the text of a page was taken with its menus and footers.

The rules know English, and marks that many languages use. Figures: tests/udfs/test_line_rules.py.
"""

import re
from collections.abc import Iterator, Sequence
from enum import Enum

from udfs.programs.lengths import words
from udfs.programs.operations import DropDocument, KeepChunk, KeepDocument, Operation, RemoveLines, format_program
from udfs.programs.proposer import Proposal, Proposer, Request
from udfs.text.cuts.c4 import POLICY

RULES_VERSION = "lines-1"  # another one for every change that changes a program

# A document left with so few words, or such a share of them, goes: the guards of ProX's executor, which would empty it.
MIN_WORDS = 10
MIN_KEPT_RATIO = 0.05

# No rule looks at longer lines, nor at those that end like a sentence and have more words.
MOST_CHARS = 200
_SENTENCE_WORDS = 9
_SENTENCE_END = re.compile(r"[.!?…:][\"'”’»)\]]*\Z")

_LETTER = re.compile(r"[^\W\d_]")
_OTHER_SCRIPT = re.compile("[^\\W\\d_A-Za-z\u00aa-\u024f\u1e00-\u1eff]")
_MARKS = " \t\r\u00a0*•·|»«›‹<>→←▼▲+-–—:.!…()[]"  # around a label
_AROUND = _MARKS + "0123456789,"

# What controls, menus and footers of English sites say, as a whole line. No word that is as often a heading in a text.
_LABELS = """
about, about us, accept, accept all, account, ad, add a comment, add to cart, add to compare, advanced search,
advertise, advertise with us, advertisement, all products, archives, back, back to the top, back to top, blog, careers,
cart, categories, checkout, classifieds, click to expand, close, close menu, comment, connect with us, contact,
contact us, cookie policy, cookie settings, cookies, copy link, create account, customer service, donate, email,
email this, español, events, explore, facebook, follow, follow us, follow us on, forgot password, forgot your password,
forum, forums, gift cards, github, google, help, help center, home, instagram, jobs, jump to content,
jump to navigation, leave a comment, leave a reply, legal, legal notice, like this, linkedin, load more, loading,
locations, log in, log out, login, logout, main menu, manage cookies, media kit, menu, more, most popular, my account,
navigation, newsletter, newsletters, next, next page, next post, open menu, our team, partners, permalink, photos,
pinterest, podcast, podcasts, popular posts, post a comment, powered by, press, press room, previous, previous page,
previous post, print, print this page, privacy, privacy notice, privacy policy, privacy statement, quick links,
read more, recent comments, recent posts, recommended, reddit, register, related articles, related posts,
related stories, reply, rss, rss feed, save, search, search for, see all, see more, share, share on facebook,
share on twitter, share this, share this article, share this page, shop, shop all, shop now, shopping cart, show all,
sign in, sign out, sign up, site map, sitemap, skip navigation, skip to content, skip to main content,
skip to navigation, social media, sponsored, sponsored content, subscribe, subscribe now, subscribe to our newsletter,
subscriptions, tags, telegram, terms, terms & conditions, terms and conditions, terms of service, terms of use,
today's paper, toggle navigation, top stories, trending, tweet, twitter, video, videos, view all, view cart, view more,
weather, whatsapp, who we are, wishlist, work with us, youtube, your cart
"""
LABELS = frozenset(label.strip() for label in _LABELS.split(","))

# `Home | News | Contact`, `Home > Shop > Shoes`: short pieces, three or more, and one of them a label, because tables,
# code and lists of materials have the same form.
_SEPARATOR = re.compile(r"[|»›·•]|\s[>/]\s")
_MIN_PIECES = 3
_PIECE_WORDS = 3.5  # on average

_COPYRIGHT = re.compile(
    r"(?:©|\(c\)|\bcopyright\b)[^.]{0,40}\b(?:19|20)\d\d\b|\ball rights reserved\b|^©|^copyright\b", re.IGNORECASE
)
_COPYRIGHT_WORDS = 25
# C4 takes all lines that mention a policy (section 2.2 of its paper); here only those that are short and no sentence.
_POLICIES = (*POLICY, "terms of service", "terms and conditions")
_POLICY_WORDS = 15
# What leads elsewhere: ProX had its annotators remove menus at the top and footers (appendix A, prompts 1 and 3).
_MORE = re.compile(
    r"(?:(?:read|load|view) (?:more|all|full|the full)|see all|continue reading"
    r"|(?:skip|jump) to|(?:back|return) to (?:the )?(?:top|home|main|list|index|search|results|previous|menu|site))\b"
)
_MORE_WORDS = 6
_SHARE = re.compile(
    r"(?:share|tweet|pin it|email this|print this|follow us|like us|sign up|sign in|log ?in|subscribe|register"
    r"|download (?:our|the) app|posted (?:in|by|on)|filed under|tagged|tags:|leave a (?:comment|reply)"
    r"|add (?:a )?comment|(?:\d+|no) (?:comments?|shares?|likes?|views?|replies)|comments \(?\d+|report abuse"
    r"|powered by)\b"
)
_SHARE_WORDS = 5

# Lines of a menu are short, many, and some of them labels.
_MENU_LINES = 8
_MENU_WORDS = 5
_MENU_CHARS = 40
_MENU_LABELS = 3
_MENU_LABELS_RATIO = 0.05


class Kind(Enum):
    """What a line is by itself."""

    BLANK = "no letter in it"
    KNOWN = "a rule knows it"
    SHORT = "may be of a menu"
    OTHER = "stays"


def rules_proposer() -> Proposer:
    """A proposer that reads the texts of its requests, no prompts: about a chunk it says which lines go, about a
    document whether so many do that hardly any word is left."""
    return lambda requests: [Proposal(_program(request), "rules", None) for request in requests]


def _program(request: Request) -> str:
    lines = request.text.split("\n")
    going = goes(lines)
    if request.level == "document":
        return format_program([DropDocument() if leaves_nothing(lines, going) else KeepDocument()])
    operations: list[Operation] = [*removals(going, request.first_line)]
    return format_program(operations or [KeepChunk()])


def leaves_nothing(lines: Sequence[str], going: Sequence[bool]) -> bool:
    """Whether hardly a word is left where these lines go."""
    if not any(going):
        return False  # short before: no reason of ours
    left = sum(words(line) for line, is_going in zip(lines, going, strict=True) if not is_going)
    return left <= max(MIN_WORDS, MIN_KEPT_RATIO * sum(map(words, lines)))


def removals(going: Sequence[bool], first_line: int) -> Iterator[RemoveLines]:
    """A call for each run of lines that go."""
    start = -1
    for number, is_going in enumerate([*going, False]):
        if is_going and start < 0:
            start = number
        elif not is_going and start >= 0:
            yield RemoveLines(first_line + start, first_line + number - 1)
            start = -1


def goes(lines: Sequence[str]) -> list[bool]:
    """Whether each line goes. Time is linear in the text."""
    kinds = [kind_of(line) for line in lines]
    going = [kind is Kind.KNOWN for kind in kinds]
    for menu in _menus(kinds):
        for number in menu:
            going[number] = True
    return with_blanks([kind is Kind.BLANK for kind in kinds], going)


def _menus(kinds: Sequence[Kind]) -> Iterator[list[int]]:
    """The lines of each run of short and known lines that is a menu."""
    run: list[int] = []
    for number, kind in enumerate([*kinds, Kind.OTHER]):
        if kind in {Kind.KNOWN, Kind.SHORT}:
            run.append(number)
        elif kind is Kind.OTHER:
            known = sum(kinds[one] is Kind.KNOWN for one in run)
            if len(run) >= _MENU_LINES and known >= max(_MENU_LABELS, _MENU_LABELS_RATIO * len(run)):
                yield run
            run = []


def with_blanks(is_blank: Sequence[bool], going: list[bool]) -> list[bool]:
    """Blank lines go where the lines on both sides that are not do, or at an end of the text the only one there is."""
    before: bool | None = None
    blanks: list[int] = []
    for number in range(len(is_blank) + 1):
        if number < len(is_blank) and is_blank[number]:
            blanks.append(number)
            continue
        after = going[number] if number < len(is_blank) else None
        if True in {before, after} and False not in {before, after}:
            for blank in blanks:
                going[blank] = True
        before, blanks = after, []
    return going


def kind_of(line: str) -> Kind:
    """What a line is by itself."""
    if not _LETTER.search(line):
        return Kind.BLANK
    stripped = line.strip()
    if len(stripped) > MOST_CHARS or _OTHER_SCRIPT.search(stripped):
        return Kind.OTHER
    count = len(stripped.split())
    if count > _SENTENCE_WORDS and _SENTENCE_END.search(stripped):
        return Kind.OTHER
    if _is_known(stripped, count):
        return Kind.KNOWN
    is_short = count <= _MENU_WORDS and len(stripped) <= _MENU_CHARS and stripped[-1] not in '.!?:,;"”…'
    return Kind.SHORT if is_short else Kind.OTHER


def _is_known(line: str, count: int) -> bool:
    lower = line.lower().replace("\u00a0", " ")
    label = lower.strip(_AROUND)
    return (
        label in LABELS
        or _is_row_of_links(lower, count)
        or (count <= _COPYRIGHT_WORDS and _COPYRIGHT.search(lower) is not None)
        or (count <= _POLICY_WORDS and any(policy in lower for policy in _POLICIES))
        or (count <= _MORE_WORDS and _MORE.match(label) is not None)
        or (count <= _SHARE_WORDS and _SHARE.match(lower.lstrip(_MARKS)) is not None)
    )


def _is_row_of_links(line: str, count: int) -> bool:
    pieces = [piece for piece in _SEPARATOR.split(line) if piece.strip()]
    is_row = len(pieces) >= _MIN_PIECES and count <= _PIECE_WORDS * len(pieces)
    return is_row and any(piece.strip(_AROUND) in LABELS for piece in pieces)
