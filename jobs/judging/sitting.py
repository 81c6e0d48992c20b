"""A sitting: a person goes through a sample, document by document. What is asked, answered, and taken back; no HTTP."""

import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple

from jobs.judging.journal import Journal, Judgement, judgement_of
from jobs.judging.samples import DROP, KEEP, SKIP, Drawn, Sample

VERDICTS = (KEEP, DROP, SKIP)
SAID = {KEEP: "Kept", DROP: "Dropped", SKIP: "Skipped"}


class View(NamedTuple):
    """What is shown. `document` None: all are judged; `number` counts from 1 and names the document in answers."""

    number: int
    total: int
    document: Drawn | None
    can_undo: bool
    said: str  # about the last answer; empty before the first


class Sitting:
    """One person's way through a sample. Answers may come from several threads; each counts once."""

    def __init__(
        self, sample: Sample, judge: str, journal: Journal, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.sample, self.judge = sample, judge
        self.finished = threading.Event()
        self._journal, self._clock = journal, clock
        self._lock = threading.Lock()
        self._done: list[Judgement] = []
        self._said = ""
        self._shown_at: Mapping[int, float] = {}

    def view(self) -> View:
        """What is to be shown now. The clock of a document starts when it is first looked at."""
        with self._lock:
            return self._view()

    def _view(self) -> View:
        place, documents = len(self._done), self.sample.documents
        document = documents[place] if place < len(documents) else None
        if place not in self._shown_at:
            self._shown_at = {place: self._clock()}
        return View(place + 1, len(documents), document, bool(self._done), self._said)

    def answer(self, verdict: str, number: int) -> None:
        """Store a verdict on document `number`. An answer to a document that is not shown, as of a second tab or of a
        key that was pressed twice, changes nothing. Raises OSError where it cannot be stored; then it does not
        count."""
        with self._lock:
            view = self._view()
            if number != view.number or view.document is None:
                self._said = "That document was judged already; here is the next one."
                return
            seconds = max(self._clock() - self._shown_at[number - 1], 0.0)
            judgement = judgement_of(view.document, self.judge, verdict, seconds, self.sample.id, self.sample.design)
            self._journal.note(judgement)
            self._done.append(judgement)
            self._said = f"{SAID[verdict]}."

    def undo(self, number: int) -> None:
        """Take back the last verdict of this sitting, while document `number` is shown; its document is shown again."""
        with self._lock:
            if number == self._view().number and self._done:
                self._journal.take_back(self._done[-1])
                self._done.pop()
                self._said = "Taken back."

    def finish(self) -> None:
        """Say that the person is done."""
        self.finished.set()
