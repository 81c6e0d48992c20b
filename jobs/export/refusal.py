"""What the export says where it cannot do its work faithfully."""


class Refused(ValueError):
    """The checkpoint or the command cannot be used; the message is one sentence: found, expected, what to do."""
