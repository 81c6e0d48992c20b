"""What has no business inside a line that stays, where that is sure: rests of mark-up, marks of an encyclopaedia's
editors, and addresses that only lead to a picture or count a click.

Each becomes a call of `normalize`, so each must pass the guards of strict execution: three visible characters or more,
at most ten times in the text.
"""

import re
from collections import Counter
from collections.abc import Iterable

from udfs.programs.operations import Normalize

_SHORTENERS = "t\\.co|bit\\.ly|ow\\.ly|goo\\.gl|tinyurl\\.com|buff\\.ly|dlvr\\.it|fb\\.me|is\\.gd|youtu\\.be"
_RUBBISH = (
    re.compile(r"<(?:img|a|span|div|font|p|td|table|iframe) [a-z-]{1,30}=[\"'][^<>\n]{0,300}>"),
    re.compile(r"</(?:span|div|font|iframe)>"),
    re.compile(r" ?\[(?:edit|edit source|citation needed|clarification needed|when\?|who\?|dead link)\]"),
    re.compile(r" ?\[/?(?:caption|gallery|embed|vc_[a-z_]{1,40}|et_pb_[a-z_]{1,40})(?: [^\[\]\n]{0,300})?\]"),
    re.compile(r" ?(?:https?://)?pic\.twitter\.com/\w{1,20}"),
    re.compile(rf" ?\(?https?://(?:www\.)?(?:{_SHORTENERS})/[\w-]{{1,40}}\)?"),
    re.compile(r" ?https?://\S{0,300}[?&](?:utm_[a-z]{1,20}|fbclid|gclid)=[^\s<>\"')]{0,300}"),
)
_BREAK = re.compile(r" ?<br ?/?> ?")
# Only where they end in a semicolon and mean one character; `&lt;` may be what a text about mark-up says.
_ENTITIES = {"&nbsp;": " ", "&amp;": "&", "&quot;": '"', "&#39;": "'", "&rsquo;": "’", "&ldquo;": "“", "&rdquo;": "”"}
_ENTITY = re.compile("|".join(map(re.escape, _ENTITIES)))
_CODE = re.compile(r"[{};=]\s*\Z|</\w+>.*</\w+>|&lt;|\bhtml\b|\bHTML\b")  # a line that speaks of mark-up or is some
MOST_TIMES = 10


def rubbish_in(lines: Iterable[str]) -> list[Normalize]:
    """The calls for lines that stay, in order of their first place; none twice. Time is linear in the lines."""
    found: Counter[tuple[str, str]] = Counter()
    for line in lines:
        if _CODE.search(line):
            continue
        for pattern in _RUBBISH:
            found.update((match.group(), "") for match in pattern.finditer(line))
        found.update((match.group(), " ") for match in _BREAK.finditer(line))
        found.update((match.group(), _ENTITIES[match.group()]) for match in _ENTITY.finditer(line))
    return [Normalize(*call) for call, times in found.items() if times <= MOST_TIMES]
