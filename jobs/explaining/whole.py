"""A whole page as one HTML file: its head, with a policy under which nothing runs and nothing is fetched."""

import base64
import hashlib

from jobs.explaining.markup import Markup, element


def whole_page(title: str, css: str, *body: str) -> str:
    """The file. `css` is ours and in it as it is; everything else is escaped unless it is Markup."""
    metas = (
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=policy_of(css)),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="referrer", content="no-referrer"),
        element("meta", name="robots", content="noindex"),
        element("title", title),
        element("style", Markup(css)),
    )
    return f"<!DOCTYPE html>\n{element('html', element('head', *metas), element('body', *body), lang='en')}\n"


def policy_of(css: str) -> str:
    """Nothing but this style sheet: no script, image, font, frame, form or request, whatever the page's text says."""
    return f"default-src 'none'; style-src {source_of(css)}; base-uri 'none'; form-action 'none'"


def source_of(inline: str) -> str:
    """How a policy names one inline style sheet or script."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(inline.encode()).digest()).decode()}'"
