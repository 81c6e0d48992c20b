"""Characters as they are written where they cannot be printed."""


def escaped(character: str) -> str:
    """The escape that Python and most readers know, by the character's number: two, four or eight digits."""
    point = ord(character)
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
