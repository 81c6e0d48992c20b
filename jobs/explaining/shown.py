"""What was read about a page, as it is shown: a document, a loss, or nothing at all."""

from collections.abc import Iterator

from jobs.explaining.explained import Explained, explained
from jobs.explaining.page import page, page_of_lost, page_of_unseen
from jobs.explaining.rows import Found, Lost, Unseen
from jobs.explaining.terminal import rendered, rendered_lost, rendered_unseen
from jobs.review.rendering import Style

Shown = Explained | Lost | Unseen


def to_be_shown(read: Found | Lost | Unseen) -> Shown:
    """A document explained; the others need no explanation."""
    return explained(read) if isinstance(read, Found) else read


def as_rows(shown: Shown, style: Style) -> Iterator[str]:
    """The rows for a terminal, without line ends."""
    if isinstance(shown, Lost):
        return rendered_lost(shown, style)
    return rendered_unseen(shown, style) if isinstance(shown, Unseen) else rendered(shown, style)


def as_html(shown: Shown) -> str:
    """The HTML page."""
    if isinstance(shown, Lost):
        return page_of_lost(shown)
    return page_of_unseen(shown) if isinstance(shown, Unseen) else page(shown)
