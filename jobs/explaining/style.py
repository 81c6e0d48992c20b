"""The look of the explained page: colours with enough contrast in light and dark, and marks beside every colour.

Each stage has a colour, a kind of line through what it cuts and a letter, so that none of them has to be told by its
colour alone. Ratios of contrast are those of WCAG 2.2 (1.4.3), AA: 4.5 for text.
"""

from typing import NamedTuple


class Colors(NamedTuple):
    """Colours of one scheme, `#rrggbb`: text on its ground, for each of the places."""

    ground: str
    text: str
    faint: str
    rule: str  # lines between parts; says nothing
    link: str  # the focus ring and bars
    marks: dict[str, tuple[str, str]]  # by class: text and ground


LIGHT = Colors(
    "#ffffff",
    "#1b1b1f",
    "#5a5a64",
    "#d4d4dc",
    "#1f5fbf",
    {
        "screen": ("#9b1c22", "#fdeeee"),
        "dedup_substring": ("#6d3391", "#f6effb"),
        "dedup_bloom": ("#7a4a00", "#fcf3e2"),
        "execute": ("#00528f", "#e9f3fc"),
        "put": ("#17611c", "#eaf6ea"),
        "kept": ("#17611c", "#eaf6ea"),
        "dropped": ("#9b1c22", "#fdeeee"),
        "waiting": ("#5a4a00", "#faf3d6"),
    },
)
DARK = Colors(
    "#16171b",
    "#e8e8ec",
    "#a9a9b4",
    "#3a3b44",
    "#8ab8ff",
    {
        "screen": ("#ffa3a3", "#3a1d1f"),
        "dedup_substring": ("#dcb6f6", "#2f2139"),
        "dedup_bloom": ("#f2c57d", "#35270f"),
        "execute": ("#93c8f8", "#142b40"),
        "put": ("#98d898", "#15311a"),
        "kept": ("#98d898", "#15311a"),
        "dropped": ("#ffa3a3", "#3a1d1f"),
        "waiting": ("#e8d68a", "#302a0e"),
    },
)
LINES = {"screen": "solid", "dedup_substring": "double", "dedup_bloom": "dashed", "execute": "wavy"}

_RULES = """
*{box-sizing:border-box}
body{margin:0 auto;padding:1rem;max-width:78rem;background:var(--ground);color:var(--text);
 font:16px/1.5 system-ui,sans-serif;overflow-wrap:anywhere}
h1{font-size:1.4rem;margin:0 0 .3rem}
h2{font-size:1.1rem;margin:2rem 0 .5rem;border-top:1px solid var(--rule);padding-top:1rem}
h3{font-size:1rem;margin:1.2rem 0 .3rem}p{margin:.3rem 0}.faint,.no{color:var(--faint)}
table{border-collapse:collapse;width:100%}caption{text-align:start;color:var(--faint)}
th,td{text-align:start;vertical-align:top;padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--rule)}
th{font-weight:600}td.number{text-align:end;font-variant-numeric:tabular-nums}
.badge{padding:.05rem .5rem;border-radius:.3rem;font-weight:600;white-space:nowrap}
.badge.kept{color:var(--kept);background:var(--kept-ground)}
.badge.dropped{color:var(--dropped);background:var(--dropped-ground)}
.badge.waiting{color:var(--waiting);background:var(--waiting-ground)}
a{color:var(--link)}.skip:not(:focus){position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.page{font:14px/1.55 ui-monospace,monospace;margin-top:.8rem}
.row{display:grid;grid-template-columns:4.5rem minmax(0,1fr);column-gap:.8rem}
.row.beside{grid-template-columns:4.5rem minmax(0,2fr) minmax(0,1fr)}
.no{text-align:end;user-select:none;white-space:pre}
.line{white-space:pre-wrap;unicode-bidi:isolate;min-height:1.55em}
.note{font-size:.85em;border-inline-start:3px solid var(--execute);padding-inline-start:.5rem}
.note p{margin:0}
del,ins{border-radius:.2rem}
ins,.there{color:var(--put);background:var(--put-ground);text-decoration:underline}
.here{color:var(--dropped);background:var(--dropped-ground);text-decoration:line-through}
.mark::after{content:attr(data-sign);font-size:.7em;font-weight:700;vertical-align:super;margin-inline:.15em;
 display:inline-block;text-decoration:none}
.mark:hover::after,.mark:focus::after{content:attr(data-sign) " " attr(title);vertical-align:baseline;
 font-weight:400;border:1px solid currentColor;border-radius:.2rem;padding:0 .3em}
:focus-visible{outline:3px solid var(--link);outline-offset:1px}
.would{border-bottom:2px dotted currentColor;text-decoration:none}
.sign{border:1px solid currentColor;border-radius:.2rem;font-size:.8em;padding:0 .1em;unicode-bidi:isolate}
.legend{list-style:none;padding:0;margin:.3rem 0}.legend li{margin:.15rem 0}
svg{max-width:34rem;width:100%;height:auto;display:block}
svg text{font:13px system-ui,sans-serif;fill:var(--text)}svg .track{fill:var(--rule)}svg .bar{fill:var(--link)}
svg .tick{stroke:var(--text);stroke-width:2}
pre{white-space:pre-wrap;font:13px/1.45 ui-monospace,monospace;margin:.3rem 0}
summary{cursor:pointer}.difference{white-space:pre-wrap;unicode-bidi:isolate}
@media(max-width:48rem){.row,.row.beside{grid-template-columns:2.8rem minmax(0,1fr)}.note{grid-column:2}
 th,td{padding-inline-end:.4rem}table{font-size:.85rem}
 .badge{white-space:normal}.badge,th{overflow-wrap:normal}td:first-child{min-width:7.8rem}}
@media print{.mark::after{content:attr(data-sign)}}
"""


def _variables(colors: Colors) -> str:
    plain = {"ground": colors.ground, "text": colors.text, "faint": colors.faint, "rule": colors.rule}
    named = plain | {"link": colors.link}
    for name, (text, ground) in colors.marks.items():
        named |= {name: text, f"{name}-ground": ground}
    return "".join(f"--{name}:{value};" for name, value in named.items())


def _stages() -> str:
    return "".join(
        f".{stage}{{color:var(--{stage});background:var(--{stage}-ground)}}"
        f"del.{stage}{{text-decoration:line-through {line};text-decoration-thickness:from-font}}\n"
        for stage, line in LINES.items()
    )


# The colours as variables, for the style sheet of any page.
SCHEMES = (
    f":root{{color-scheme:light dark;{_variables(LIGHT)}}}\n"
    f"@media(prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}\n"
)
CSS = f"{SCHEMES}{_RULES}{_stages()}"


def contrast(first: str, second: str) -> float:
    """The contrast of two colours, 1 to 21 (WCAG 2.2, definition of contrast ratio)."""
    darker, lighter = sorted((_luminance(first), _luminance(second)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(color: str) -> float:
    channels = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
