"""Glob patterns over relative paths, the same for local files and object stores.

`*`, `?` and `[a-z]` stay inside one name; `**` as a whole name stands for any number of folders. A wildcard never takes
a first `.` or `_`: those names are bookkeeping (`_SUCCESS`, `.part.crc`), and only a pattern that spells them out gets
them.
"""

import re

EVERYTHING = "**"
_VISIBLE = r"(?![._])"
_FOLDERS = rf"(?:{_VISIBLE}[^/]+/)*"
_WILD = re.compile(r"[*?\[]")


def split_glob(path: str) -> tuple[str, str]:
    """The folder before the first wildcard, and the pattern below it; without a wildcard, the folder and the name."""
    names = path.split("/")
    wild = [place for place, name in enumerate(names) if _WILD.search(name)]
    cut = wild[0] if wild else len(names) - 1
    return "/".join(names[:cut]), "/".join(names[cut:])


def folders_of(glob: str) -> int:
    """How many folders deep below its base a file that matches can lie."""
    return 1 << 30 if EVERYTHING in glob.split("/") else glob.count("/")


def glob_regex(glob: str) -> re.Pattern[str]:
    """The regular expression that a whole relative path has to match. Raises ValueError for a bad `[...]`."""
    *folders, last = glob.split("/")
    parts = [_FOLDERS if name == EVERYTHING else f"{_name_regex(name)}/" for name in folders]
    parts.append(f"{_FOLDERS}{_VISIBLE}[^/]+" if last == EVERYTHING else _name_regex(last))
    try:
        return re.compile("".join(parts), re.S)
    except re.error:
        raise ValueError(f"found the glob {glob}, expected letters in order inside [...]; write [a-z]") from None


def _name_regex(name: str) -> str:
    pieces = re.findall(r"\*+|\?|\[[!^]?(?:\][^\]]*|[^\]]+)\]|.", name, re.S)
    regex = "".join(_piece_regex(piece) for piece in pieces)
    return _VISIBLE + regex if name[:1] in {"*", "?", "["} else regex


def _piece_regex(piece: str) -> str:
    if piece[0] == "*":
        return "[^/]*"
    if piece == "?":
        return "[^/]"
    if len(piece) == 1:
        return re.escape(piece)
    inside = re.sub(r"([\\\[&~|])", r"\\\1", piece[1:-1])  # what re reads, or will read, as more than itself
    inside = f"^{inside[1:]}" if inside[0] in "!^" else inside
    return f"(?!/)[{inside.replace(']', chr(92) + ']')}]"
