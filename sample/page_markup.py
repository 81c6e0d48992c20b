"""The small Markdown of pages/ as HTML: headings, lists, tables, code, links. Nothing else is understood."""

import re
from html import escape

FENCE = "```"
_LINK = re.compile(r"\[([^\]]+)\]\(([^)]+)\)")


def to_html(prose: str) -> str:
    """The whole text."""
    return "\n".join(_block(block) for block in _blocks(prose))


def _blocks(prose: str) -> list[list[str]]:
    """Lines grouped at empty lines; code between fences is one group with its empty lines."""
    blocks: list[list[str]] = [[]]
    in_code = False
    for line in prose.split("\n"):
        if line == FENCE:
            if not in_code:
                blocks.append([])
            blocks[-1].append(line)
            if in_code:
                blocks.append([])
            in_code = not in_code
        elif line or in_code:
            blocks[-1].append(line)
        else:
            blocks.append([])
    return [block for block in blocks if block]


def _block(lines: list[str]) -> str:
    first = lines[0]
    if first == FENCE:
        return "<pre><code>" + escape("\n".join(lines[1:-1]), quote=False) + "</code></pre>"
    if first.startswith("## "):
        return f"<h2>{_inline(first[3:])}</h2>"
    if first.startswith("- "):
        return "<ul>\n" + "\n".join(f"<li>{_inline(line[2:].rstrip(';'))}</li>" for line in lines) + "\n</ul>"
    if first.startswith("| "):
        return "<table>\n" + "\n".join(_row(line) for line in lines) + "\n</table>"
    if first.startswith("    "):
        return "<pre>" + escape("\n".join(line[4:] for line in lines), quote=False) + "</pre>"
    return f"<p>{_inline(' '.join(lines))}</p>"


def _row(line: str) -> str:
    cells = line.strip("| ").split(" | ")
    return "<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in cells) + "</tr>"


def _inline(text: str) -> str:
    return _LINK.sub(r'<a href="\2">\1</a>', escape(text, quote=False))
