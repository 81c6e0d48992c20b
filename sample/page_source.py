"""Reads the texts in pages/: blocks of `key: value` lines, an empty line, then prose in a small Markdown.

A block opens with `%% page`, `%% copy`, `%% site` or `%% words`. Keys may repeat (`replace:`).
"""

from dataclasses import dataclass
from pathlib import Path

PAGES_FOLDER = Path(__file__).parent / "pages"
NOT_DOMAINS = ("sites", "furniture", "copies", "unwanted")

# What a pipeline with English rules should make of a page; a page's own `outcome:` line goes first.
OUTCOMES = {
    "article": "kept",
    "near_duplicate": "near_duplicate",
    "truncated": "lost",
    **dict.fromkeys(("url_duplicate", "text_duplicate", "recapture", "recapture_changed"), "duplicate"),
    **dict.fromkeys(("spam", "symbols", "bullets", "teasers", "too_short", "soft_404", "login"), "rejected"),
    **dict.fromkeys(("not_found", "challenge", "server_error"), "no_document"),
}


@dataclass(frozen=True)
class Block:
    """One `%%` block: its kind, its header lines as (key, value) pairs and its prose."""

    kind: str
    header: tuple[tuple[str, str], ...]
    prose: str

    def get(self, key: str, default: str = "") -> str:
        """The first value of `key`."""
        return next((value for name, value in self.header if name == key), default)

    def all(self, key: str) -> list[str]:
        """Every value of `key`, in order."""
        return [value for name, value in self.header if name == key]


@dataclass(frozen=True)
class Page:
    """A page to be fetched: what it says and what it is meant to show."""

    url: str
    title: str
    file: str
    role: str
    outcome: str
    domain: str
    language: str
    quality: str
    published: str
    author: str
    prose: str
    status: str = "200 OK"
    charset: str = "utf-8 header"
    keeper_url: str = ""

    @property
    def host(self) -> str:
        """The host as the list of sites knows it: no `www.`, no port."""
        return self.url.split("/")[2].removeprefix("www.").partition(":")[0]


def read_blocks(path: Path) -> list[Block]:
    """All blocks of one file; ValueError where a header line has no colon."""
    blocks = []
    for part in ("\n" + path.read_text(encoding="utf-8")).split("\n%% ")[1:]:
        head, _, prose = part.partition("\n\n")
        kind, *lines = head.split("\n")
        pairs = [line.partition(": ") for line in lines if line]
        if bad := [key for key, colon, _ in pairs if not colon]:
            raise ValueError(f"{path.name}: found the header line {bad[0]!r}, expected `key: value`; put a colon in.")
        blocks.append(Block(kind, tuple((key, value) for key, _, value in pairs), prose.strip()))
    return blocks


def to_page(block: Block, domain: str) -> Page:
    """A written page."""
    role = block.get("role", "article")
    return Page(
        url=block.get("url"),
        title=block.get("title"),
        file=block.get("file"),
        role=role,
        outcome=block.get("outcome", OUTCOMES[role]),
        domain=block.get("domain", domain),
        language=block.get("language", "en"),
        quality=block.get("quality"),
        published=block.get("published"),
        author=block.get("author"),
        prose=block.prose,
        status=block.get("status", "200 OK"),
        charset=block.get("charset", "utf-8 header"),
    )


def to_copy(block: Block, original: Page) -> Page:
    """A page that repeats `original`, with the edits of the block's `replace: old ==> new` lines."""
    prose = original.prose
    for edit in block.all("replace"):
        old, _, new = edit.partition(" ==> ")
        if prose.count(old) != 1:
            raise ValueError(f"copies.txt: {block.get('url')}: found {prose.count(old)} times {old!r}, expected one.")
        prose = prose.replace(old, new)
    role = block.get("role")
    return Page(
        url=block.get("url"),
        title=original.title,
        file=block.get("file"),
        role=role,
        outcome=OUTCOMES[role],
        domain=original.domain,
        language=original.language,
        quality=original.quality,
        published=block.get("published", original.published),
        author=original.author,
        prose=prose,
        keeper_url=original.url,
    )


def read_pages() -> list[Page]:
    """Every page: written ones in the order of their files' names, then the copies."""
    paths = sorted(path for path in PAGES_FOLDER.glob("*.txt") if path.stem not in NOT_DOMAINS)
    written = [to_page(block, path.stem) for path in paths for block in read_blocks(path)]
    written += [to_page(block, "other") for block in read_blocks(PAGES_FOLDER / "unwanted.txt")]
    by_url = {page.url: page for page in written}
    return written + [to_copy(block, by_url[block.get("of")]) for block in read_blocks(PAGES_FOLDER / "copies.txt")]


def read_sites() -> dict[str, Block]:
    """Host -> its name, template and menu."""
    return {block.get("host"): block for block in read_blocks(PAGES_FOLDER / "sites.txt")}


def read_words() -> dict[str, Block]:
    """Language -> the words of buttons, cookie notices and the like."""
    return {block.get("language"): block for block in read_blocks(PAGES_FOLDER / "furniture.txt")}
