"""Programs beside the lines they touch: of each call that counts a note at the first line that it changes."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate

from jobs.review.rendering import Reviewed
from udfs.programs.operations import DropDocument, Normalize, RemoveAll, RemoveLines, format_program
from udfs.text.edits import Edit


def notes_beside(text: str, programs: Sequence[Reviewed], edits: Sequence[Edit]) -> Mapping[int, list[str]]:
    """Notes by line, from 0, of the text that the programs are about; `edits` are what they came to. A note names the
    chunk and the call as it is written in canonical form."""
    starts = [0, *accumulate(len(line) + 1 for line in text.split("\n"))]
    found: dict[int, list[str]] = {}
    for program in programs:
        who = "document" if program.level == "document" else f"chunk {program.chunk}"
        for line, call in dict.fromkeys(_touched(text, starts, program, edits)):
            found.setdefault(line, []).append(f"{who}: {call}")
    return found


def _touched(text: str, starts: Sequence[int], program: Reviewed, edits: Sequence[Edit]) -> Iterator[tuple[int, str]]:
    first, last = max(program.first_line, 0), min(program.last_line, len(starts) - 2)
    counting = [verdict.call for verdict in program.verdicts if verdict.reason is None]
    sources: dict[str, str] = {}
    for call in counting:
        match call:
            case RemoveLines(begin, _):
                yield max(begin, first), format_program((call,))
            case RemoveAll() | DropDocument():
                yield min(first, max(last, 0)), format_program((call,))
            case Normalize(source, _):
                sources[source] = format_program((call,))
    begin, end = starts[first] if first < len(starts) else 0, starts[last + 1] if last >= 0 else 0
    for edit in edits if sources else ():
        if edit.reason == Normalize.names[0] and begin <= edit.start < end:
            here = [source for source in sources if text.startswith(source, edit.start)]
            if here:
                yield bisect_right(starts, edit.start) - 1, sources[max(here, key=len)]
