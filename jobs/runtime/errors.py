"""The errors a user is meant to read: a sentence that says what was found, what was expected, and what to do. No
traceback is shown."""


class CorpusmillError(Exception):
    """Wrong settings, input or environment: the command ends before it changed anything."""

    exit_status = 2


class StageFailed(CorpusmillError):
    """A stage's rows were not committed; the tables are as they were before it."""

    exit_status = 1
